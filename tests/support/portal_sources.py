"""The portal's files as texts, and its table of texts, read without running any of it."""

import json
import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"
_TABLE = re.compile(r"^const TEXTS = (\{.*?^\});$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)


def names(suffix: str) -> list[str]:
    """The names of the portal's files that end so."""
    return sorted(path.name for path in WEB.iterdir() if path.suffix == suffix)


def source(name: str) -> str:
    """One file."""
    return (WEB / name).read_text(encoding="utf-8")


def code(name: str) -> str:
    """One module or style sheet without its comments."""
    return _COMMENT.sub("", source(name))


def texts() -> dict[str, list[str]]:
    """Swedish and English by key."""
    table = _TABLE.search(source("texts.js"))
    assert table is not None
    found: dict[str, list[str]] = json.loads(table[1])
    return found
