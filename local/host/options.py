"""The command line of the host."""

import argparse
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 7071
FIRST_BYTE_SECONDS = 230.0
"""How long Azure's load balancer waits for an answer to begin."""

DRAIN_SECONDS = 10.0
"""How long running invocations may take after SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, paths made absolute. `port` None: local.settings.json decides, else 7071."""

    app: Path
    data: Path
    address: str
    port: int | None
    workers: int
    drain_seconds: float
    first_byte_seconds: float
    # How a parent with --workers hands its part to a child: descriptors, and the child's number.
    socket_fd: int | None
    ready_fd: int | None
    life_fd: int | None
    worker: int


def parse_options(arguments: list[str]) -> Options:
    """Read the command line; argparse ends the process when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m local.host", description="Runs an Azure Functions app here.")
    parser.add_argument("--app", type=Path, default=Path(), help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, help=f"default {DEFAULT_PORT}; 0 takes any free port")
    parser.add_argument("--address", default="127.0.0.1", help="default 127.0.0.1: this machine only")
    parser.add_argument("--data", type=Path, default=Path(".local/host"), help="folder for the function keys")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the port; memory is not shared")
    parser.add_argument("--drain-seconds", type=float, default=DRAIN_SECONDS)
    parser.add_argument("--first-byte-seconds", type=float, default=FIRST_BYTE_SECONDS)
    for name in ("--socket-fd", "--ready-fd", "--life-fd"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    read = parser.parse_args(arguments)
    if read.workers < 1:
        parser.error("--workers must be at least 1")
    return Options(
        app=read.app.resolve(),
        data=read.data.resolve(),
        address=read.address,
        port=read.port,
        workers=read.workers,
        drain_seconds=read.drain_seconds,
        first_byte_seconds=read.first_byte_seconds,
        socket_fd=read.socket_fd,
        ready_fd=read.ready_fd,
        life_fd=read.life_fd,
        worker=read.worker,
    )
