"""``python -m local.bankid --rp-port 8941 --control-port 8942 --data DIR``: serve until SIGINT or SIGTERM."""

import argparse
import os
import secrets
import socket
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from local.bankid.bank import SimulatedBank
from local.bankid.clock import Clock
from local.bankid.control import control_routes
from local.bankid.faults import Faults
from local.bankid.orders import Orders
from local.bankid.page import Page
from local.bankid.pki import write_tls_files
from local.bankid.rp import PREFIX, make_rp_application
from local.bankid.server import HOST, bind, serve

DEFAULT_RP_PORT = 8941
DEFAULT_CONTROL_PORT = 8942
CONTROL_TOKEN_FILE = "control-token"  # noqa: S105 - the name of a file


class _StartError(Exception):
    """Printed as it is."""


def main() -> int:
    """Exit codes: 0 stopped by a signal, 2 could not start (one line on stderr says why)."""
    parser = argparse.ArgumentParser(prog="python -m local.bankid", description="BankID simulator")
    parser.add_argument("--rp-port", type=int, default=DEFAULT_RP_PORT, help="RP API on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--control-port", type=int, default=DEFAULT_CONTROL_PORT, help="page and control API; likewise")
    parser.add_argument("--data", type=Path, required=True, help="directory for certificates and the control token")
    parser.add_argument(
        "--end-with-parent",
        action="store_true",
        help="stop when standard input ends: the one sign of a parent's death that no signal can prevent",
    )
    arguments = parser.parse_args()
    with ExitStack() as stack:
        try:
            rp_listener = stack.enter_context(_bind(arguments.rp_port, "--rp-port"))
            control_listener = stack.enter_context(_bind(arguments.control_port, "--control-port"))
            _run(arguments.data, rp_listener, control_listener, end_with_input=arguments.end_with_parent)
        except _StartError as fault:
            print(f"bankid: {fault}", file=sys.stderr)
            return 2
    return 0


def _run(data: Path, rp_listener: socket.socket, control_listener: socket.socket, *, end_with_input: bool) -> None:
    token = secrets.token_urlsafe(32)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = write_tls_files(data)
        _write_token(data / CONTROL_TOKEN_FILE, token)
    except OSError as exc:
        raise _StartError(f"cannot use {data} (--data): {exc}") from exc
    clock, faults = Clock(), Faults()
    orders = Orders(bank=SimulatedBank(), clock=clock, new_token=lambda: str(uuid.uuid4()))
    control = Starlette(
        routes=[*Page(orders, clock).routes, *control_routes(orders, clock, faults, token)],
        # A rebound DNS name would make a stranger's page one of the same origin.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )
    rp_port, control_port = (one.getsockname()[1] for one in (rp_listener, control_listener))
    serve(
        rp=(make_rp_application(orders), rp_listener),
        control=(control, control_listener),
        files=files,
        faults=faults,
        announcement=f"bankid ready on https://{HOST}:{rp_port}{PREFIX} control http://{HOST}:{control_port}",
        end_with_input=end_with_input,
    )


def _bind(port: int, option: str) -> socket.socket:
    try:
        return bind(port)
    except (OSError, OverflowError) as exc:
        raise _StartError(f"cannot listen on {HOST}:{port} ({option}): {exc}") from exc


def _write_token(path: Path, token: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)


if __name__ == "__main__":
    sys.exit(main())
