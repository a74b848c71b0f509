"""A relay before a server on this machine, which can do something to whoever sends once so many bytes have passed."""

import select
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Relay(socketserver.ThreadingTCPServer):
    """Hands on what comes, each connection in a thread of its own. ``passed``: bytes to the server, from the last aim on."""

    def __init__(self, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port: int = self.server_address[1]
        self.target = ("127.0.0.1", target_port)
        self.passed = 0
        self._aimed: tuple[int, Callable[[], object]] | None = None

    def aim(self, after: int, act: Callable[[], object]) -> None:
        """Let ``act`` happen after so many bytes from now on, and break the connection on which they came."""
        self.passed, self._aimed = 0, (after, act)

    def forget(self) -> None:
        """Let everything pass from now on."""
        self.passed, self._aimed = 0, None

    def hand_on(self, data: bytes, server: socket.socket) -> bool:
        """Whether more may come."""
        if self._aimed is None or self.passed + len(data) < self._aimed[0]:
            self.passed += len(data)
            server.sendall(data)
            return True
        after, act = self._aimed
        server.sendall(data[: after - self.passed])
        self.passed = after
        act()
        return False


class _Connection(socketserver.BaseRequestHandler):
    server: Relay
    request: socket.socket

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection(self.server.target) as server:
            while self._hand_on(server):
                pass

    def _hand_on(self, server: socket.socket) -> bool:
        """What has come from either side. Whether both are still there."""
        for each in select.select([self.request, server], [], [])[0]:
            data = each.recv(65536)
            if not data:
                return False
            if each is server:
                self.request.sendall(data)
            elif not self.server.hand_on(data, server):
                return False
        return True


@contextmanager
def relayed(target_port: int) -> Iterator[Relay]:
    """A relay on a free port of 127.0.0.1, until the block is left."""
    with Relay(target_port) as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield relay
        finally:
            relay.shutdown()
            thread.join()
