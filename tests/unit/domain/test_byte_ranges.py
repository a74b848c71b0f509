"""Range requests: ranges are read as RFC 9110 section 14 says; all else is ignored, never misread."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.byte_ranges import (
    JOINED_GAP_BYTES,
    MAX_RANGES,
    ByteRange,
    UnsatisfiableRangeError,
    requested_ranges,
)

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
        ("bytes= 10-20", 10, 21),
        ("bytes=,0-1", 0, 2),
        ("bytes=0-1, ,\t,", 0, 2),
    ],
)
def test_one_range_is_read(header: str, start: int, end: int) -> None:
    """RFC 9110 section 14.1.2; the name of the unit is read in any case (14.1)."""
    assert requested_ranges(header, total=TOTAL) == (ByteRange(start=start, end=end),)


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
        "bytes =10-20",
        "b y t e s=10-20",
        "bytes=10-20\n",
        "bytes=٠-١",
        "bytes=０-１",
        "bytes:0-1",
        "items=0-1",
        "0-1",
        "bytes=,",
        "bytes=0-0;5-5",
        "bytes=0-0,5-4",
        "bytes=0-0,x",
        "bytes=0-0,-",
        "bytes=0-0,bytes=5-5",
        "bytes=0-0, bytes=5-5",
        "bytes=" + ",".join(f"{n}000-{n}001" for n in range(MAX_RANGES + 1)),
        "bytes=" + "," * MAX_RANGES + "0-0",
        "bytes=" + "0-," * 5000,
        "bytes=500-499",
        "bytes=2000-1999",
        "bytes=1-0000000000000000000",
        "bytes=" + "9" * 19 + "-",
        "bytes=0-" + "9" * 5000,
        "bytes=-" + "9" * 5000,
    ],
)
def test_what_is_no_range_is_ignored(header: str | None) -> None:
    """Malformed anywhere, in another unit, too many, or of numbers too long to be meant: the whole file is safe."""
    assert requested_ranges(header, total=TOTAL) == ()


@pytest.mark.parametrize(
    ("header", "total"),
    [
        ("bytes=1000-", 1000),
        ("bytes=1000-1001", 1000),
        ("bytes=-0", 1000),
        ("bytes=1000-,-0", 1000),
        ("bytes=0-", 0),
        ("bytes=-0", 0),
    ],
)
def test_a_range_without_any_byte_cannot_be_answered(header: str, total: int) -> None:
    """416, with the length of the file."""
    with pytest.raises(UnsatisfiableRangeError) as refused:
        requested_ranges(header, total=total)
    assert refused.value.args == (total,)


def test_the_end_of_an_empty_file_is_the_whole_of_it() -> None:
    """RFC 9110 section 14.1.2 calls a non-empty suffix satisfiable, and no 206 can tell of no bytes."""
    assert requested_ranges("bytes=-1", total=0) == ()
    assert requested_ranges("bytes=0-0,-1", total=0) == ()


FAR = 10_000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0,5000-5000", [(0, 1), (5000, 5001)]),
        ("bytes=5000-5000 ,\t0-0", [(5000, 5001), (0, 1)]),
        ("bytes=0-0,-1", [(0, 1), (FAR - 1, FAR)]),
        ("bytes=0-0,20000-", [(0, 1)]),
        ("bytes=0-0,-0", [(0, 1)]),
        ("bytes=0-99,50-149", [(0, 150)]),
        ("bytes=0-9,0-9,0-9", [(0, 10)]),
        ("bytes=0-,0-,0-", [(0, FAR)]),
        ("bytes=100-199,0-99", [(0, 200)]),
        ("bytes=9000-9000,0-9,5000-5000,9001-9001", [(9000, 9002), (0, 10), (5000, 5001)]),
        (f"bytes=0-0,{1 + JOINED_GAP_BYTES}-{1 + JOINED_GAP_BYTES}", [(0, 2 + JOINED_GAP_BYTES)]),
        (f"bytes=0-0,{2 + JOINED_GAP_BYTES}-{2 + JOINED_GAP_BYTES}", [(0, 1), (258, 259)]),
    ],
)
def test_several_ranges_come_once_each_in_their_order(header: str, expected: list[tuple[int, int]]) -> None:
    """RFC 9110 section 15.3.7.2: what overlaps or lies near is joined, what is past the end is left out."""
    assert [(one.start, one.end) for one in requested_ranges(header, total=FAR)] == expected


POSITION = st.integers(0, 3000)
SPEC = st.tuples(POSITION, POSITION).map(lambda pair: f"{min(pair)}-{max(pair)}") | POSITION.map(lambda n: f"-{n}")


@given(st.lists(SPEC, min_size=1, max_size=MAX_RANGES), st.integers(0, 3000))
def test_ranges_hold_what_was_asked_for_and_never_a_byte_twice(specs: list[str], total: int) -> None:
    """However many overlap, no more leaves than the file is long: nobody multiplies what is read."""
    asked: set[int] = set()
    for spec in specs:
        first, _, last = spec.partition("-")
        asked.update(model(int(first) if first else None, int(last), total))
    try:
        found = requested_ranges(f"bytes={','.join(specs)}", total=total)
    except UnsatisfiableRangeError:
        assert not asked
        return
    given_out = [at for one in found for at in range(one.start, one.end)]
    assert len(given_out) == len(set(given_out)) <= total
    assert asked <= set(given_out)
    between = len(given_out) - len(asked)
    assert between <= JOINED_GAP_BYTES * (len(specs) - 1)


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
        ranges = requested_ranges(header, total=total)
    except UnsatisfiableRangeError:
        assert model(first, last, total) == []
        return
    if not ranges:
        is_backwards = first is not None and last is not None and last < first
        assert (first is None and last is None) or is_backwards or total == 0
        return
    (found,) = ranges
    assert list(range(found.start, found.end)) == model(first, last, total)
    assert found.length == found.end - found.start > 0


ANYTHING = st.text(max_size=40) | st.text("bytes=-0123456789, \t", max_size=60)


@given(ANYTHING | ANYTHING.map(lambda text: f"bytes={text}"), st.integers(0, 10**18))
def test_no_header_breaks_the_reader(header: str, total: int) -> None:
    """Any text is some ranges inside the file that do not meet, ignored, or unsatisfiable."""
    try:
        found = requested_ranges(header, total=total)
    except UnsatisfiableRangeError:
        return
    assert len(found) <= MAX_RANGES
    ordered = sorted(found, key=lambda one: one.start)
    assert all(0 <= one.start < one.end <= total for one in ordered)
    assert all(one.end < other.start for one, other in itertools.pairwise(ordered))
