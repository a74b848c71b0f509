"""Stores before which a process dies at a chosen request: by kill -9, before the store is asked or after it has done it.

What a process has done is what its requests have done. So a death before each request, and after each that writes,
is a death at every point where it waits for anything: between two requests nothing of it is anywhere but in memory.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.azurite import Ports, connection_string_for
from tests.support.fault_proxy import Fault, FaultProxy, Pass, Strike, fault_proxy

READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The ``at``-th request (from 0), before it or after it."""

    at: int
    landed: bool


@dataclass(slots=True)
class Stores:
    """Blobs, queues, tables and the vault behind one script of faults."""

    blob: FaultProxy
    queue: FaultProxy
    table: FaultProxy
    vault: FaultProxy
    seen: list[str] = field(default_factory=list)
    """Methods and paths of all requests since the last ``forget``, of all four."""

    @property
    def account(self) -> str:
        """The connection string of the storage account by way of the proxies."""
        return connection_string_for(Ports(blob=self.blob.port, queue=self.queue.port, table=self.table.port))

    @property
    def vault_url(self) -> str:
        """The vault by way of its proxy. It names its keys by the address at which it was asked."""
        return f"https://127.0.0.1:{self.vault.port}"

    def forget(self) -> None:
        self.seen.clear()
        self.blob.faults.clear()

    def aim(self, point: Point, act: Callable[[], None]) -> None:
        """Let ``act`` happen once, at that request from now on."""
        self.forget()
        script: list[Fault] = [Pass()] * point.at
        self.blob.faults.extend([*script, Strike(act=act, landed=point.landed)])

    def aim_after(self, words: str, act: Callable[[], None]) -> None:
        """Let ``act`` happen once, after the first request from now on whose method and path hold these words."""
        self.forget()
        self.blob.faults.append(Strike(act=act, landed=True, at=words))

    def points(self) -> list[Point]:
        """Where whoever made the requests that were seen could have died."""
        before = [Point(at=number, landed=False) for number in range(len(self.seen))]
        after = [Point(at=number, landed=True) for number, request in enumerate(self.seen) if not is_read(request)]
        return before + after


def is_read(request: str) -> bool:
    """Whether it changes nothing, so that dying after it is dying before the next."""
    return request.partition(" ")[0] in READS


def _is_poll(request: str) -> bool:
    """Of a host that asks for work: when it does depends on the clock."""
    return request.startswith("GET ") and "/messages?" in request


@contextmanager
def stores_behind(account: Ports, vault_port: int, vault_data: Path) -> Iterator[Stores]:
    """Proxies before a storage account and a vault (``vault_data`` is where it keeps its files), in their own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def open_all() -> tuple[contextlib.AsyncExitStack, Stores]:
        stack = contextlib.AsyncExitStack()
        shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown.load_cert_chain(vault_data / "server.pem", vault_data / "server-key.pem")
        trusted = ssl.create_default_context(cafile=vault_data / "ca.pem")
        blob, queue, table = [
            await stack.enter_async_context(fault_proxy(port)) for port in (account.blob, account.queue, account.table)
        ]
        vault = await stack.enter_async_context(fault_proxy(vault_port, tls=(shown, trusted)))
        queue.is_left_out = _is_poll
        for proxy in (queue, table, vault):
            proxy.faults, proxy.requests = blob.faults, blob.requests
        return stack, Stores(blob, queue, table, vault, blob.requests)

    with ExitStack() as closing:
        closing.callback(loop.close)
        closing.callback(thread.join)
        closing.callback(lambda: loop.call_soon_threadsafe(loop.stop))
        opened, stores = asyncio.run_coroutine_threadsafe(open_all(), loop).result()
        closing.callback(lambda: asyncio.run_coroutine_threadsafe(opened.aclose(), loop).result())
        yield stores
