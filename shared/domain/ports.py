"""What the services need from the world outside, one Protocol per need.

Adapters implement these; the docstring of each method is the contract that ``tests/contract`` runs on every
adapter. All of them raise ``DependencyError`` when the other side fails or cannot be reached, and never take
"unreachable" for "not there". Every method may be repeated unless it says otherwise.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007 - a string cannot be in X | Y
Body: TypeAlias = Mapping[str, Json]

Clock: TypeAlias = Callable[[], datetime]
"""Now, as aware UTC."""

MAX_BODY_BYTES = 1024 * 1024
"""Largest record body, as compact JSON in UTF-8. Table storage's own limit for an entity, met by its adapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as read or written. ``etag`` is opaque and changes with every write."""

    partition: str
    id: str
    body: Body
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A run of records in ascending order of id. ``continuation`` is opaque; None means the end."""

    records: Sequence[Record]
    continuation: str | None


class Records(Protocol):
    """Small JSON documents, each at a partition and an id.

    Partitions and ids are 1-255 characters of ``[0-9A-Za-z|._-]``; anything else raises ``ValueError``. Two
    partitions never see each other. A body over ``MAX_BODY_BYTES`` raises ``TooLargeError`` and writes nothing.
    """

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        """The record. Raises ``RecordNotFoundError``."""
        ...

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        """Write a new record. Raises ``RecordExistsError`` and leaves the existing one as it is."""
        ...

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        """Write ``body`` in place of ``record``, if its ETag is still current.

        Of many at once exactly one wins. Raises ``RecordChangedError``, ``RecordNotFoundError``.
        """
        ...

    async def delete_if_match(self, record: Record) -> None:
        """Delete ``record`` if its ETag is still current.

        Raises ``RecordChangedError``; ``RecordNotFoundError`` when it is gone already.
        """
        ...

    async def query(
        self,
        partition: str,
        *,
        start: str = "",
        end: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        """Records with ``start <= id < end`` (``end`` None: no upper bound), ascending, at most ``limit`` a page.

        A page may be shorter than ``limit`` and still have a continuation, but it is empty only when there is
        nothing more. Order is that of code points.
        ``limit`` is 1-1000.
        """
        ...

    async def now(self) -> datetime:
        """The time by the store's own clock, aware UTC, to the second."""
        ...

    async def ping(self) -> None:
        """Return if the store answers."""
        ...


Taking: TypeAlias = Callable[[bytes], None]
"""Takes the next bytes of a read."""


class Blobs(Protocol):
    """Sealed content: blobs made of blocks. Names are ours, random, 1-255 of ``[0-9A-Za-z/._-]``.

    Block ids are 1-64 characters; within one blob all have the same length (Azure asks for it).
    """

    async def stage(self, blob: str, block: str, data: bytes | bytearray | memoryview) -> None:
        """Store a block that no reader sees yet. The same id again replaces the staged block."""
        ...

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        """Make the blob out of these blocks, in this order, from what is staged or already committed.

        May be repeated with the same list. Blocks left out are dropped. An empty list makes an empty blob.
        Raises ``NotFoundError`` when a block is neither staged nor committed.
        """
        ...

    async def read(self, blob: str, offset: int, length: int) -> bytes | bytearray:
        """``length`` bytes (at least 1) from ``offset``, fewer only at the end of the blob.

        Raises ``NotFoundError`` when there is no such committed blob.
        """
        ...

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        """``read``, handed over piece by piece as it comes, and collected nowhere.

        An attempt that has something to read calls ``begin`` and hands all of it to what that returns; what an earlier
        one took before it broke off does not count. Where there is nothing to read, one is begun that takes nothing.
        A ``PicError`` of the taker ends the read.
        """
        ...

    async def delete(self, blob: str) -> None:
        """Afterwards neither committed nor staged bytes of the blob remain. No error if there were none."""
        ...

    def list(self, prefix: str) -> AsyncIterator[str]:
        """Names of committed and of merely staged blobs that begin with ``prefix``: for proofs and sweeps only."""
        ...

    async def ping(self) -> None:
        """Return if the store answers."""
        ...


class Archive(Protocol):
    """Blobs that are written once: there is no way here to change or to delete one. Names as in ``Blobs``."""

    async def create(self, blob: str, content: bytes) -> None:
        """Write the blob in one go, all of it or nothing.

        Raises ``ConflictError`` where there is one of that name already, which stays as it is. A repetition after an
        answer that was lost meets what the first attempt wrote.
        """
        ...

    async def read(self, blob: str, offset: int, length: int) -> bytes | bytearray:
        """As in ``Blobs``."""
        ...

    def list(self, prefix: str) -> AsyncIterator[str]:
        """Names that begin with ``prefix``, ascending."""
        ...

    async def ping(self) -> None:
        """Return if the store answers."""
        ...


class Queues(Protocol):
    """Messages to our own queue functions: ids only, at least once, in no order."""

    async def put(self, queue: str, message: Mapping[str, str], *, delay_seconds: int = 0) -> None:
        """Enqueue. The message is JSON, base64 on the wire as the Functions host expects, at most 32 KiB."""
        ...

    async def ping(self) -> None:
        """Return if the queue service answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A key under a key-encryption key. ``kek`` names the concrete version (an address with version)."""

    kek: str
    wrapped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTraits:
    """What a vault says of a key. ``kek`` is its current version; ``kind`` the vault's word (``RSA``, ``EC-HSM``)."""

    kek: str
    kind: str
    size_bits: int
    wraps: bool
    """Whether it may be used to wrap and to unwrap."""
    is_purgeable: bool
    """Whether somebody can destroy it with no way back, by mistake or on purpose."""


class Keys(Protocol):
    """Key-encryption keys that never leave their vault (RSA-OAEP-256).

    A key is called by its name in the service's own vault, or by its address without version in one of the vaults
    of organisations that the settings name (``shared.domain.key_addresses``). Raises ``KeyUnavailableError`` when a
    key is disabled, deleted, or refused to us, or lies in a vault that is none of these.
    A name or a key to wrap that breaks the rules below raises ``ValueError``.
    """

    async def create(self, name: str) -> str:
        """Make the key ``name`` (1-127 of ``[0-9A-Za-z-]``) if there is none; gives its current KEK."""
        ...

    async def describe(self, key: str) -> KeyTraits:
        """What the vault says of ``key``, a name or an address."""
        ...

    async def renew(self, name: str) -> str:
        """Make a new version of the key ``name`` and give its KEK. Each call makes one more."""
        ...

    async def destroy(self, name: str) -> datetime | None:
        """Delete the key ``name`` with all its versions; no error when it is gone already.

        From here on nothing unwraps under it. None: it is purged. An instant: until then somebody with the right to
        recover keys of the vault could bring it back, and then the vault purges it by itself.
        """
        ...

    async def wrap(self, key: str, secret: bytes) -> WrappedKey:
        """Wrap 32 bytes under the current version of ``key``, a name or an address."""
        ...

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        """The 32 bytes. Raises ``IntegrityError`` when they were not wrapped by that key version."""
        ...

    async def ping(self) -> None:
        """Return if the vault answers an authenticated request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A notice. ``message_id`` is the same on every attempt, so that a receiver can drop the second copy."""

    to: str
    subject: str
    text: str
    message_id: str

    def __repr__(self) -> str:
        return f"Mail({self.message_id})"


class Mailer(Protocol):
    """Sends notices, at least once."""

    async def send(self, mail: Mail) -> None:
        """Hand over. Raises ``InvalidInputError("address")`` when the server refuses the address for good."""
        ...

    async def ping(self) -> None:
        """Return if the mail server answers."""
        ...


class Passwords(Protocol):
    """Hashes passwords with a slow function; nothing of a password leaves it. Memory in use at once is bounded.

    Both raise ``TooManyRequestsError`` when too many wait already.
    """

    async def hash(self, password: str) -> str:
        """A salted, peppered hash as a self-describing text."""
        ...

    async def verify(self, stored: str | None, password: str) -> str | None:
        """Return if ``password`` is the one behind ``stored``; takes as long when ``stored`` is None.

        A text is to be stored in place of ``stored``, whose pepper or cost is not the current one any more.
        Raises ``WrongCredentialsError``, always so for None.
        """
        ...


class EventLog(Protocol):
    """A line for operators: the constant name of an event, and words and numbers."""

    def __call__(self, event: str, /, **fields: int | list[str]) -> None: ...
