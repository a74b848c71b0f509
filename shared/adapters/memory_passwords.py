"""Passwords for unit tests: a salted SHA-256, quick and useless against anyone who steals it."""

import hashlib
import secrets

from shared.domain.errors import WrongCredentialsError


class MemoryPasswords:
    """The port in memory."""

    async def hash(self, password: str) -> str:
        salt = secrets.token_hex(8)
        return f"{salt}${hashlib.sha256((salt + password).encode()).hexdigest()}"

    async def verify(self, stored: str | None, password: str) -> None:
        salt, _, digest = (stored or "x$").partition("$")
        if hashlib.sha256((salt + password).encode()).hexdigest() != digest:
            raise WrongCredentialsError
