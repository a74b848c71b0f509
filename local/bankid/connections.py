"""Connections to the RP API: each is taken through mutual TLS, or through what a fault makes of it."""

import asyncio
import contextlib
import socket
import ssl
import struct
import warnings
from collections.abc import Callable
from types import MappingProxyType

from local.bankid.fault_kinds import ConnectionFault
from local.bankid.faults import Faults
from local.bankid.pki import TlsFiles

HANDSHAKE_SECONDS = 60
"""How long a client may take; far beyond what any of them waits."""

ACCEPT_PAUSE_SECONDS = 0.1
"""After a connection could not be taken, as when there are no descriptors left."""

_RESET = struct.pack("ii", 1, 0)
"""``SO_LINGER``: closing sends RST in place of FIN."""

_SERVERS = MappingProxyType(
    {
        ConnectionFault.EXPIRED_CERTIFICATE: "server-expired",
        ConnectionFault.WRONG_NAME: "server-elsewhere",
        ConnectionFault.FOREIGN_ROOT: "server-foreign",
    }
)
_VERSIONS = MappingProxyType(
    {
        ConnectionFault.TLS_1_1_ONLY: ssl.TLSVersion.TLSv1_1,
        ConnectionFault.TLS_1_2_ONLY: ssl.TLSVersion.TLSv1_2,
        ConnectionFault.TLS_1_3_ONLY: ssl.TLSVersion.TLSv1_3,
    }
)


def reset(transport: asyncio.BaseTransport) -> None:
    """Break the connection off as a failing peer does, without a word of TLS."""
    raw: socket.socket = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


class Gate:
    """Takes connections from one listener until it is closed. ``new_protocol`` speaks HTTP on them."""

    def __init__(
        self, listener: socket.socket, *, files: TlsFiles, faults: Faults, new_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._faults = faults
        self._new_protocol = new_protocol
        self._contexts = {kind: _context(files, kind) for kind in (None, *ConnectionFault)}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to take connections."""
        self._keep(asyncio.create_task(self._accept()))

    async def close(self) -> None:
        """Take no more, and leave those whose handshake has not ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            except OSError:
                await asyncio.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            self._keep(asyncio.create_task(self._meet(connection)))

    async def _meet(self, connection: socket.socket) -> None:
        fault = self._faults.next(ConnectionFault)
        kind = fault.kind if fault is not None and isinstance(fault.kind, ConnectionFault) else None
        new_protocol = self._new_protocol
        if kind is ConnectionFault.HANDSHAKE_HANGS:
            await _hang(connection)
            return
        if kind is ConnectionFault.RESET_BEFORE_HANDSHAKE:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
            return
        if kind is ConnectionFault.RESET_BEFORE_REQUEST:
            new_protocol = _Resetting
        # Whatever a refused handshake has to say, the client hears.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                new_protocol, connection, ssl=self._contexts[kind], ssl_handshake_timeout=HANDSHAKE_SECONDS
            )


class _Resetting(asyncio.Protocol):
    """Leaves as soon as the handshake is done."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(transport)


async def _hang(connection: socket.socket) -> None:
    """Listen and say nothing, until the client gives up."""
    with connection, contextlib.suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(connection, 4096):
            pass


def _context(files: TlsFiles, kind: ConnectionFault | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=files.rp_authority)
    which = "server" if kind is None else _SERVERS.get(kind, "server")
    context.load_cert_chain(files.server_certificate(which), files.server_key)
    version = None if kind is None else _VERSIONS.get(kind)
    with warnings.catch_warnings():
        # That TLS 1.1 is out of date is the point of it.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version or ssl.TLSVersion.TLSv1_2
        context.maximum_version = version or ssl.TLSVersion.TLSv1_3
    if kind is ConnectionFault.TLS_1_1_ONLY:
        # OpenSSL 3 has TLS 1.1 at its lowest level of security alone.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
