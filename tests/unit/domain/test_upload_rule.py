"""The rule of resumable uploads: bytes are taken at the stored offset, up to the declared length, until the end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from shared.domain.manifest import MAX_PARTS, PART_BYTES, Manifest
from shared.domain.upload_rule import Progress, UploadedPart, UploadState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=7)


def progress(length: int, *lengths: int, state: UploadState = UploadState.OPEN) -> Progress:
    """An upload of ``length`` bytes with these parts."""
    return Progress(state=state, length=length, parts=parts(*lengths), expires_at=END)


def parts(*lengths: int) -> tuple[UploadedPart, ...]:
    return tuple(UploadedPart(block=f"{number:06d}", length=length) for number, length in enumerate(lengths))


@pytest.mark.parametrize(
    ("length", "arrived", "offset", "declared", "missing"),
    [
        (10, (), 0, 10, 10),
        (10, (), 0, 3, 10),
        (10, (), 0, 0, 10),
        (10, (), 0, None, 10),
        (10, (4, 3), 7, 3, 3),
        (10, (10,), 10, 0, 0),
        (10, (10,), 10, None, 0),
        (0, (), 0, 0, 0),
    ],
)
def test_bytes_may_follow_at_the_stored_offset(
    length: int, arrived: tuple[int, ...], offset: int, declared: int | None, missing: int
) -> None:
    """The answer is how many, never what the request announced."""
    found = progress(length, *arrived).begin_append(offset=offset, declared_bytes=declared, now=NOW)
    assert found == missing


@pytest.mark.parametrize(
    ("arrived", "offset"), [((), 1), ((), -1), ((4,), 0), ((4,), 3), ((4,), 5), ((4,), 10), ((10,), 0), ((10,), 11)]
)
def test_any_other_offset_is_a_conflict(arrived: tuple[int, ...], offset: int) -> None:
    """A 409 by tus 1.0 (PATCH). Neither a gap nor a second copy of what is there."""
    with pytest.raises(ConflictError):
        progress(10, *arrived).begin_append(offset=offset, declared_bytes=None, now=NOW)


@pytest.mark.parametrize(("arrived", "declared"), [((), 11), ((4,), 7), ((10,), 1), ((), 10**18)])
def test_more_than_is_missing_is_refused_before_it_is_read(arrived: tuple[int, ...], declared: int) -> None:
    """The error names the declared length, which the sender knows."""
    found = progress(10, *arrived)
    with pytest.raises(TooLargeError) as refused:
        found.begin_append(offset=found.offset, declared_bytes=declared, now=NOW)
    assert refused.value.limit_bytes == 10


@pytest.mark.parametrize(
    ("now", "is_alive"), [(END - timedelta(microseconds=1), True), (END, False), (END + timedelta(days=1), False)]
)
def test_an_upload_ends_at_its_instant(now: datetime, *, is_alive: bool) -> None:
    """At the instant itself it has ended, and looks as if it had never been."""
    if is_alive:
        assert progress(10).begin_append(offset=0, declared_bytes=None, now=now) == 10
    else:
        with pytest.raises(NotFoundError):
            progress(10).begin_append(offset=0, declared_bytes=None, now=now)


@pytest.mark.parametrize("missing", [1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 1])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_an_upload_in_crumbs_comes_to_an_end(missing: int, left: int) -> None:
    """As soon as the rest could not come in the parts that are left: told by its rule, before a byte of it is read.

    What is let in therefore never makes too many parts, whatever the request is like.
    """
    arrived = MAX_PARTS - left
    crumbs = progress(arrived + missing, *[1] * arrived)
    if missing <= left * PART_BYTES:
        assert crumbs.begin_append(offset=arrived, declared_bytes=None, now=NOW) == missing
    else:
        with pytest.raises(InvalidInputError) as refused:
            crumbs.begin_append(offset=arrived, declared_bytes=1, now=NOW)
        assert refused.value.rule == "upload-parts"


def test_an_upload_of_as_many_parts_as_may_be_is_whole() -> None:
    """Its last request may be repeated, and its manifest holds all of them."""
    full = progress(MAX_PARTS, *[1] * MAX_PARTS)
    assert full.begin_append(offset=MAX_PARTS, declared_bytes=0, now=NOW) == 0
    Manifest(name="a", media_type="a/b", part_lengths=(1,) * MAX_PARTS, total_length=MAX_PARTS, sha256=bytes(32))


@pytest.mark.parametrize(
    ("arrived", "more", "state"),
    [((), (), "open"), ((), (9,), "open"), ((), (10,), "full"), ((4,), (3, 3), "full"), ((4,), (), "open")],
)
def test_an_upload_is_full_when_all_has_arrived(arrived: tuple[int, ...], more: tuple[int, ...], state: str) -> None:
    """And not one byte earlier."""
    assert progress(10, *arrived).appended(parts(*more)).state.value == state


def test_parts_past_the_end_are_refused() -> None:
    """Whatever read the body too far, the record does not take it."""
    with pytest.raises(TooLargeError):
        progress(10, 8).appended(parts(3))


def test_a_stored_upload_stays_stored() -> None:
    """A repeated last request that brings nothing changes nothing."""
    assert progress(10, 10, state=UploadState.STORED).appended(()).state is UploadState.STORED


@given(st.lists(st.integers(1, 50), min_size=1), st.data())
def test_any_split_ends_whole_and_only_then(lengths: list[int], data: st.DataObject) -> None:
    """Whatever parts an upload comes in, offset and state follow the sum."""
    total = sum(lengths)
    upload = progress(total)
    while lengths:
        taken = data.draw(st.integers(1, len(lengths)))
        assert upload.begin_append(offset=upload.offset, declared_bytes=None, now=NOW) == total - upload.offset
        assert upload.state is UploadState.OPEN
        upload = upload.appended(parts(*lengths[:taken]))
        del lengths[:taken]
    assert upload.state is UploadState.FULL
    assert upload.offset == total
