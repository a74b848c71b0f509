"""Passwords for unit tests: a salted SHA-256, quick and useless against anyone who steals it."""

import hashlib
import secrets

from shared.domain.errors import WrongCredentialsError


class MemoryPasswords:
    """The port in memory."""

    async def hash(self, password: str) -> str:
        salt = secrets.token_hex(8)
        return f"{salt}${_digest(salt + password)}"

    async def verify(self, stored: str | None, password: str) -> str | None:
        salt, _, digest = (stored or "x$").partition("$")
        if _digest(salt + password) != digest:
            raise WrongCredentialsError
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
