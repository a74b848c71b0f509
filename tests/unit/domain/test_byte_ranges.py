"""Range requests: one range is read as RFC 9110 section 14 says; all else is ignored, never misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.byte_ranges import ByteRange, UnsatisfiableRangeError, requested_range

TOTAL = 1000


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 500),
        ("bytes=500-999", 500, 1000),
        ("bytes=500-", 500, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=0-", 0, 1000),
        ("bytes=0-1000", 0, 1000),
        ("bytes=0-999999999999999999", 0, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-500", 500, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-999999999999999999", 0, 1000),
        ("bytes=007-0008", 7, 9),
        (" bytes=0-1\t", 0, 2),
        ("Bytes=0-1", 0, 2),
        ("BYTES=-1", 999, 1000),
    ],
)
def test_one_range_is_read(header: str, start: int, end: int) -> None:
    """RFC 9110 section 14.1.2; the name of the unit is read in any case (14.1)."""
    assert requested_range(header, total=TOTAL) == ByteRange(start=start, end=end)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1-+2",
        "bytes=0x1-0x2",
        "bytes=1.0-2",
        "bytes=1e1-20",
        "bytes=1 0-20",
        "bytes=10 -20",
        "bytes=10- 20",
        "bytes= 10-20",
        "bytes =10-20",
        "b y t e s=10-20",
        "bytes=10-20\n",
        "bytes=٠-١",
        "bytes=０-１",
        "bytes:0-1",
        "items=0-1",
        "0-1",
        "bytes=0-0,5-5",
        "bytes=0-0, -1",
        "bytes=,0-1",
        "bytes=500-499",
        "bytes=2000-1999",
        "bytes=1-0000000000000000000",
        "bytes=" + "9" * 19 + "-",
        "bytes=0-" + "9" * 5000,
        "bytes=-" + "9" * 5000,
    ],
)
def test_what_is_not_one_range_is_ignored(header: str | None) -> None:
    """Malformed, in another unit, several, or of numbers too long to be meant: the whole file is the safe answer."""
    assert requested_range(header, total=TOTAL) is None


@pytest.mark.parametrize(
    ("header", "total"),
    [("bytes=1000-", 1000), ("bytes=1000-1001", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-0", 0)],
)
def test_a_range_without_any_byte_cannot_be_answered(header: str, total: int) -> None:
    """416, with the length of the file."""
    with pytest.raises(UnsatisfiableRangeError) as refused:
        requested_range(header, total=total)
    assert refused.value.args == (total,)


def test_the_end_of_an_empty_file_is_the_whole_of_it() -> None:
    """RFC 9110 section 14.1.2 calls a non-empty suffix satisfiable, and no 206 can tell of no bytes."""
    assert requested_range("bytes=-1", total=0) is None


def model(first: int | None, last: int | None, total: int) -> list[int]:
    """The positions that are asked for, one by one, as the RFC describes them."""
    if first is None:
        assert last is not None
        return list(range(total))[-last:] if last else []
    return [at for at in range(total) if at >= first and (last is None or at <= last)]


@given(st.none() | st.integers(0, 60), st.none() | st.integers(0, 60), st.integers(0, 50))
def test_a_range_holds_exactly_the_bytes_asked_for(first: int | None, last: int | None, total: int) -> None:
    """Compared with a list of positions, for all small numbers."""
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        found = requested_range(header, total=total)
    except UnsatisfiableRangeError:
        assert model(first, last, total) == []
        return
    if found is None:
        is_backwards = first is not None and last is not None and last < first
        assert (first is None and last is None) or is_backwards or total == 0
        return
    assert list(range(found.start, found.end)) == model(first, last, total)
    assert found.length == found.end - found.start > 0


@given(st.text(max_size=40) | st.text("bytes=-0123456789, \t", max_size=40), st.integers(0, 10**18))
def test_no_header_breaks_the_reader(header: str, total: int) -> None:
    """Any text is a range inside the file, ignored, or unsatisfiable."""
    try:
        found = requested_range(header, total=total)
    except UnsatisfiableRangeError:
        return
    assert found is None or 0 <= found.start < found.end <= total
