"""The committed vectors of ``pic/v1``, read through ``shared.crypto``.

They were written from ``docs/file-format.md`` by a script that knows nothing of our code. Each error case must raise
``IntegrityError`` and nothing else; as every reader returns all or nothing, raising is releasing nothing.
"""

import hashlib
from collections.abc import Callable

import pytest

from shared.crypto.contexts import part_context
from shared.crypto.data_keys import unwrap_data_key
from shared.crypto.fields import unseal_field
from shared.crypto.manifests import unseal_manifest
from shared.crypto.organisation_keys import OrganisationKey
from shared.crypto.parts import HEAD_BYTES, chunk_span, unseal_part, unseal_range
from shared.crypto.pseudonyms import Peppers, address_key, subject_of
from shared.crypto.texts import unseal_text
from shared.crypto.tokens import csrf_token, token_hash
from shared.domain.errors import IntegrityError
from shared.domain.personal_number import PersonalNumber
from tests.vectors.reading import DIRECTORY, Case, cases, digest_of, listed

CASES_SHA256 = "27ca0684a196cd03990ff397f112b135ab3244d21b7624f506d7f39b54e7e9a9"


def key_of(case: Case) -> OrganisationKey:
    given = case.nested("organisation_key")
    return OrganisationKey(given.text("organisation"), given.whole("version"), given.raw("secret"))


def context_of(case: Case) -> bytes:
    return part_context(case.text("organisation"), case.text("thread"), case.text("file"), case.whole("index"))


def read_part(case: Case) -> dict[str, object]:
    plaintext = unseal_part(case.raw("key"), context_of(case), case.pieces("sealed"))
    return {"length": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}


def read_range(case: Case) -> dict[str, object]:
    """Read as from a store: whatever stands at head and span, and less where the stored part ends."""
    start, end = case.whole("start"), case.whole("end")
    span = chunk_span(case.whole("part_length"), start, end)
    stored = case.pieces("sealed")
    head, chunks = stored[:HEAD_BYTES], stored[span.sealed_start : span.sealed_end]
    plaintext = unseal_range(case.raw("key"), context_of(case), head, chunks, span, start, end)
    return {"length": len(plaintext), "sha256": hashlib.sha256(plaintext).hexdigest()}


def read_file(case: Case) -> dict[str, object]:
    """The whole file as ``docs/file-format.md`` section 7 asks a reader to take it: by the manifest alone."""
    key, place = case.raw("key"), {n: case.text(n) for n in ("organisation", "thread", "file")}
    manifest = unseal_manifest(key, case.text("manifest"), **place)
    stored = case.many_pieces("parts")
    if len(stored) != len(manifest.part_lengths):
        raise IntegrityError
    content = b""
    for index, (length, sealed) in enumerate(zip(manifest.part_lengths, stored, strict=True)):
        part = unseal_part(key, part_context(index=index, **place), sealed)
        if len(part) != length:
            raise IntegrityError
        content += part
    if hashlib.sha256(content).digest() != manifest.sha256:
        raise IntegrityError
    return {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def read_text(case: Case) -> str:
    place = {n: case.text(n) for n in ("organisation", "thread", "message")}
    return unseal_text(case.raw("key"), case.text("sealed"), **place)


def read_manifest(case: Case) -> dict[str, object]:
    place = {n: case.text(n) for n in ("organisation", "thread", "file")}
    manifest = unseal_manifest(case.raw("key"), case.text("sealed"), **place)
    return {
        "name": manifest.name,
        "media_type": manifest.media_type,
        "part_lengths": list(manifest.part_lengths),
        "total_length": manifest.total_length,
        "sha256": manifest.sha256.hex(),
    }


def read_data_key(case: Case) -> str:
    return unwrap_data_key(key_of(case), case.text("sealed"), thread=case.text("thread"), file=case.text("file")).hex()


def read_field(case: Case) -> str:
    place = {n: case.text(n) for n in ("partition", "id", "field")}
    return unseal_field(key_of(case), case.text("sealed"), **place)


def confirm(case: Case) -> None:
    key_of(case).confirm(case.text("confirmation"))


def look_up(case: Case) -> str:
    given, pepper = case.text("input"), case.raw("pepper")
    readers: dict[str, Callable[[], str]] = {
        "subject": lambda: subject_of(PersonalNumber(given), Peppers(3, {3: pepper})),
        "address": lambda: address_key(given, pepper),
        "token_hash": lambda: token_hash(given),
        "csrf": lambda: csrf_token(given),
    }
    return readers[case.text("kind")]()


READERS: dict[str, Callable[[Case], object]] = {
    "parts": read_part,
    "ranges": read_range,
    "files": read_file,
    "texts": read_text,
    "manifests": read_manifest,
    "data_keys": read_data_key,
    "fields": read_field,
    "confirmations": confirm,
    "look_ups": look_up,
}
ALL = [pytest.param(group, case, id=f"{group}-{case.text('name')}") for group in READERS for case in cases(group)]


@pytest.mark.parametrize(("group", "case"), ALL)
def test_a_vector_is_read_as_it_says(group: str, case: Case) -> None:
    """A second implementation of the format must agree with ours on every good case and on every fault."""
    if case.is_ok:
        assert case.members.get("result") == READERS[group](case)
        return
    with pytest.raises(IntegrityError) as caught:
        READERS[group](case)
    assert caught.value.args == ()
    assert caught.value.__cause__ is None


def test_the_vectors_are_the_ones_that_were_written() -> None:
    """Vectors that are written anew to make a test pass prove nothing: the list is pinned, the list pins the files."""
    assert digest_of(DIRECTORY / "cases.json") == CASES_SHA256
    for group, about in listed().items():
        assert digest_of(DIRECTORY / f"{group}.json") == about.text("sha256")


def test_every_listed_case_is_read() -> None:
    """A group that no reader takes up would pass in silence."""
    with_cases = {group: about.nested("cases").members for group, about in listed().items() if "cases" in about.members}
    found = {group: {c.text("name"): c.members["expect"] for c in cases(group)} for group in READERS}
    assert with_cases == found
    assert sum(len(group) for group in found.values()) > 250
