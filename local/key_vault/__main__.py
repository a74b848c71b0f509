"""``python -m local.key_vault --port 8943 --data DIR``: serve the vault until SIGINT or SIGTERM."""

import argparse
import contextlib
import os
import secrets
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from local.key_vault.api import make_application
from local.key_vault.faults import Faults
from local.key_vault.files import write_whole
from local.key_vault.pki import ensure_certificates
from local.key_vault.secret_store import SecretStore
from local.key_vault.store import KeyStore

HOST = "127.0.0.1"
DEFAULT_PORT = 8943
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


def _control_token(directory: Path) -> str:
    file = directory / "control-token"
    if not file.exists():
        write_whole(file, secrets.token_urlsafe(32).encode())
    return file.read_text()


def _bind(port: int) -> socket.socket:
    # With the protocol named, else asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an ACK.
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


def main() -> int:
    """Exit codes: 0 stopped by a signal, 2 could not start (one line on stderr says why)."""
    parser = argparse.ArgumentParser(prog="python -m local.key_vault", description="Key Vault emulator")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="directory for keys and certificates")
    parser.add_argument(
        "--purge-protection",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse to purge deleted keys (default: on, as in production)",
    )
    parser.add_argument(
        "--end-with-parent",
        action="store_true",
        help="stop when standard input ends: the one sign of a parent's death that no signal can prevent",
    )
    arguments = parser.parse_args()
    try:
        listener = _bind(arguments.port)
    except (OSError, OverflowError) as exc:
        print(f"key vault: cannot listen on {HOST}:{arguments.port} (--port): {exc}", file=sys.stderr)
        return 2
    with listener:
        directory: Path = arguments.data
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            certificates = ensure_certificates(directory, datetime.now(UTC))
            store = KeyStore(directory / "keys", purge_protection=arguments.purge_protection)
            secret_store = SecretStore(directory / "secrets")
            application = make_application(store, secret_store, Faults(), _control_token(directory))
        except OSError as exc:
            print(f"key vault: cannot use {directory} (--data): {exc}", file=sys.stderr)
            return 2
        config = uvicorn.Config(
            application,
            ssl_certfile=certificates.certificate,
            ssl_keyfile=certificates.key,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        # uvicorn ends what it serves and then raises the signal once more for whoever handled it before.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))
        address = f"https://{HOST}:{listener.getsockname()[1]}"
        server = _AnnouncingServer(config, f"key vault ready on {address}")
        if arguments.end_with_parent:
            threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
        server.run([listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
