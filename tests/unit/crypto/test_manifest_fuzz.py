"""Whatever stands in a manifest that verifies, it is read in its one spelling or refused: even an own key may lie."""

import json
import secrets
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.crypto import envelopes
from shared.crypto.boxes import derived_key, seal_box
from shared.crypto.contexts import manifest_context
from shared.crypto.data_keys import new_data_key
from shared.crypto.manifests import seal_manifest, unseal_manifest
from shared.domain.errors import IntegrityError
from shared.domain.manifest import Manifest

DATA_KEY = new_data_key(secrets.token_bytes)
PLACE = {"organisation": "org", "thread": "thread", "file": "file"}
GOOD: dict[str, Any] = {
    "media_type": "application/pdf",
    "name": "beslut.pdf",
    "part_lengths": [5, 6],
    "sha256": "0" * 64,
    "total_length": 11,
}


def sealed(plaintext: bytes) -> str:
    """``plaintext`` as a manifest that verifies, whatever it says."""
    context = manifest_context(**PLACE)
    return envelopes.write("m1", seal_box(derived_key(DATA_KEY, context), plaintext, context, secrets.token_bytes))


def read(plaintext: bytes) -> Manifest | None:
    """What comes out, None when it is refused. Anything else than ``IntegrityError`` fails the test."""
    try:
        return unseal_manifest(DATA_KEY, sealed(plaintext), **PLACE)
    except IntegrityError:
        return None


def encoded(members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(errors="surrogatepass")


def is_whole(manifest: Manifest) -> bool:
    return sum(manifest.part_lengths) == manifest.total_length and all(n > 0 for n in manifest.part_lengths)


def test_the_good_one_is_read() -> None:
    """So that what is refused below is refused for its fault."""
    found = read(encoded(GOOD))
    assert found is not None
    assert (found.name, found.part_lengths) == ("beslut.pdf", (5, 6))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(plaintext: bytes) -> None:
    """No bytes crash the reader."""
    assert read(plaintext) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([5, 6, 11, "0" * 64]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*GOOD, "more"]), JSON, max_size=6))
def test_any_members_are_read_whole_or_refused(changes: dict[str, object]) -> None:
    """One member or several of another kind, or more of them: what is read is what a manifest may be."""
    found = read(encoded({**GOOD, **changes}))
    if found is not None:
        assert is_whole(found)
        assert "more" not in changes


@given(st.data())
def test_a_changed_byte_is_refused_or_read_as_it_stands(data: st.DataObject) -> None:
    """A second spelling of the same manifest does not exist."""
    plaintext = bytearray(encoded(GOOD))
    at = data.draw(st.integers(0, len(plaintext) - 1))
    plaintext[at] = data.draw(st.integers(0, 255))
    found = read(bytes(plaintext))
    if found is not None:
        again = seal_manifest(DATA_KEY, found, **PLACE, random=secrets.token_bytes)
        assert unseal_manifest(DATA_KEY, again, **PLACE) == found
        assert (
            encoded({**GOOD, "name": found.name, "media_type": found.media_type, "sha256": found.sha256.hex()})
            == plaintext
        )


@pytest.mark.parametrize(
    "plaintext",
    [
        encoded(GOOD) + b" ",
        b" " + encoded(GOOD),
        b"\xef\xbb\xbf" + encoded(GOOD),
        encoded(GOOD).replace(b"11", b"11.0"),
        encoded(GOOD).replace(b"11", b"1.1e1"),
        encoded(GOOD).replace(b"11", b"011"),
        encoded(GOOD).replace(b'"name"', b'"n\\u0061me"'),
        encoded(GOOD).replace(b"{", b'{"name":"x",', 1),
        encoded(GOOD).replace(b"[5,6]", b"[true,10]"),
        encoded(GOOD).replace(b"[5,6]", b"[5,6,0]"),
        encoded(GOOD).replace(b"[5,6]", b"[12,-1]"),
        encoded(GOOD).replace(b"[5,6]", b"[5,7]"),
        encoded(GOOD).replace(b"beslut.pdf", b"../beslut.pdf"),
        encoded(GOOD).replace(b"beslut.pdf", "a\u030a.pdf".encode()),
        encoded(GOOD).replace(b"0" * 64, b"A" * 64),
        b"[" * 5000,
        b'{"name":' * 2000,
        encoded(GOOD).replace(b"11", b"1" * 5000),
    ],
    ids=lambda plaintext: f"{plaintext[:24]!r}-{len(plaintext)}",
)
def test_another_spelling_is_refused(plaintext: bytes) -> None:
    """Spaces, escapes, doubled members, numbers of another kind, sums that are wrong, depth without end."""
    assert read(plaintext) is None
