"""The licence that a package states, as an SPDX expression."""

import importlib.metadata
import json
import re
from email.message import Message
from pathlib import Path
from typing import Any, Final, cast

from local.licences.rules import DEPLOYED, DEVELOPMENT, LOOKED_UP, WORDS, LicenceFaultError

_KNOWN: Final = DEPLOYED | DEVELOPMENT
_CLASSIFIER: Final = "License :: OSI Approved :: "


def of_python(name: str) -> str:
    """Of an installed package.

    Raises ``LicenceFaultError`` where it is not installed, and where what it states is not known.
    """
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    found = importlib.metadata.distributions(name=name)
    metadata = next((cast("Message", each.metadata) for each in found), None)
    if metadata is None:
        raise LicenceFaultError(f"{name} is not installed, and nobody has looked up its licence")
    return stated(name, metadata)


def stated(name: str, metadata: Message) -> str:
    """By its expression (PEP 639), else by the older field, else by its classifiers."""
    classifiers = [str(each) for each in metadata.get_all("Classifier") or []]
    words = [each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER)]
    for text in (metadata.get("License-Expression"), metadata.get("License"), " AND ".join(words)):
        if (expression := _expression(text or "")) is not None:
            return expression
    raise LicenceFaultError(f"{name} states no licence that is known: {metadata.get('License') or words}")


def of_npm(lock: Path) -> dict[str, str]:
    """Of every package in ``package-lock.json``. Raises ``LicenceFaultError`` where one states none that is known."""
    found: dict[str, str] = {}
    locked: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    for path, package in locked.items():
        name = path.rpartition("node_modules/")[2]
        if path:
            text = LOOKED_UP.get(f"npm:{name}") or package.get("license")
            if (expression := _expression(str(text))) is None:
                raise LicenceFaultError(f"{name} states no licence that is known: {text}")
            found[name] = expression if found.get(name, expression) == expression else f"{found[name]} AND {expression}"
    return found


def _expression(text: str) -> str | None:
    """SPDX's spelling of it; None where a word of it is not known."""
    for words, name in WORDS.items():
        text = text.replace(words, name)
    known = [each.strip() for each in re.split(r"\b(AND|OR)\b|([()])", text) if each and each.strip()]
    is_known = all(word in _KNOWN | {"AND", "OR", "(", ")", "EPL-1.0"} for word in known)
    return " ".join(known).replace("( ", "(").replace(" )", ")") if known and is_known else None
