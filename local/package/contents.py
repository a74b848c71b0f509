"""What of the project is deployed: which folders, and which kinds of files in each. Anything else there is a fault.

A file that nobody expects is either needed, and then it belongs into this list, or it must not leave the laptop.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

FILES: Final = ("LICENSE", "function_app.py", "host.json", "requirements.txt")
FOLDERS: Final[Mapping[str, frozenset[str]]] = {  # what is deeper counts
    "functions": frozenset({".py"}),
    "shared": frozenset({".py"}),
    "shared/adapters/lists": frozenset({".bin", ".md", ".py", ".xz"}),
    "web": frozenset({".css", ".html", ".js", ".svg"}),
}
ADDED: Final[Mapping[str, frozenset[str]]] = {"bankid": frozenset({".pem"})}
"""What an operator may add: BankID's root, which ``PIC_BANKID_ROOT`` names."""

MADE_BY_PYTHON: Final = "__pycache__"
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one file: nothing that we write is as large, nor any list that we took."""

_PRIVATE: Final = b"PRIVATE KEY"


class ContentFaultError(Exception):
    """What must not be packed, or is missing; one line each."""


def contents(root: Path) -> dict[str, bytes]:
    """Path in the package, with slashes, and content of each file; sorted.

    Raises:
        ContentFaultError: Something is missing, unexpected, not a plain file, too large, or a private key.
    """
    faults: list[str] = []
    found: dict[str, bytes] = {}
    for path, suffixes in _candidates(root, faults):
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not path.is_file():
            faults.append(f"{name} is not a plain file")
        elif suffixes is not None and path.suffix not in suffixes:
            faults.append(f"{name} is not expected there")
        elif path.stat().st_size > MOST_BYTES:
            faults.append(f"{name} is too large")
        else:
            found[name] = path.read_bytes()
            if path.suffix == ".pem" and _PRIVATE in found[name]:
                faults.append(f"{name} holds a private key")
    if faults:
        raise ContentFaultError("These cannot be packed:\n" + "\n".join(f"- {fault}" for fault in faults))
    return dict(sorted(found.items()))


def _candidates(root: Path, faults: list[str]) -> Iterator[tuple[Path, frozenset[str] | None]]:
    for name in FILES:
        if (root / name).exists():
            yield root / name, None
        else:
            faults.append(f"{name} is missing")
    folders = {**FOLDERS, **ADDED}
    for top in sorted({folder.partition("/")[0] for folder in folders}):
        paths = [
            path
            for path in sorted((root / top).rglob("*"))
            if MADE_BY_PYTHON not in path.relative_to(root).parts and (path.is_symlink() or not path.is_dir())
        ]
        if not paths and top in FOLDERS:
            faults.append(f"{top} is missing")
        for path in paths:
            above = (parent.relative_to(root).as_posix() for parent in path.parents)
            yield path, folders[next(folder for folder in above if folder in folders)]
