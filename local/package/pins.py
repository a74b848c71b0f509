"""What a line of the requirements must look like: one version, by the hashes of its files, from wherever."""

import re
from typing import Final

_PIN: Final = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[0-9][0-9A-Za-z.!+]*)(?: ; [^;\\]+?)?(?: --hash=sha256:[0-9a-f]{64})+"
)


class PinFaultError(Exception):
    """Requirements that could bring something else tomorrow. The text names line and reason, not what stands there."""


def pins(text: str) -> dict[str, tuple[str, ...]]:
    """Name and pinned versions, one for each marker, in the order of the file.

    Raises:
        PinFaultError: A line is not ``name==version --hash=sha256:...``, with a marker or without: an option, an
            address, a path, a range, a pin without a hash or with another kind of hash.
    """
    found: dict[str, tuple[str, ...]] = {}
    for number, line in _lines(text):
        matched = _PIN.fullmatch(line)
        if matched is None:
            raise PinFaultError(f"line {number} of the requirements is not name==version with sha256 hashes")
        found[matched["name"]] = (*found.get(matched["name"], ()), matched["version"])
    if not found:
        raise PinFaultError("the requirements are empty")
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    """Each requirement in one line, without comments, with the number of the line on which it began."""
    joined: list[tuple[int, str]] = []
    goes_on = False
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.lstrip().startswith("#"):
            continue
        line = raw.removesuffix("\\").strip()
        if goes_on:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line}".strip())
        elif line:
            joined.append((number, line))
        goes_on = raw.endswith("\\")
    return joined
