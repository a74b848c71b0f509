"""Published vectors of C2SP chunked encryption, through our reading of ranges and of whole parts.

Those of ``cryptography_vectors`` are of the specification's instantiation with SHA-256; ours, Cobblestone-256, differs
in that hash alone, which the reader takes as an argument inside. A few of Wycheproof are of ours exactly.
"""

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import hashes

from shared.crypto import ranges
from shared.crypto.parts import CHUNK_BYTES, HEAD_BYTES, chunk_span, sealed_length, unseal_part, unseal_range
from shared.domain.errors import IntegrityError
from tests.vectors.reading import DIRECTORY

TAG_BYTES = 16
WRONG_KEY_LENGTH = {"aes256gcm_short_key", "aes256gcm_long_key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """``succeeds`` is what the authors expect; ``digest`` is in hexadecimal and empty when they give none."""

    name: str
    succeeds: bool
    key: bytes
    context: bytes
    sealed: bytes
    digest: str


def published() -> list[Vector]:
    path = Path(cryptography_vectors.__file__).parent / "chunked-encryption" / "vectors.json"
    found = []
    for one in json.loads(path.read_text())["vectors"]:
        if one["aead"] != "AEAD_AES_256_GCM":
            continue
        sealed = base64.b64decode(one["ciphertext"] or "")
        found.append(
            Vector(
                name=one["name"],
                succeeds=one["expect"] == "success",
                key=bytes.fromhex(one["key"]),
                context=(one["context"] or "").encode(),
                sealed=zlib.decompress(sealed) if one.get("compressed") else sealed,
                digest=one.get("payload_sha256", ""),
            )
        )
    return found


def wycheproof() -> list[Vector]:
    content = json.loads((DIRECTORY.parent / "wycheproof_cobblestone_256.json").read_text())
    key, context = bytes.fromhex(content["key"]), content["context"].encode()
    return [
        Vector(
            name=f"tcId_{one['tcId']}",
            succeeds=True,
            key=key,
            context=context,
            sealed=zlib.decompress(bytes.fromhex(one["ct"])),
            digest=one["msgSha512"],
        )
        for one in content["tests"]
    ]


ALL = [pytest.param(vector, id=vector.name) for vector in published()]
GOOD = [pytest.param(vector, id=vector.name) for vector in published() if vector.succeeds]
OURS = [pytest.param(vector, id=vector.name) for vector in wycheproof()]


def implied_length(sealed: bytes) -> int:
    """The plaintext length that a stored length implies. Raises ``IntegrityError`` when no message has it."""
    chunks, rest = divmod(len(sealed) - HEAD_BYTES, CHUNK_BYTES + TAG_BYTES)
    length = chunks * CHUNK_BYTES + rest - TAG_BYTES
    if length < 0 or sealed_length(length) != len(sealed):
        raise IntegrityError
    return length


def read_with_sha256(vector: Vector, start: int = 0, end: int | None = None) -> bytes:
    """As ``unseal_range`` does, but for the hash."""
    opened = ranges._opened(vector.key, vector.context, vector.sealed[:HEAD_BYTES], hashes.SHA256())
    length = implied_length(vector.sealed)
    span = chunk_span(length, start, length if end is None else end)
    chunks = memoryview(vector.sealed)[span.sealed_start : span.sealed_end]
    offset = span.first_chunk * CHUNK_BYTES
    return bytes(ranges._unsealed(opened, chunks, span)[start - offset : (length if end is None else end) - offset])


def test_the_vectors_are_there() -> None:
    """An empty list would pass everything below."""
    assert len(ALL) == 34
    assert len(GOOD) == 9
    assert len(OURS) == 4


@pytest.mark.parametrize("vector", ALL)
def test_the_range_reader_agrees_on_the_whole_message(vector: Vector) -> None:
    """Our own reading of the specification accepts and refuses what its authors say."""
    if vector.succeeds:
        assert vector.digest == hashlib.sha256(read_with_sha256(vector)).hexdigest()
        return
    with pytest.raises(ValueError if vector.name in WRONG_KEY_LENGTH else IntegrityError):
        read_with_sha256(vector)


@pytest.mark.parametrize("vector", GOOD)
def test_every_kind_of_range_is_the_slice(vector: Vector) -> None:
    """Chunk borders are where an off-by-one hides; 257 chunks pass the first byte of the counter."""
    plaintext = read_with_sha256(vector)
    length = len(plaintext)
    near = {b + d for b in range(0, length + 1, CHUNK_BYTES) for d in (-1, 0, 1)} | {length, length - 1}
    points = sorted(p for p in near if 0 <= p <= length)
    chosen = points if len(points) < 12 else points[:6] + points[-6:]
    for start in chosen:
        for end in (p for p in chosen if p >= start):
            assert plaintext[start:end] == read_with_sha256(vector, start, end)


@pytest.mark.parametrize("vector", OURS)
def test_cobblestone_256_of_others_is_read(vector: Vector) -> None:
    """Pins hash and derivation of our own instantiation to values that neither we nor the library made."""
    length = implied_length(vector.sealed)
    span = chunk_span(length, 0, length)
    chunks = vector.sealed[span.sealed_start : span.sealed_end]
    ranged = unseal_range(vector.key, vector.context, vector.sealed[:HEAD_BYTES], chunks, span, 0, length)
    assert vector.digest == hashlib.sha512(ranged).hexdigest()
    assert vector.digest == hashlib.sha512(unseal_part(vector.key, vector.context, vector.sealed)).hexdigest()
