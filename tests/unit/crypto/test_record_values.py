"""Keys, fields, manifests and texts in records: round trips, limits, and what is never shown."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.crypto.boxes import derived_key, seal_box, unseal_box
from shared.crypto.contexts import data_key_context, field_context
from shared.crypto.data_keys import new_data_key, unwrap_data_key, wrap_data_key, wrapped_key_version
from shared.crypto.envelopes import write_versioned
from shared.crypto.fields import MAX_FIELD_BYTES, seal_field, sealed_field_key_version, unseal_field
from shared.crypto.manifests import seal_manifest, unseal_manifest
from shared.crypto.organisation_keys import OrganisationKey, new_organisation_key
from shared.crypto.texts import MAX_INLINE_TEXT_BYTES, seal_text, unseal_text
from shared.domain.errors import IntegrityError, InvalidInputError, TooLargeError
from shared.domain.manifest import MAX_PARTS, PART_BYTES, Manifest

KEY = new_organisation_key("org", 4, secrets.token_bytes)
DATA_KEY = new_data_key(secrets.token_bytes)
PLACE = {"organisation": "org", "thread": "thread", "file": "file"}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


def manifest(name: str = "beslut.pdf", lengths: tuple[int, ...] = (5, 6)) -> Manifest:
    return Manifest(
        name=name,
        media_type="application/pdf",
        part_lengths=lengths,
        total_length=sum(lengths),
        sha256=bytes(32),
    )


def sealed_field(text: str) -> str:
    return seal_field(KEY, text, partition="thread|t", id="thread", field="subject", random=secrets.token_bytes)


WRAPPED = wrap_data_key(KEY, DATA_KEY, thread="t", file="f", random=secrets.token_bytes)
SEALED_MANIFEST = seal_manifest(DATA_KEY, manifest(), **PLACE, random=secrets.token_bytes)
SEALED_FIELD = sealed_field("x")


@given(text=TEXTS)
@settings(deadline=None)
def test_any_text_survives_a_field_and_a_message(text: str) -> None:
    """Names and messages are Unicode; nothing is normalised on the way."""
    assert text == unseal_field(KEY, sealed_field(text), partition="thread|t", id="thread", field="subject")
    sealed = seal_text(DATA_KEY, text, organisation="org", thread="t", message="m")
    assert text == unseal_text(DATA_KEY, sealed, organisation="org", thread="t", message="m")


@given(data=st.data())
@settings(deadline=None)
def test_a_changed_character_of_a_sealed_text_is_refused(data: st.DataObject) -> None:
    """Label, version and payload are all bound; no character is free."""
    alphabet = "ABCXYZabcxyz0189-_.=+/ \n"

    def changed(text: str) -> str:
        at = data.draw(st.integers(0, len(text) - 1))
        letter = data.draw(st.sampled_from(alphabet).filter(lambda c: c != text[at]))
        return text[:at] + letter + text[at + 1 :]

    with pytest.raises(IntegrityError):
        unwrap_data_key(KEY, changed(WRAPPED), thread="t", file="f")
    with pytest.raises(IntegrityError):
        unseal_manifest(DATA_KEY, changed(SEALED_MANIFEST), **PLACE)
    with pytest.raises(IntegrityError):
        unseal_field(KEY, changed(SEALED_FIELD), partition="thread|t", id="thread", field="subject")


def test_the_key_version_can_be_read_before_unsealing() -> None:
    """A reader has to know which organisation key to ask the vault for."""
    wrapped = wrap_data_key(KEY, DATA_KEY, thread="t", file="f", random=secrets.token_bytes)
    assert wrapped_key_version(wrapped) == 4
    assert sealed_field_key_version(sealed_field("x")) == 4
    for strange in ("", "k1", "k1.", "k1.x.AAAA", "k1.4", "f1.4.", "k1.99999999999.AAAA"):
        with pytest.raises(IntegrityError):
            wrapped_key_version(strange)
        with pytest.raises(IntegrityError):
            sealed_field_key_version(strange)


def test_a_value_that_names_another_version_than_its_key_is_refused() -> None:
    """Even one that verifies: label and key must agree, or a rotated key would live on under a new number."""
    wrapped = seal_box(KEY.wrapping_key, DATA_KEY, data_key_context("org", "t", "f", 5), secrets.token_bytes)
    with pytest.raises(IntegrityError):
        unwrap_data_key(KEY, write_versioned("k1", 5, wrapped), thread="t", file="f")
    field = seal_box(KEY.field_key, b"x", field_context("org", "p", "i", "name", 5), secrets.token_bytes)
    with pytest.raises(IntegrityError):
        unseal_field(KEY, write_versioned("f1", 5, field), partition="p", id="i", field="name")


def test_the_same_value_is_never_sealed_alike() -> None:
    """Equal names must not be recognisable in the records, and no nonce comes twice."""
    assert len({sealed_field("Tolvan") for _ in range(50)}) == 50
    again = {seal_manifest(DATA_KEY, manifest(), **PLACE, random=secrets.token_bytes) for _ in range(50)}
    assert len(again) == 50


def test_organisations_and_versions_have_separate_keys() -> None:
    """One secret under two names yields nothing in common; wrapping and fields have nonce budgets of their own."""
    secret = bytes(32)
    keys = [OrganisationKey("a", 1, secret), OrganisationKey("a", 2, secret), OrganisationKey("b", 1, secret)]
    derived = {k.wrapping_key for k in keys} | {k.field_key for k in keys} | {secret}
    assert len(derived) == 7
    assert len({key.confirmation() for key in keys}) == 3


def test_keys_and_names_are_not_shown() -> None:
    """A log line or a traceback with locals must not give a key or a file name away."""
    shown = repr(KEY) + repr(manifest("hemligt.pdf"))
    assert "hemligt" not in shown
    for secret in (KEY.secret, KEY.wrapping_key, KEY.field_key):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    assert repr(KEY) == "OrganisationKey(organisation='org', version=4)"


def test_a_strange_confirmation_is_refused_like_a_wrong_one() -> None:
    """Records are input: what is no ASCII must not raise something else."""
    KEY.confirm(KEY.confirmation())
    for strange in ("å", "\ud800", "0" * 64):
        with pytest.raises(IntegrityError):
            KEY.confirm(strange)


def test_limits_are_met_to_the_byte() -> None:
    """The limit is bytes of UTF-8, not characters."""
    assert sealed_field("å" * (MAX_FIELD_BYTES // 2))
    with pytest.raises(TooLargeError) as field:
        sealed_field("å" * (MAX_FIELD_BYTES // 2) + "a")
    assert field.value.limit_bytes == MAX_FIELD_BYTES
    place = {"organisation": "org", "thread": "t", "message": "m"}
    assert seal_text(DATA_KEY, "å" * (MAX_INLINE_TEXT_BYTES // 2), **place)
    with pytest.raises(TooLargeError) as text:
        seal_text(DATA_KEY, "å" * (MAX_INLINE_TEXT_BYTES // 2) + "a", **place)
    assert text.value.limit_bytes == MAX_INLINE_TEXT_BYTES


def test_half_a_surrogate_pair_is_the_fault_of_the_input() -> None:
    """JSON can carry one; it must end as a refused input and not as a crash."""
    with pytest.raises(InvalidInputError):
        sealed_field("\ud800")
    with pytest.raises(InvalidInputError):
        seal_text(DATA_KEY, "\udfff", organisation="org", thread="t", message="m")


def test_keys_of_another_length_are_mistakes_of_the_caller() -> None:
    """A short key must never be stretched or accepted in silence."""
    with pytest.raises(ValueError, match="length"):
        wrap_data_key(KEY, bytes(16), thread="t", file="f", random=secrets.token_bytes)
    with pytest.raises(ValueError, match="length"):
        OrganisationKey("org", 1, bytes(31))
    with pytest.raises(ValueError, match="length"):
        seal_box(bytes(16), b"", b"", secrets.token_bytes)
    with pytest.raises(ValueError, match="length"):
        seal_box(bytes(32), b"", b"", lambda n: bytes(n - 1))
    with pytest.raises(ValueError, match="length"):
        unseal_box(bytes(16), bytes(28), b"")
    with pytest.raises(ValueError, match="length"):
        derived_key(bytes(16), b"")


@given(
    name=st.sampled_from(["a", "åäö 👋.txt", "a b (1).tar.gz", "x" * 255]),
    lengths=st.lists(st.integers(1, PART_BYTES), max_size=30),
)
@settings(deadline=None)
def test_any_manifest_survives(name: str, lengths: list[int]) -> None:
    """What was sealed is what the reader goes by."""
    given_manifest = manifest(name, tuple(lengths))
    sealed = seal_manifest(DATA_KEY, given_manifest, **PLACE, random=secrets.token_bytes)
    assert given_manifest == unseal_manifest(DATA_KEY, sealed, **PLACE)


@pytest.mark.parametrize("lengths", [(0,), (-1, 1), (PART_BYTES + 1,), (1,) * (MAX_PARTS + 1)])
def test_a_manifest_of_impossible_parts_cannot_be_made(lengths: tuple[int, ...]) -> None:
    """An empty part or one too large is never written, so a reader may refuse it."""
    with pytest.raises(ValueError, match="parts"):
        manifest(lengths=lengths)


def test_a_manifest_that_contradicts_itself_cannot_be_made() -> None:
    """Total and digest are what a reader checks against."""
    with pytest.raises(ValueError, match="total"):
        Manifest(name="a", media_type="a/b", part_lengths=(1,), total_length=2, sha256=bytes(32))
    with pytest.raises(ValueError, match="total"):
        Manifest(name="a", media_type="a/b", part_lengths=(1,), total_length=1, sha256=bytes(31))
    with pytest.raises(ValueError, match="form"):
        Manifest(name="a", media_type="A/b", part_lengths=(1,), total_length=1, sha256=bytes(32))
    with pytest.raises(InvalidInputError):
        Manifest(name="../a", media_type="a/b", part_lengths=(1,), total_length=1, sha256=bytes(32))
