"""The host's socket: taken before anything else happens, so that a taken port is the first thing a developer hears."""

import errno
import socket

from local.host.errors import HostError, PortTakenError


def listen(address: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes any free one.

    Raises:
        PortTakenError: Somebody else listens there.
        HostError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(2048)
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise PortTakenError(f"port {port} on {address} is taken: choose another one with --port") from exc
        raise HostError(f"cannot listen on {address} port {port}: {exc.strerror}") from exc
    listener.setblocking(False)
    return listener


def adopt(descriptor: int) -> socket.socket:
    """The listening socket that a parent process handed down."""
    listener = socket.socket(fileno=descriptor)
    listener.setblocking(False)
    return listener


def shown_address(listener: socket.socket) -> str:
    """`localhost:7071`, as Core Tools sets WEBSITE_HOSTNAME, or `address:port` of a socket open to others."""
    address, port = listener.getsockname()[:2]
    if address in {"127.0.0.1", "::1"}:
        return f"localhost:{port}"
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
