"""Function keys: made once, kept in a file that only its owner can read, compared in constant time."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable
from hmac import compare_digest
from pathlib import Path

from local.host.errors import HostError
from local.host.functions import Level

FILE_NAME = "keys.json"


class KeyRing:
    """The master key, the host key (opens every function) and one key for each function."""

    def __init__(self, master: str, host: str, functions: dict[str, str]) -> None:
        self._master = master
        self._host = host
        self._functions = functions

    def admits(self, level: Level, function: str, presented: str | None) -> bool:
        """Whether a request with this key may reach a function of this level."""
        match level:
            case Level.ANONYMOUS:
                return True
            case Level.FUNCTION:
                own = self._functions.get(function, self._host)
                return _is_one_of(presented, [self._master, self._host, own])
            case Level.ADMIN:
                return self.is_master(presented)

    def is_master(self, presented: str | None) -> bool:
        """Whether this is the key for the host's own addresses."""
        return _is_one_of(presented, [self._master])


def _is_one_of(presented: str | None, accepted: list[str]) -> bool:
    if not presented:
        return False
    return any(compare_digest(presented.encode(), key.encode()) for key in accepted)


def load_keys(folder: Path, functions: Iterable[str]) -> KeyRing:
    """Read the keys, first making those that are missing.

    The file, mode 0600: `{"masterKey": ..., "functionKeys": {"default": ...}, "functions": {NAME: {"default": ...}}}`.
    Two hosts that start at once on one folder agree: a lock makes them take turns.

    Raises:
        HostError: The file is there but is not such a file.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE_NAME
    lock = os.open(folder / (FILE_NAME + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            master = stored.get("masterKey") or _new_key()
            host = stored.get("functionKeys", {}).get("default") or _new_key()
            known = {name: keys["default"] for name, keys in stored.get("functions", {}).items()}
        except (ValueError, AttributeError, KeyError, TypeError) as exc:
            raise HostError(f"{path} is not a key file: remove it to have new keys made") from exc
        for name in functions:
            known.setdefault(name, _new_key())
        document = {
            "masterKey": master,
            "functionKeys": {"default": host},
            "functions": {name: {"default": key} for name, key in sorted(known.items())},
        }
        if document != stored:
            _replace(path, json.dumps(document, indent=2) + "\n")
        path.chmod(0o600)
    finally:
        os.close(lock)
    return KeyRing(master, host, known)


def _new_key() -> str:
    return secrets.token_urlsafe(40)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
