"""``python -m local.bankid --rp-port 8941 --control-port 8942 --data DIR``: serve until SIGINT or SIGTERM."""

import argparse
import json
import secrets
import socket
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from local.bankid.app_page import AppPage
from local.bankid.bank import SimulatedBank
from local.bankid.clock import Clock
from local.bankid.control import control_routes
from local.bankid.faults import Fault, FaultError, Faults
from local.bankid.faulty import FaultyRp
from local.bankid.orders import Orders
from local.bankid.page import Page
from local.bankid.pki import write_private, write_tls_files
from local.bankid.recorder import Recorder
from local.bankid.records import Records
from local.bankid.rp import PREFIX, make_rp_application
from local.bankid.server import EVERY_INTERFACE, HOST, bind, serve

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
    parser.add_argument(
        "--reachable-by-others",
        metavar="NAME",
        help="listen on every interface, under this name as well; whoever reaches the simulator can be anybody",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="JSON",
        help='a fault from the start, as in POST /sim/faults: {"kind": "handshake-hangs", "every": 3, "times": null}',
    )
    arguments = parser.parse_args()
    with ExitStack() as stack:
        try:
            faults = _faults(arguments.fault)
            name = arguments.reachable_by_others
            host = HOST if name is None else EVERY_INTERFACE
            rp_listener = stack.enter_context(_bind(host, arguments.rp_port, "--rp-port"))
            control_listener = stack.enter_context(_bind(host, arguments.control_port, "--control-port"))
            names = [] if name is None else [name]
            _run(arguments.data, names, faults, rp_listener, control_listener, end_with_input=arguments.end_with_parent)
        except _StartError as fault:
            print(f"bankid: {fault}", file=sys.stderr)
            return 2
    return 0


def _run(
    data: Path,
    names: list[str],
    faults: Faults,
    rp_listener: socket.socket,
    control_listener: socket.socket,
    *,
    end_with_input: bool,
) -> None:
    token = secrets.token_urlsafe(32)
    clock, bank = Clock(), SimulatedBank()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = write_tls_files(data, names=names)
        write_private(files.customer_root, bank.root.certificate_pem)
        write_private(data / CONTROL_TOKEN_FILE, token.encode())
    except OSError as exc:
        raise _StartError(f"cannot use {data} (--data): {exc}") from exc
    orders = Orders(bank=bank, clock=clock, new_token=lambda: str(uuid.uuid4()))
    records = Records()
    control = Starlette(
        routes=[
            *Page(orders, clock).routes,
            *AppPage(orders).routes,
            *control_routes(orders, clock, faults, records, token),
        ],
        # A rebound DNS name would make a stranger's page one of the same origin.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost", *names])],
    )
    rp_port, control_port = (one.getsockname()[1] for one in (rp_listener, control_listener))
    serve(
        rp=(Recorder(FaultyRp(make_rp_application(orders), faults, bank, clock), records, clock), rp_listener),
        control=(control, control_listener),
        files=files,
        faults=faults,
        announcement=f"bankid ready on https://{HOST}:{rp_port}{PREFIX} control http://{HOST}:{control_port}",
        end_with_input=end_with_input,
    )


def _faults(texts: list[str]) -> Faults:
    faults = Faults()
    for text in texts:
        try:
            content = json.loads(text)
            faults.arm(Fault.parse(content if isinstance(content, dict) else {}))
        except (ValueError, FaultError) as exc:
            raise _StartError(f"this is no fault (--fault): {exc}") from exc
    return faults


def _bind(host: str, port: int, option: str) -> socket.socket:
    try:
        return bind(port, host=host)
    except (OSError, OverflowError) as exc:
        raise _StartError(f"cannot listen on {host}:{port} ({option}): {exc}") from exc


if __name__ == "__main__":
    sys.exit(main())
