"""Taps on ports: they see every call, and make one of them the moment of a crash, a fault, or another request.

A tap does not stand in for anything of ours. It sits between the services and the memory adapters, as a network
between the service and Azure would.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from shared.domain.client_certificates import ClientCertificate
from shared.domain.electronic_id import CollectOutcome, ElectronicId, OrderRequest, SignRequest, StartedOrder
from shared.domain.errors import ConflictError, DependencyError
from shared.domain.ports import (
    Archive,
    Blobs,
    Body,
    Keys,
    KeyTraits,
    Mail,
    Mailer,
    Page,
    Queues,
    Record,
    Records,
    Taking,
    WrappedKey,
)

T = TypeVar("T")
Act = Callable[[], Awaitable[None]]


class Crashed(BaseException):
    """The process is gone: not an ``Exception``, because no ``except Exception`` survives that."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a port. ``at`` is the partition and id of a record, or the name of a blob, queue or order."""

    name: str
    at: str
    body: Body | None = None


class Tap:
    """Sees all calls; at the ``at``-th (from 1) it does ``act``, before that call or, if ``landed``, after it."""

    def __init__(self, *, at: int = 0, act: Act | None = None, landed: bool = False) -> None:
        self.calls: list[Call] = []
        self.is_dead = False
        self._at = at
        self._act = act
        self._landed = landed

    @property
    def was_reached(self) -> bool:
        """Whether there were as many calls."""
        return len(self.calls) >= self._at

    def called(self, name: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.name == name]

    async def through(self, call: Call, run: Callable[[], Awaitable[T]]) -> T:
        if self.is_dead:
            raise Crashed
        self.calls.append(call)
        is_now = len(self.calls) == self._at and self._act is not None
        if is_now and not self._landed:
            await self._do()
        answer = await run()
        if is_now and self._landed:
            await self._do()
        return answer

    async def _do(self) -> None:
        assert self._act is not None
        await self._act()

    async def crash(self) -> None:
        """The process dies: whatever it still wanted to do, it does not."""
        self.is_dead = True
        raise Crashed


class DyingTap(Tap):
    """Does ``act`` at the ``at``-th call, and the process dies at the ``later``-th call after that one (from 0)."""

    def __init__(self, *, at: int, act: Act, later: int) -> None:
        super().__init__(at=at, act=act)
        self._dies_at = at + later

    async def through(self, call: Call, run: Callable[[], Awaitable[T]]) -> T:
        if len(self.calls) == self._dies_at:
            self.is_dead = True
        return await super().through(call, run)


class Attempt(Generic[T]):
    """An operation that may meet a conflict; it can be the act of a tap."""

    def __init__(self, operation: Callable[..., Awaitable[T]], *args: object) -> None:
        self._operation = operation
        self._args = args
        self.answer: T | None = None
        self.is_refused = False

    async def __call__(self) -> None:
        try:
            self.answer = await self._operation(*self._args)
        except ConflictError:
            self.is_refused = True


async def fault() -> None:
    """The other side fails once."""
    raise DependencyError


def crashes(*, landed: bool) -> Iterator[Tap]:
    """Taps that crash at the first call, the second, and so on, until an operation makes no more calls.

    ``landed``: the call did its work and only the answer was lost.
    """
    for at in count(1):
        tap = Tap(at=at, landed=landed)
        tap._act = tap.crash
        yield tap
        if not tap.was_reached:
            return


def faults(*, landed: bool) -> Iterator[Tap]:
    """As ``crashes``, with a ``DependencyError`` that the process survives."""
    yield from meetings(fault, landed=landed)


def meetings(act: Act, *, landed: bool = False) -> Iterator[Tap]:
    """Taps that do ``act`` at the first call, the second, and so on: another request comes in between."""
    for at in count(1):
        tap = Tap(at=at, act=act, landed=landed)
        yield tap
        if not tap.was_reached:
            return


Trouble = Callable[[], Iterator[Tap]]

TROUBLES: dict[str, Trouble] = {
    "crash before": lambda: crashes(landed=False),
    "crash after": lambda: crashes(landed=True),
    "fault before": lambda: faults(landed=False),
    "fault after": lambda: faults(landed=True),
}
"""Before: the call did nothing. After: it did its work, and its answer was lost."""


class TappedRecords:
    """``Records`` behind a tap."""

    def __init__(self, inner: Records, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        call = Call("records.get", f"{partition} {id}")
        return await self._tap.through(call, lambda: self._inner.get(partition, id))

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        call = Call("records.create", f"{partition} {id}", body)
        return await self._tap.through(call, lambda: self._inner.create(partition, id, body))

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        call = Call("records.replace", f"{record.partition} {record.id}", body)
        return await self._tap.through(call, lambda: self._inner.replace_if_match(record, body))

    async def delete_if_match(self, record: Record) -> None:
        call = Call("records.delete", f"{record.partition} {record.id}")
        await self._tap.through(call, lambda: self._inner.delete_if_match(record))

    async def query(
        self,
        partition: str,
        *,
        start: str = "",
        end: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        def run() -> Awaitable[Page]:
            return self._inner.query(partition, start=start, end=end, limit=limit, continuation=continuation)

        return await self._tap.through(Call("records.query", partition), run)

    async def now(self) -> datetime:
        return await self._inner.now()

    async def ping(self) -> None:
        await self._inner.ping()


class TappedBlobs:
    """``Blobs`` behind a tap."""

    def __init__(self, inner: Blobs, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def stage(self, blob: str, block: str, data: bytes | bytearray | memoryview) -> None:
        await self._tap.through(Call("blobs.stage", blob), lambda: self._inner.stage(blob, block, data))

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        await self._tap.through(Call("blobs.commit", blob), lambda: self._inner.commit(blob, blocks))

    async def read(self, blob: str, offset: int, length: int) -> bytes | bytearray:
        return await self._tap.through(Call("blobs.read", blob), lambda: self._inner.read(blob, offset, length))

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        await self._tap.through(Call("blobs.read", blob), lambda: self._inner.read_into(blob, offset, length, begin))

    async def delete(self, blob: str) -> None:
        await self._tap.through(Call("blobs.delete", blob), lambda: self._inner.delete(blob))

    async def list(self, prefix: str) -> AsyncIterator[str]:
        async def run() -> list[str]:
            return [name async for name in self._inner.list(prefix)]

        for name in await self._tap.through(Call("blobs.list", prefix), run):
            yield name

    async def ping(self) -> None:
        await self._inner.ping()


class TappedArchive:
    """``Archive`` behind a tap."""

    def __init__(self, inner: Archive, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def create(self, blob: str, content: bytes) -> None:
        await self._tap.through(Call("archive.create", blob), lambda: self._inner.create(blob, content))

    async def read(self, blob: str, offset: int, length: int) -> bytes | bytearray:
        return await self._tap.through(Call("archive.read", blob), lambda: self._inner.read(blob, offset, length))

    async def list(self, prefix: str) -> AsyncIterator[str]:
        async def run() -> list[str]:
            return [name async for name in self._inner.list(prefix)]

        for name in await self._tap.through(Call("archive.list", prefix), run):
            yield name

    async def ping(self) -> None:
        await self._inner.ping()


class TappedQueues:
    """``Queues`` behind a tap."""

    def __init__(self, inner: Queues, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def put(self, queue: str, message: Mapping[str, str], *, delay_seconds: int = 0) -> None:
        def run() -> Awaitable[None]:
            return self._inner.put(queue, message, delay_seconds=delay_seconds)

        await self._tap.through(Call("queues.put", queue, dict(message)), run)

    async def ping(self) -> None:
        await self._inner.ping()


class TappedKeys:
    """``Keys`` behind a tap."""

    def __init__(self, inner: Keys, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def create(self, name: str) -> str:
        return await self._tap.through(Call("keys.create", name), lambda: self._inner.create(name))

    async def describe(self, key: str) -> KeyTraits:
        return await self._tap.through(Call("keys.describe", key), lambda: self._inner.describe(key))

    async def renew(self, name: str) -> str:
        return await self._tap.through(Call("keys.renew", name), lambda: self._inner.renew(name))

    async def destroy(self, name: str) -> datetime | None:
        return await self._tap.through(Call("keys.destroy", name), lambda: self._inner.destroy(name))

    async def wrap(self, key: str, secret: bytes) -> WrappedKey:
        return await self._tap.through(Call("keys.wrap", key), lambda: self._inner.wrap(key, secret))

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        return await self._tap.through(Call("keys.unwrap", wrapped.kek), lambda: self._inner.unwrap(wrapped))

    async def ping(self) -> None:
        await self._inner.ping()


class TappedMailer:
    """``Mailer`` behind a tap."""

    def __init__(self, inner: Mailer, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def send(self, mail: Mail) -> None:
        await self._tap.through(Call("mailer.send", mail.message_id), lambda: self._inner.send(mail))

    async def ping(self) -> None:
        await self._inner.ping()


class TappedElectronicId:
    """``ElectronicId`` behind a tap."""

    def __init__(self, inner: ElectronicId, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def start(self, request: OrderRequest) -> StartedOrder:
        return await self._tap.through(Call("electronic_id.start", ""), lambda: self._inner.start(request))

    async def sign(self, request: SignRequest) -> StartedOrder:
        return await self._tap.through(Call("electronic_id.sign", ""), lambda: self._inner.sign(request))

    async def collect(self, order_ref: str) -> CollectOutcome:
        call = Call("electronic_id.collect", order_ref)
        return await self._tap.through(call, lambda: self._inner.collect(order_ref))

    async def cancel(self, order_ref: str) -> None:
        await self._tap.through(Call("electronic_id.cancel", order_ref), lambda: self._inner.cancel(order_ref))

    async def ping(self) -> None:
        await self._inner.ping()

    async def certificate(self) -> ClientCertificate | None:
        return await self._inner.certificate()
