"""Passwords hashed with Argon2id (RFC 9106) through argon2-cffi, peppered, with bounded memory and a bounded queue.

Parameters: t=2, 64 MiB, p=1, 16-byte salt, 32-byte tag (password facts, section 7). The pepper is applied as
HMAC-SHA-256 before hashing, so that a stolen table without it cannot be guessed at. What is stored names the version of
its pepper and, as PHC texts do, its parameters: ``p<version>$argon2id$v=19$m=65536,t=2,p=1$<salt>$<tag>``. Whatever
is not of the current ones is hashed anew when its owner proves the password.
"""

import asyncio
import base64
import hmac
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import argon2

from shared.domain.errors import TooManyRequestsError, WrongCredentialsError

T = TypeVar("T")

MEMORY_KIB: Final = 64 * 1024
PASSES: Final = 2

HASHES_AT_ONCE: Final = 2
"""Threads that hash in one instance: bounds the memory to this many times 64 MiB, whoever hangs up meanwhile."""

MOST_WAITING: Final = 62
"""Hashes that wait for a thread, 4 seconds of work. Whoever comes when there are as many is told to come back."""

BUSY_SECONDS: Final = 3
"""When to come back: by then most of those who wait have been served."""

MAX_PASSWORD_BYTES: Final = 4096
"""Longer texts are refused before any work is done on them."""

_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 32
_STORED: Final = re.compile(r"(?:p([1-9][0-9]{0,8}))?(\$argon2id\$v=19\$.{10,200})", re.ASCII)
"""One without a version is of before there were any: it is of the first."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """``phc`` is the text that argon2-cffi knows; ``is_somebodys`` is false for one that is only there to take time."""

    pepper: int
    phc: str
    is_somebodys: bool


class Argon2Passwords:
    """Hashes and verifies in threads of its own. ``peppers`` by version; ``current`` is that of new hashes.

    ``memory_kib`` and ``passes`` are those of new hashes; a stored one that would take more is not looked at.
    """

    def __init__(
        self,
        *,
        peppers: Mapping[int, bytes],
        current: int,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
        at_once: int = HASHES_AT_ONCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._peppers = dict(peppers)
        self._current = current
        self._memory_kib = memory_kib
        self._passes = passes
        self._hasher = argon2.PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, hash_len=_TAG_BYTES, salt_len=_SALT_BYTES
        )
        # Nobody's: of the current cost, and no password leads to a tag that was drawn.
        self._nobodys = _Stored(
            current,
            f"$argon2id$v=19$m={memory_kib},t={passes},p=1${_base64(_SALT_BYTES)}${_base64(_TAG_BYTES)}",
            is_somebodys=False,
        )
        self._places = threading.BoundedSemaphore(at_once + most_waiting)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")

    async def close(self) -> None:
        """End the threads once what they do is done; what waits is dropped."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def hash(self, password: str) -> str:
        encoded = _encoded(password)
        return await self._in_turn(lambda: self._hash(encoded))

    async def verify(self, stored: str | None, password: str) -> str | None:
        encoded, found = _encoded(password), self._parsed(stored)
        return await self._in_turn(lambda: self._verify(found, encoded))

    def _hash(self, encoded: bytes) -> str:
        return f"p{self._current}{self._hasher.hash(self._peppered(self._current, encoded))}"

    def _verify(self, stored: _Stored, encoded: bytes) -> str | None:
        """Every way through a wrong password costs one hash, so that its time does not tell what was wrong."""
        try:
            self._hasher.verify(stored.phc, self._peppered(stored.pepper, encoded))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError) as fault:
            raise WrongCredentialsError from fault
        if not stored.is_somebodys:
            raise WrongCredentialsError
        is_current = stored.pepper == self._current and not self._hasher.check_needs_rehash(stored.phc)
        return None if is_current else self._hash(encoded)

    def _parsed(self, stored: str | None) -> _Stored:
        """What is stored; nobody's where there is none, or none that may be tried: it would cost no hash, or many."""
        # Nobody's is read as well: the reading alone would tell.
        found = _STORED.fullmatch(stored or f"p{self._nobodys.pepper}{self._nobodys.phc}")
        if found is None:
            return self._nobodys
        pepper = int(found[1] or 1)
        try:
            cost = argon2.extract_parameters(found[2])
        except argon2.exceptions.InvalidHashError:
            return self._nobodys
        too_dear = cost.memory_cost > self._memory_kib or cost.time_cost > self._passes or cost.parallelism != 1
        if pepper not in self._peppers or too_dear:
            return self._nobodys
        return _Stored(pepper, found[2], is_somebodys=bool(stored))

    def _peppered(self, version: int, encoded: bytes) -> bytes:
        return hmac.digest(self._peppers[version], encoded, "sha256")

    async def _in_turn(self, work: Callable[[], T]) -> T:
        """Do it in a thread when its turn comes.

        A request that is cancelled gives up its place in the queue; what a thread has begun it ends, and only then
        is its memory anybody else's. A semaphore in the loop would be free while the thread still hashes.
        """
        if not self._places.acquire(blocking=False):
            raise TooManyRequestsError(BUSY_SECONDS)

        def leave(_: Future[T]) -> None:
            self._places.release()

        try:
            future = self._threads.submit(work)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(leave)
        return await asyncio.wrap_future(future)


def _encoded(password: str) -> bytes:
    """In one form of Unicode: a Mac and a PC may send the same letter as one character or as two.

    (NIST SP 800-63B-4 section 3.1.1.2.) Raises ``WrongCredentialsError`` over ``MAX_PASSWORD_BYTES``.
    """
    if len(password) > MAX_PASSWORD_BYTES:
        raise WrongCredentialsError
    encoded = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    if len(encoded) > MAX_PASSWORD_BYTES:
        raise WrongCredentialsError
    return encoded


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode("ascii")
