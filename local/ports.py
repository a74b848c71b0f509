"""Where each part of the local stack listens on 127.0.0.1, and which environment variable moves it."""

import os
import socket
from dataclasses import dataclass, fields

from local.node_process import StartError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPorts:
    """One port for each listener of the stack."""

    api: int = 7071
    blob: int = 10000
    queue: int = 10001
    table: int = 10002
    cosmos: int = 8981
    key_vault: int = 8943
    bankid: int = 8944
    bankid_page: int = 8945
    smtp: int = 8925
    mail_page: int = 8926


def setting_of(field: str) -> str:
    """The environment variable that moves a port, such as ``PIC_LOCAL_PORT_API``."""
    return f"PIC_LOCAL_PORT_{field.upper()}"


def read_ports() -> StackPorts:
    """The default ports, moved by the environment. Raises ``StartError`` for what is no port."""
    moved: dict[str, int] = {}
    for field in fields(StackPorts):
        text = os.environ.get(setting_of(field.name))
        if text is None:
            continue
        if not text.isdecimal() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 - the range of ports
            raise StartError(f"{setting_of(field.name)} must be a port from 1 to 65535")
        moved[field.name] = int(text)
    return StackPorts(**moved)


def free_ports() -> StackPorts:
    """Ports that nobody listens on at this moment, all different."""
    listeners = [socket.create_server((HOST, 0)) for _ in fields(StackPorts)]
    found = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return StackPorts(**dict(zip((field.name for field in fields(StackPorts)), found, strict=True)))


def check_free(ports: StackPorts) -> None:
    """Raises ``StartError`` that names every port that is taken, and the setting that moves it."""
    taken: list[str] = []
    for field in fields(ports):
        port: int = getattr(ports, field.name)
        try:
            with socket.socket() as probe:
                # As the servers do: a connection that lingers from the last run is no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
        except OSError:
            taken.append(f"port {port} on {HOST} is taken; set {setting_of(field.name)} to another")
    if taken:
        raise StartError("\n".join(taken))
