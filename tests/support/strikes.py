"""Stores before which a process dies at a chosen request: by kill -9, before the store is asked or after it has done it.

What a process has done is what its requests have done. So a death before each request, and after each that writes,
is a death at every point where it waits for anything: between two requests nothing of it is anywhere but in memory.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from local.ports import StackPorts
from tests.support.fault_proxy import Fault, FaultProxy, Pass, Strike, fault_proxy

READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The ``at``-th request (from 0), before it or after it."""

    at: int
    landed: bool


@dataclass(slots=True)
class Stores:
    """Blobs and tables behind one script of faults."""

    blob: FaultProxy
    table: FaultProxy
    seen: list[str] = field(default_factory=list)
    """Methods and paths of all requests since the last ``forget``, of both."""

    def connection_string(self, ports: StackPorts, account: str) -> str:
        """``account`` by way of the proxies."""
        by_proxy = account.replace(f":{ports.blob}/", f":{self.blob.port}/")
        return by_proxy.replace(f":{ports.table}/", f":{self.table.port}/")

    def forget(self) -> None:
        self.seen.clear()
        self.blob.faults.clear()

    def aim(self, point: Point, act: Callable[[], None]) -> None:
        """Let ``act`` happen once, at that request from now on."""
        self.forget()
        script: list[Fault] = [Pass()] * point.at
        self.blob.faults.extend([*script, Strike(act=act, landed=point.landed)])

    @property
    def is_aimed(self) -> bool:
        """Whether it has not happened yet."""
        return bool(self.blob.faults)

    def points(self) -> list[Point]:
        """Where whoever made the requests that were seen could have died."""
        before = [Point(at=number, landed=False) for number in range(len(self.seen))]
        after = [
            Point(at=number, landed=True)
            for number, request in enumerate(self.seen)
            if request.partition(" ")[0] not in READS
        ]
        return before + after


@contextmanager
def stores_behind(ports: StackPorts) -> Iterator[Stores]:
    """Proxies before the blobs and tables of a stack, in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def open_both() -> tuple[contextlib.AsyncExitStack, Stores]:
        stack = contextlib.AsyncExitStack()
        blob = await stack.enter_async_context(fault_proxy(ports.blob))
        table = await stack.enter_async_context(fault_proxy(ports.table))
        table.faults, table.requests = blob.faults, blob.requests
        return stack, Stores(blob, table, blob.requests)

    with ExitStack() as closing:
        closing.callback(loop.close)
        closing.callback(thread.join)
        closing.callback(lambda: loop.call_soon_threadsafe(loop.stop))
        opened, stores = asyncio.run_coroutine_threadsafe(open_both(), loop).result()
        closing.callback(lambda: asyncio.run_coroutine_threadsafe(opened.aclose(), loop).result())
        yield stores
