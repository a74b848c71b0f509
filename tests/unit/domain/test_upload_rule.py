"""How far an upload is: the transition table, entry by entry, and the sum of what arrived."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import ConflictError, TooLargeError
from shared.domain.upload_rule import (
    UPLOAD_STEPS,
    Progress,
    UploadedPart,
    UploadState,
    UploadStep,
    next_upload_state,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=7)
LIMIT = 1000


def progress(length: int | None, *lengths: int) -> Progress:
    """An upload of ``length`` bytes with these parts."""
    return Progress.begun(length=length, limit=LIMIT, expires_at=END).appended(parts(*lengths))


def parts(*lengths: int) -> tuple[UploadedPart, ...]:
    return tuple(UploadedPart(block=f"{number:06d}", length=length) for number, length in enumerate(lengths))


@pytest.mark.parametrize(("state", "step"), list(product(UploadState, UploadStep)))
def test_a_step_that_is_not_in_the_table_is_a_conflict(state: UploadState, step: UploadStep) -> None:
    """Every pair, so that a new state or step has to be thought of."""
    allowed = {
        "deferred": {"learn-length": "open", "grow": "deferred"},
        "open": {"grow": "open", "fill": "full"},
        "full": {"grow": "full", "store": "stored"},
        "stored": {"grow": "stored", "store": "stored"},
    }
    after = allowed[state.value].get(step.value)
    if after is None:
        assert (state, step) not in UPLOAD_STEPS
        with pytest.raises(ConflictError):
            next_upload_state(state, step)
    else:
        assert next_upload_state(state, step).value == after


@pytest.mark.parametrize(
    ("length", "state"), [(None, UploadState.DEFERRED), (0, UploadState.FULL), (1, UploadState.OPEN)]
)
def test_an_upload_begins_as_its_length_says(length: int | None, state: UploadState) -> None:
    """An empty file has all its bytes; one whose length is not told has never."""
    assert progress(length).state is state


@pytest.mark.parametrize(
    ("arrived", "more", "state"),
    [((), (), "open"), ((), (9,), "open"), ((), (10,), "full"), ((4,), (3, 3), "full"), ((4,), (), "open")],
)
def test_an_upload_is_full_when_all_has_arrived(arrived: tuple[int, ...], more: tuple[int, ...], state: str) -> None:
    """And not one byte earlier."""
    assert progress(10, *arrived).appended(parts(*more)).state.value == state


@pytest.mark.parametrize(("length", "bound"), [(10, 10), (None, LIMIT)])
def test_parts_past_the_bound_are_refused(length: int | None, bound: int) -> None:
    """Whatever read the body too far, the record does not take it."""
    assert progress(length, bound).offset == bound
    with pytest.raises(TooLargeError) as refused:
        progress(length, bound - 2).appended(parts(3))
    assert refused.value.limit_bytes == bound


def test_a_length_is_told_once() -> None:
    """From then on it is the bound, and the upload can become full."""
    told = progress(None, 4).told(4)
    assert (told.state, told.size, told.is_whole) == (UploadState.OPEN, 4, False)
    assert told.appended(()).state is UploadState.FULL
    for known in (told, told.appended(()), told.appended(()).stored()):
        with pytest.raises(ConflictError):
            known.told(4)
    with pytest.raises(ConflictError):
        _ = progress(None, 4).size


def test_a_stored_upload_stays_stored() -> None:
    """A repeated last request that brings nothing changes nothing."""
    assert progress(10, 10).stored().appended(()).state is UploadState.STORED


@pytest.mark.parametrize("length", [None, 10])
def test_an_upload_with_bytes_missing_is_not_stored(length: int | None) -> None:
    """Whoever asks for it made a mistake."""
    with pytest.raises(ConflictError):
        progress(length, 9).stored()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.data())
def test_any_split_ends_whole_and_only_then(lengths: list[int], data: st.DataObject) -> None:
    """Whatever parts an upload comes in, and whenever its length is told, offset and state follow the sum."""
    total = sum(lengths)
    told_at = data.draw(st.integers(0, len(lengths)))
    upload = Progress.begun(length=None, limit=total, expires_at=END)
    for number, length in enumerate(lengths):
        if number == told_at:
            upload = upload.told(total)
        assert not upload.is_whole
        upload = upload.appended(parts(length))
    if told_at == len(lengths):
        assert upload.state is UploadState.DEFERRED
        upload = upload.told(total).appended(())
    assert upload.state is UploadState.FULL
    assert upload.offset == total
