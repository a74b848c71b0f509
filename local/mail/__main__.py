"""``python -m local.mail --smtp-port 1025 --http-port 8025 --data DIR``: catch mails until SIGINT or SIGTERM."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from local.mail.smtp import Catcher, Refusals, listen
from local.mail.store import MailStore
from local.mail.web import make_application

HOST = "127.0.0.1"
DEFAULT_SMTP_PORT = 1025
DEFAULT_HTTP_PORT = 8025
SHUTDOWN_SECONDS = 2
"""How long requests in flight may take to end after a signal."""


class _AnnouncingServer(uvicorn.Server):
    """Says so, in one line, once it can be called."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._announcement, flush=True)


def _end_with_input(server: uvicorn.Server) -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    server.should_exit = True


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Else a restart would have to wait until the last connections of its predecessor are forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


async def _serve(smtp: socket.socket, http: socket.socket, store: MailStore, *, ends_with_parent: bool) -> None:
    refusals = Refusals()
    config = uvicorn.Config(
        make_application(store, refusals),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    address, smtp_port = f"http://{HOST}:{http.getsockname()[1]}", smtp.getsockname()[1]
    server = _AnnouncingServer(config, f"mail catcher ready on {address}, smtp {HOST}:{smtp_port}")
    if ends_with_parent:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    catching = await listen(Catcher(store, refusals), smtp)
    try:
        await server.serve([http])
    finally:
        catching.close()


def main() -> int:
    """Exit codes: 0 stopped by a signal, 2 could not start (one line on stderr says why)."""
    parser = argparse.ArgumentParser(prog="python -m local.mail", description="Mail catcher")
    parser.add_argument("--smtp-port", type=int, default=DEFAULT_SMTP_PORT, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--http-port", type=int, default=DEFAULT_HTTP_PORT, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="directory for the mails")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as listeners:
        option, port = "--smtp-port", arguments.smtp_port
        try:
            smtp = listeners.enter_context(_bind(port))
            option, port = "--http-port", arguments.http_port
            http = listeners.enter_context(_bind(port))
        except (OSError, OverflowError) as exc:
            print(f"mail catcher: cannot listen on {HOST}:{port} ({option}): {exc}", file=sys.stderr)
            return 2
        try:
            store = MailStore(arguments.data)
        except OSError as exc:
            print(f"mail catcher: cannot use {arguments.data} (--data): {exc}", file=sys.stderr)
            return 2
        # uvicorn ends what it serves and then raises the signal once more for whoever handled it before.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))
        asyncio.run(_serve(smtp, http, store, ends_with_parent=arguments.end_with_parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
