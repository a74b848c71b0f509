"""Upload records: what is written is read, and what contradicts itself is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId
from shared.domain.ports import Json
from shared.domain.record_bodies import decode_body, encode_body
from shared.domain.threads import Sealed
from shared.domain.upload_rule import Progress, UploadedPart, UploadState
from shared.services.uploads import Upload, UploadRight

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "sealed or personal"
PARTS = st.builds(
    UploadedPart, block=st.text("0123456789abcdef-", min_size=1, max_size=27), length=st.integers(1, 8 * 1024 * 1024)
)


def an_upload(parts: tuple[UploadedPart, ...], missing: int = 0) -> Upload:
    """An upload that these parts have arrived of."""
    arrived = sum(part.length for part in parts)
    progress = Progress(
        state=UploadState.OPEN if missing else UploadState.FULL,
        length=arrived + missing,
        limit=10**15,
        parts=parts,
        expires_at=NOW,
    )
    return Upload(
        upload=UploadId("u"),
        organisation=OrganisationId("o"),
        thread=ThreadId("t"),
        message=MessageId("m"),
        file=FileId("f"),
        owner=SECRET,
        name=Sealed(SECRET),
        media_type=Sealed(SECRET),
        progress=progress,
        created_at=NOW,
    )


@given(st.lists(PARTS, max_size=5).map(tuple), st.integers(0, 10**12))
def test_what_is_written_is_read(parts: tuple[UploadedPart, ...], missing: int) -> None:
    """Through JSON; the offset follows the parts."""
    upload = an_upload(parts, missing)
    found = Upload.of(decode_body(encode_body(upload.body())))
    assert found == upload
    assert found.progress.offset == sum(part.length for part in parts)


@pytest.mark.parametrize(
    "damage",
    [
        {"state": "lost"},
        {"state": "deferred"},  # although its length is known
        {"length": None},  # although it is not deferred
        {"length": None, "state": "deferred", "limit": 4},  # less than has arrived
        {"length": None, "state": "deferred", "limit": None},
        {"right": "x"},
        {"right": {"token_hash": "x", "session": "x"}},
        {"state": "open"},  # although all has arrived
        {"length": 4},  # less than has arrived
        {"length": 6},  # more, and yet full
        {"length": "5"},
        {"length": -1},
        {"parts": "000000-ab:5"},
        {"parts": ["000000-ab"]},
        {"parts": ["000000-ab:"]},
        {"parts": [":5"]},
        {"parts": ["000000-ab:-5"]},
        {"parts": ["000000-ab:05"]},
        {"parts": ["000000-ab:5:5"]},
        {"parts": ["000000-ab:٥"]},
        {"parts": ["000000-ab:5\n"]},
        {"parts": ["../x:5"]},
        {"parts": ["000000-ab:" + "9" * 5000]},
        {"parts": [5]},
        {"expires_at": None},
        {"owner": None},
        {"file": 7},
    ],
)
def test_a_record_that_contradicts_itself_is_refused(damage: dict[str, Json]) -> None:
    """Its offset decides which bytes are taken next, and its parts what the file is made of."""
    whole = an_upload((UploadedPart(block="000000-ab", length=5),)).body()
    Upload.of(whole)
    with pytest.raises(IntegrityError) as refused:
        Upload.of({**whole, **damage})
    assert SECRET not in str(refused.value)


@given(st.lists(PARTS, max_size=5).map(tuple), st.booleans())
def test_a_length_that_is_not_told_and_a_right_are_kept(
    parts: tuple[UploadedPart, ...],
    has_right: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    """Both may be missing, and what is there is read as it was written."""
    known = an_upload(parts, 1)
    right = UploadRight(token_hash=SECRET, session=SECRET, until=NOW) if has_right else None
    progress = replace(known.progress, length=None, state=UploadState.DEFERRED)
    upload = replace(known, progress=progress, right=right)
    assert Upload.of(decode_body(encode_body(upload.body()))) == upload
    assert SECRET not in repr(upload)


def test_a_record_of_a_version_without_limits_reads() -> None:
    """Its length was the limit, and nobody has a token for it."""
    body = dict(an_upload((UploadedPart(block="000000-ab", length=5),), 2).body())
    del body["limit"], body["right"]
    found = Upload.of(body)
    assert (found.progress.limit, found.right) == (7, None)


def test_repr_shows_nothing_sealed_or_personal() -> None:
    """A traceback prints it."""
    assert SECRET not in repr(an_upload(()))
