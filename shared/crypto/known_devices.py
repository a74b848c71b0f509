"""What a browser keeps to show that somebody has proved a password in it before: a random name and marks of accounts.

A mark is an HMAC over the browser's name and the account, so nobody can make one, and it says nothing to who reads it.
It lets in nobody: it only gives the browser its own count of attempts, which no stranger can use up (ADR 0026).
"""

import hmac
import re
from typing import Final

from shared.crypto.pseudonyms import MIN_PEPPER_BYTES
from shared.crypto.tokens import new_token
from shared.domain.ids import RandomBytes

MOST_ACCOUNTS: Final = 5
"""Of one browser: colleagues who share a computer."""

_FORM: Final = re.compile(r"([A-Za-z0-9_-]{43})((?:\.[0-9a-f]{32}){0,5})", re.ASCII)


def device_knowing(text: str | None, login: str, pepper: bytes) -> str | None:
    """The name of the browser that brings ``text``, if the account ``login`` was proved in it; else None."""
    name, marks = _parsed(text)
    mark = "" if name is None else _mark(name, login, pepper)
    return name if any(hmac.compare_digest(mark, known) for known in marks) else None


def marked(text: str | None, login: str, pepper: bytes, random: RandomBytes) -> str:
    """What the browser that brought ``text`` keeps from now on: the accounts that were proved last."""
    name, marks = _parsed(text)
    name = name or new_token(random)
    mark = _mark(name, login, pepper)
    kept = [mark, *(each for each in marks if each != mark)][:MOST_ACCOUNTS]
    return ".".join((name, *kept))


def _parsed(text: str | None) -> tuple[str | None, tuple[str, ...]]:
    found = _FORM.fullmatch(text or "")
    if found is None:
        return None, ()
    return found[1], tuple(found[2].split(".")[1:])


def _mark(name: str, login: str, pepper: bytes) -> str:
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError("a pepper has fewer than 32 bytes")
    return hmac.digest(pepper, f"pic/known-device/v1:{login}:{name}".encode(), "sha256")[:16].hex()
