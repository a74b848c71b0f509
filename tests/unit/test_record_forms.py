"""Bodies as bytes, and as properties of an entity: what does not fit or was damaged is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.entity_bodies import (
    LARGEST_ENTITY_BYTES,
    LARGEST_PROPERTY_BYTES,
    PLAIN_BYTES,
    entity_bytes,
    from_properties,
    to_properties,
)
from shared.domain.errors import IntegrityError
from shared.domain.ports import MAX_BODY_BYTES
from shared.domain.record_bodies import decode_body, encode_body

LONGEST_KEY = "k" * 255


@given(st.integers(0, MAX_BODY_BYTES))
@example(0)
@example(LARGEST_PROPERTY_BYTES)
@example(PLAIN_BYTES)
@example(PLAIN_BYTES + 1)
@example(MAX_BODY_BYTES)
def test_every_length_fits_into_an_entity_and_comes_back(size_bytes: int) -> None:
    """No property over 64 KiB, no entity over 1 MiB, whatever the length."""
    encoded = (bytes(range(0x20, 0x80)) * (size_bytes // 96 + 1))[:size_bytes]
    properties = to_properties(encoded)
    assert all(len(piece) <= LARGEST_PROPERTY_BYTES for piece in properties.values() if isinstance(piece, bytes))
    assert entity_bytes(LONGEST_KEY, LONGEST_KEY, {**properties, "write": "w" * 12}) <= LARGEST_ENTITY_BYTES
    if size_bytes:
        assert from_properties(properties) == encoded


def test_an_entity_is_measured_as_azure_bills_it() -> None:
    """By hand: 4, keys 2 * (1 + 2), timestamp 8 + 18 + 8, text 8 + 2 + 4 + 6, bytes 8 + 4 + 4 + 5, fact 8 + 2 + 1."""
    properties: dict[str, bytes | bool | str] = {"t": "abc", "by": b"12345", "f": True}
    assert entity_bytes("p", "rr", properties) == 4 + 6 + 34 + 20 + 21 + 11


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"body00": "text"},
        {"packed": True, "body00": b"\xff\xff"},
        {"packed": True, "body00": to_properties(b"x" * MAX_BODY_BYTES)["body00"]},
        {"packed": True, **to_properties(b"x" * MAX_BODY_BYTES), "body00": b""},
    ],
    ids=["empty", "text", "not packed", "cut", "first piece lost"],
)
def test_a_damaged_entity_is_never_read_as_something_else(properties: dict[str, object]) -> None:
    """Half a body must not pass for a body."""
    with pytest.raises(IntegrityError):
        from_properties(properties)


@pytest.mark.parametrize("encoded", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_body_are_refused(encoded: bytes) -> None:
    """A record that does not hold what its writer put there is damaged."""
    with pytest.raises(IntegrityError):
        decode_body(encoded)


def test_a_body_is_compact_utf8() -> None:
    """Size counts against limits and costs; escapes would take up to six times as much."""
    assert encode_body({"å": [1, "ö"], "n": None}) == '{"å":[1,"ö"],"n":null}'.encode()


def test_what_is_not_json_is_a_slip_of_ours() -> None:
    """Bytes and dates have to be given a form by whoever writes them."""
    with pytest.raises(TypeError):
        encode_body({"bytes": b"x"})
