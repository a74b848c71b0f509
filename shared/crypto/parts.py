"""Parts: the stored pieces of a file, sealed one by one with Cobblestone-256, unsealed whole.

``docs/file-format.md`` sections 5.1 and 5.2; c2sp.org/chunked-encryption with SHA-512 and AES-256-GCM. A sealed part
is ``salt (24) || commitment (32) || chunks``; a chunk is 16 KiB of plaintext and a tag of 16 bytes, the final one
always shorter and perhaps empty. Every sealing draws its own salt, so a retry with other bytes reuses no nonce.
Reading a range of a part is ``shared.crypto.ranges``.
"""

from collections.abc import Callable

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from shared.crypto.ranges import CHUNK_BYTES, HEAD_BYTES, ChunkSpan, chunk_span, sealed_length, unseal_range
from shared.domain.buffers import room_for
from shared.domain.errors import IntegrityError
from shared.domain.manifest import PART_BYTES

__all__ = [
    "CHUNK_BYTES",
    "HEAD_BYTES",
    "PART_BYTES",
    "ChunkSpan",
    "PartSealer",
    "PartUnsealer",
    "buffer_length",
    "chunk_span",
    "sealed_length",
    "unseal_part",
    "unseal_range",
]

_SLACK_BYTES = 16456
"""What ``update_into`` asks for beyond the data and a 1024th of it (documentation of ``cryptography``)."""


def buffer_length(plaintext_length: int = PART_BYTES) -> int:
    """Bytes of the buffer in which a part of up to ``plaintext_length`` bytes can be sealed."""
    return room_for(sealed_length(plaintext_length) + _SLACK_BYTES)


class PartSealer:
    """Seals one part, piece by piece, into a buffer that is allocated once.

    ``key`` is the data key (32 bytes), ``context`` comes from ``contexts.part_context``. ``capacity`` is the most
    plaintext it takes, 1 to ``PART_BYTES`` bytes. A ``buffer`` of at least ``buffer_length(capacity)`` bytes may be
    handed over and used again for the next part, once nobody reads the last one any more.
    Raises ``ValueError`` for a length out of bounds.
    """

    __slots__ = ("_buffer", "_capacity", "_encryptor", "_plaintext_length", "_sealed_length")

    def __init__(
        self, key: bytes, context: bytes, buffer: bytearray | None = None, *, capacity: int = PART_BYTES
    ) -> None:
        if not 1 <= capacity <= PART_BYTES:
            raise ValueError("capacity")
        own = bytearray(buffer_length(capacity)) if buffer is None else buffer
        if len(own) < buffer_length(capacity):
            raise ValueError("the buffer is too small")
        self._buffer = memoryview(own)
        self._capacity = capacity
        self._encryptor = Cobblestone256Encryptor(key, context)
        self._plaintext_length = 0
        self._sealed_length = 0

    @property
    def plaintext_length(self) -> int:
        """Bytes of plaintext taken so far."""
        return self._plaintext_length

    @property
    def room(self) -> int:
        """Bytes of plaintext that still fit."""
        return self._capacity - self._plaintext_length

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take ``data``. Raises ``ValueError`` when it is longer than ``room``; then nothing of it is taken."""
        length = memoryview(data).nbytes
        if length > self.room:
            raise ValueError("more than the part has room for")
        self._sealed_length += self._encryptor.update_into(data, self._buffer[self._sealed_length :])
        self._plaintext_length += length

    def finalize(self) -> memoryview:
        """The sealed part, a view on the buffer.

        Raises ``cryptography.exceptions.AlreadyFinalized`` when called twice.
        """
        end = self._encryptor.finalize()
        total = self._sealed_length + len(end)
        self._buffer[self._sealed_length : total] = end
        return self._buffer[:total].toreadonly()


class PartUnsealer:
    """Unseals one whole part as it comes, into memory that is allocated once.

    Nothing of it is released before all of it has verified. ``length`` is the part's plaintext length as the manifest
    states it, at most ``PART_BYTES`` bytes: how much a store can make us hold is bounded. Raises ``ValueError``.
    After an error only ``begin`` may be called; other calls raise ``cryptography.exceptions.AlreadyFinalized``.
    """

    __slots__ = ("_buffer", "_context", "_decryptor", "_key", "_length", "_room", "_sealed_left", "_written")

    def __init__(self, key: bytes, context: bytes, length: int) -> None:
        self._key = key
        self._context = context
        self._length = length
        self._room = room_for(sealed_length(length))
        self._buffer = bytearray()
        self._begin()

    def begin(self) -> Callable[[bytes | bytearray | memoryview], None]:
        """Begin, or begin anew when the part could not be read to its end; returns ``update``.

        The memory is allocated here, when the part comes: while a store is waited for, none is taken.
        """
        self._begin()
        if len(self._buffer) != self._room:
            self._buffer = bytearray(self._room)
        return self.update

    def _begin(self) -> None:
        self._decryptor = Cobblestone256Decryptor(self._key, self._context)
        self._sealed_left = sealed_length(self._length)
        self._written = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the sealed part. Raises ``IntegrityError``."""
        self._sealed_left -= memoryview(data).nbytes
        if self._sealed_left < 0:
            raise IntegrityError
        try:
            with memoryview(self._buffer) as buffer:
                self._written += self._decryptor.update_into(data, buffer[self._written :])
        except InvalidTag:
            raise IntegrityError from None

    def finalize(self) -> bytearray:
        """The plaintext; the unsealer is used up. Raises ``IntegrityError``, also when the part is not all here."""
        try:
            end = self._decryptor.finalize()
        except InvalidTag:
            raise IntegrityError from None
        self._buffer[self._written :] = end
        if len(self._buffer) != self._length:
            raise IntegrityError
        return self._buffer


def unseal_part(key: bytes, context: bytes, sealed: bytes | bytearray | memoryview) -> bytes:
    """The plaintext of a whole part, of whatever length. Raises ``IntegrityError``."""
    if memoryview(sealed).nbytes > sealed_length(PART_BYTES):
        raise IntegrityError
    decryptor = Cobblestone256Decryptor(key, context)
    try:
        return decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag:
        raise IntegrityError from None
