"""Two listeners on the loopback interface in one event loop: the RP API over mutual TLS, and control over HTTP."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.bankid.pki import TlsFiles
from local.bankid.rp import PEER_STATE

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 1
"""How long requests in flight may take to end after a signal."""


class _PeerProtocol(H11Protocol):
    """Hands the client's certificate to the application, which ASGI has no place for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        tls = cast("ssl.SSLObject", transport.get_extra_info("ssl_object"))
        self.app_state = {**self.app_state, PEER_STATE: tls.getpeercert(binary_form=True)}
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


def bind(port: int) -> socket.socket:
    """A listening socket. Raises ``OSError``, ``OverflowError``."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Else a restart would have to wait until the last connections of its predecessor are forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
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
    announcement: str,
    end_with_input: bool,
) -> None:
    """Until SIGINT or SIGTERM, or the end of standard input."""
    rp_config = _config(rp[0])
    rp_config.http = _PeerProtocol
    rp_config.ssl_certfile = str(files.server_certificate)
    rp_config.ssl_keyfile = str(files.server_key)
    rp_config.ssl_ca_certs = str(files.rp_authority)
    rp_config.ssl_cert_reqs = ssl.CERT_REQUIRED
    rp_config.load()
    cast("ssl.SSLContext", rp_config.ssl).minimum_version = ssl.TLSVersion.TLSv1_2
    servers = (_Server(rp_config), _Server(_config(control[0])))
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


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
