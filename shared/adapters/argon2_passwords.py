"""Passwords hashed with Argon2id (RFC 9106) through argon2-cffi, peppered, with bounded memory.

Parameters: t=2, 64 MiB, p=1, 16-byte salt, 32-byte tag (password facts, section 7). The pepper is applied as
HMAC-SHA-256 before hashing, so that a stolen table without it cannot be guessed at.
"""

import asyncio
import hmac
import secrets

import argon2

from shared.domain.errors import WrongCredentialsError

HASHES_AT_ONCE = 2
"""Hashes computed at the same time in one instance: bounds the memory to this many times 64 MiB."""

MAX_PASSWORD_BYTES = 4096
"""Longer texts are refused before any work is done on them."""


class Argon2Passwords:
    """Hashes and verifies off the event loop."""

    def __init__(self, *, pepper: bytes, memory_kib: int = 64 * 1024, passes: int = 2) -> None:
        self._pepper = pepper
        self._hasher = argon2.PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, hash_len=32, salt_len=16
        )
        self._slots = asyncio.Semaphore(HASHES_AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, self._peppered(password))

    async def verify(self, stored: str | None, password: str) -> None:
        if self._nobodys is None:
            self._nobodys = await self.hash(secrets.token_urlsafe())
        async with self._slots:
            try:
                await asyncio.to_thread(self._hasher.verify, stored or self._nobodys, self._peppered(password))
            except argon2.exceptions.VerificationError as fault:
                raise WrongCredentialsError from fault
        if stored is None:
            raise WrongCredentialsError

    def _peppered(self, password: str) -> bytes:
        encoded = password.encode("utf-8", "surrogatepass")
        if len(encoded) > MAX_PASSWORD_BYTES:
            raise WrongCredentialsError
        return hmac.digest(self._pepper, encoded, "sha256")
