"""Reading a range inside a sealed part: which bytes to fetch, and their plaintext once every chunk has verified.

``docs/file-format.md`` section 5.3; c2sp.org/chunked-encryption, "Key derivation", "AEAD usage" and random access in
"Implementation notes". The library seals and unseals whole parts only, so this is ours.
"""

import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from shared.domain.errors import IntegrityError
from shared.domain.manifest import PART_BYTES

KEY_BYTES = 32
CHUNK_BYTES = 16 * 1024
"""Plaintext of every chunk but the final one, which is shorter."""
SALT_BYTES = 24
HEAD_BYTES = 56
"""Salt and commitment, before the first chunk."""
TAG_BYTES = 16
NONCE_BYTES = 12

_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"


def sealed_length(plaintext_length: int) -> int:
    """Bytes of a sealed part that holds ``plaintext_length`` bytes, 0 to ``PART_BYTES``. Raises ``ValueError``."""
    if not 0 <= plaintext_length <= PART_BYTES:
        raise ValueError("plaintext length of a part")
    return HEAD_BYTES + plaintext_length + (plaintext_length // CHUNK_BYTES + 1) * TAG_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSpan:
    """The chunks ``first_chunk`` to ``last_chunk``, both included, that hold a range of a part.

    They are the bytes ``sealed_start`` to ``sealed_end`` (excluded) of the sealed part; ``is_last`` tells that the
    final chunk is among them. ``part_length`` is the part's plaintext length as the manifest states it.
    """

    part_length: int
    first_chunk: int
    last_chunk: int
    sealed_start: int
    sealed_end: int
    is_last: bool


def chunk_span(part_plaintext_length: int, start: int, end: int) -> ChunkSpan:
    """The chunks to fetch for the bytes ``start`` to ``end`` (excluded) of a part's plaintext.

    A range that reaches the end of the part takes the final chunk along even if that is empty, so that a part cut
    in storage is noticed. Raises ``ValueError`` unless ``0 <= start <= end <= part_plaintext_length``.
    """
    if not 0 <= start <= end <= part_plaintext_length:
        raise ValueError("a range outside of the part")
    whole = sealed_length(part_plaintext_length)
    final = part_plaintext_length // CHUNK_BYTES
    first = start // CHUNK_BYTES
    last = final if end == part_plaintext_length else max(first, (end - 1) // CHUNK_BYTES)
    return ChunkSpan(
        part_length=part_plaintext_length,
        first_chunk=first,
        last_chunk=last,
        sealed_start=HEAD_BYTES + first * _SEALED_CHUNK_BYTES,
        sealed_end=min(whole, HEAD_BYTES + (last + 1) * _SEALED_CHUNK_BYTES),
        is_last=last == final,
    )


def unseal_range(  # noqa: PLR0917 - key, place, what was fetched, what is wanted
    key: bytes,
    context: bytes,
    head: bytes | bytearray | memoryview,
    sealed_chunks: bytes | bytearray | memoryview,
    span: ChunkSpan,
    start: int,
    end: int,
) -> bytearray:
    """The bytes ``start`` to ``end`` (excluded) of the part's plaintext; nothing of it unless all chunks verify.

    ``head`` is the first ``HEAD_BYTES`` of the sealed part, ``sealed_chunks`` what stands at ``span``; both come from
    storage and are checked. Raises ``IntegrityError``; ``ValueError`` when ``span`` is not that of the range.
    """
    if span != chunk_span(span.part_length, start, end):
        raise ValueError("not the span of this range")
    opened = _opened(key, context, bytes(head), hashes.SHA512())
    plaintext = _unsealed(opened, memoryview(sealed_chunks).cast("B"), span)
    # Cut in place: a copy would touch as much fresh memory again, which costs more than the decryption.
    offset = span.first_chunk * CHUNK_BYTES
    del plaintext[end - offset :]
    del plaintext[: start - offset]
    return plaintext


@dataclass(frozen=True, slots=True)
class _Opened:
    """A part whose commitment has verified."""

    aead: AESGCM = field(repr=False)
    base_nonce: int = field(repr=False)


def _unsealed(opened: _Opened, chunks: memoryview, span: ChunkSpan) -> bytearray:
    """The plaintext of all chunks of ``span``, each verified. Raises ``IntegrityError``."""
    if chunks.nbytes != span.sealed_end - span.sealed_start:
        raise IntegrityError
    numbers = range(span.first_chunk, span.last_chunk + 1)
    # Length is a matter of the manifest: with it each chunk has exactly one length, the final one always the rest.
    plaintext = bytearray(chunks.nbytes - len(numbers) * TAG_BYTES)
    into = memoryview(plaintext)
    try:
        for position, number in enumerate(numbers):
            nonce = (opened.base_nonce ^ number).to_bytes(NONCE_BYTES, "big")
            sealed = chunks[position * _SEALED_CHUNK_BYTES : (position + 1) * _SEALED_CHUNK_BYTES]
            at = position * CHUNK_BYTES
            opened.aead.decrypt_into(nonce, sealed, None, into[at : at + sealed.nbytes - TAG_BYTES])
    except InvalidTag:
        raise IntegrityError from None
    return plaintext


def _opened(key: bytes, context: bytes, head: bytes, algorithm: hashes.HashAlgorithm) -> _Opened:
    """Chunk key and base nonce of a part, after its commitment has verified.

    The specification leaves the hash to the instantiation: Cobblestone-256 is the one with SHA-512. Raises
    ``IntegrityError``.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("length of key")
    if len(head) != HEAD_BYTES:
        raise IntegrityError
    salt, commitment = head[:SALT_BYTES], head[SALT_BYTES:]
    length = KEY_BYTES + NONCE_BYTES + len(commitment)
    derived = HKDFExpand(algorithm, length, _INFO + salt + context).derive(key)
    if not hmac.compare_digest(commitment, derived[KEY_BYTES + NONCE_BYTES :]):
        raise IntegrityError
    base_nonce = int.from_bytes(derived[KEY_BYTES : KEY_BYTES + NONCE_BYTES], "big")
    return _Opened(AESGCM(derived[:KEY_BYTES]), base_nonce)
