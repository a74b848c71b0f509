"""Two listeners in one event loop: the RP API over mutual TLS, and control over HTTP."""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.bankid.connections import Gate, reset
from local.bankid.faults import Faults
from local.bankid.pki import TlsFiles
from local.bankid.rp import PEER_STATE

HOST = "127.0.0.1"
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - only where its flag says so

TLS_VERSION_STATE = "tls-version"
RESET_STATE = "reset"
"""Like ``PEER_STATE``: where the connection leaves them in the ASGI scope's ``state``."""

SHUTDOWN_SECONDS = 1
"""How long requests in flight may take to end after a signal."""


class _PeerProtocol(H11Protocol):
    """Hands on what ASGI has no place for: the client's certificate, the version of TLS, and a way to break off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        self.app_state = {
            **self.app_state,
            PEER_STATE: tls.getpeercert(binary_form=True),
            TLS_VERSION_STATE: tls.version(),
            RESET_STATE: functools.partial(reset, transport),
        }
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs both servers, and tells when it can be called."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _RpServer(_Server):
    """Takes its connections through a gate."""

    def __init__(self, config: uvicorn.Config, *, files: TlsFiles, faults: Faults) -> None:
        super().__init__(config)
        self._files = files
        self._faults = faults
        self._gates: list[Gate] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        self.servers = []
        for listener in sockets or []:
            gate = Gate(listener, files=self._files, faults=self._faults, new_protocol=self._new_protocol)
            self._gates.append(gate)
            gate.open()
        self.started = True
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for gate in self._gates:
            await gate.close()
        await super().shutdown(sockets)

    def _new_protocol(self) -> asyncio.Protocol:
        return _PeerProtocol(self.config, self.server_state, self.lifespan.state)


def bind(port: int, *, host: str = HOST) -> socket.socket:
    """A listening socket. Raises ``OSError``, ``OverflowError``."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Else a restart would have to wait until the last connections of its predecessor are forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def serve(
    *,
    rp: tuple[ASGIApp, socket.socket],
    control: tuple[ASGIApp, socket.socket],
    files: TlsFiles,
    faults: Faults,
    announcement: str,
    end_with_input: bool,
) -> None:
    """Until SIGINT or SIGTERM, or the end of standard input."""
    servers = (_RpServer(_config(rp[0], is_dated=False), files=files, faults=faults), _Server(_config(control[0])))
    sockets = (rp[1], control[1])
    asyncio.run(_serve(servers, sockets, announcement, end_with_input=end_with_input))


async def _serve(
    servers: tuple[_Server, ...], sockets: tuple[socket.socket, ...], announcement: str, *, end_with_input: bool
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if end_with_input:
        threading.Thread(target=_wait_for_end_of_input, args=(loop, stop), daemon=True).start()
    async with asyncio.TaskGroup() as group:
        for server, listener in zip(servers, sockets, strict=True):
            group.create_task(server.serve([listener]))
            await server.ready.wait()
        print(announcement, flush=True)


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    loop.call_soon_threadsafe(stop)


def _config(application: ASGIApp, *, is_dated: bool = True) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=is_dated,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
