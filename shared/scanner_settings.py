"""The settings of the malware scanner: where it is, how long it may take, and whether it is needed."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.setting_values import Reader

Failure = Literal["block", "pass"]

_TCP: Final = re.compile(r"([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})", re.ASCII)
_UNIX: Final = re.compile(r"unix:(/[^\0]{1,100})")
_MOST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerSettings:
    """A scanner that is set up, at the socket ``path`` or at ``host`` and ``port``.

    ``is_required``: a file that could not be scanned is not stored.
    """

    host: str
    port: int
    path: str
    is_required: bool
    step_seconds: int


def read_scanner(read: Reader) -> ScannerSettings | None:
    """None without an address. Collects what is wrong in ``read.faults``."""
    failure = read.choice("PIC_CLAMD_FAILURE", Failure, "block")
    seconds = read.whole("PIC_CLAMD_SECONDS", "60", 1, 200)
    if read.optional("PIC_CLAMD_ADDRESS") is None:
        return None
    host, port, path = read.parsed("PIC_CLAMD_ADDRESS", _address, "host:port or unix:/path", ("", 0, ""), "")
    return ScannerSettings(host=host, port=port, path=path, is_required=failure != "pass", step_seconds=seconds)


def _address(text: str) -> tuple[str, int, str]:
    local, remote = _UNIX.fullmatch(text), _TCP.fullmatch(text)
    if local is not None:
        return ("", 0, local[1])
    if remote is None or not 1 <= int(remote[2]) <= _MOST_PORT:
        raise ValueError
    return (remote[1].strip("[]"), int(remote[2]), "")
