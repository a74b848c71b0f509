"""Passwords in store: peppered, versioned, renewed when their owner signs in, and never more memory than agreed."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import argon2
import pytest

from shared.adapters.argon2_passwords import (
    HASHES_AT_ONCE,
    MAX_PASSWORD_BYTES,
    MEMORY_KIB,
    PASSES,
    Argon2Passwords,
)
from shared.domain.errors import TooManyRequestsError, WrongCredentialsError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CHEAP_KIB = 64
PASSWORD = "ordmoln-paraply-kvist-91"


@asynccontextmanager
async def passwords(
    peppers: dict[int, bytes] | None = None,
    current: int = 1,
    *,
    memory_kib: int = CHEAP_KIB,
    passes: int = 1,
    at_once: int = HASHES_AT_ONCE,
    most_waiting: int = 100,
) -> AsyncIterator[Argon2Passwords]:
    made = Argon2Passwords(
        peppers=peppers or {1: OLD},
        current=current,
        memory_kib=memory_kib,
        passes=passes,
        at_once=at_once,
        most_waiting=most_waiting,
    )
    try:
        yield made
    finally:
        await made.close()


async def test_what_is_stored_names_pepper_and_parameters_and_no_password() -> None:
    """The form of the format document, with the real cost: at least what OWASP asks for."""
    assert (MEMORY_KIB, PASSES) == (65_536, 2)
    async with passwords(memory_kib=MEMORY_KIB, passes=PASSES) as made:
        stored = await made.hash(PASSWORD)
        assert re.fullmatch(r"p1\$argon2id\$v=19\$m=65536,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", stored)
        assert await made.verify(stored, PASSWORD) is None


async def test_the_same_password_is_stored_differently() -> None:
    """Nobody sees who has the same one."""
    async with passwords() as made:
        assert await made.hash(PASSWORD) != await made.hash(PASSWORD)


@pytest.mark.parametrize("other", [PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "", "\udc80", "x" * 5000])
async def test_another_password_is_refused(other: str) -> None:
    """Cut, longer, in another case, no text at all."""
    async with passwords() as made:
        stored = await made.hash(PASSWORD)
        with pytest.raises(WrongCredentialsError):
            await made.verify(stored, other)


async def test_a_long_password_counts_to_its_last_character() -> None:
    """Nothing is cut off; what is too long for us is refused and not cut either."""
    long = "å" * 500
    async with passwords() as made:
        stored = await made.hash(long)
        with pytest.raises(WrongCredentialsError):
            await made.verify(stored, long[:-1] + "b")
        for refused in ("x" * (MAX_PASSWORD_BYTES + 1), "å" * (MAX_PASSWORD_BYTES // 2 + 1)):
            with pytest.raises(WrongCredentialsError):
                await made.hash(refused)


async def test_a_letter_is_the_same_from_every_keyboard() -> None:
    """å as one character and as two."""
    async with passwords() as made:
        assert await made.verify(await made.hash("bl\u00e5sippa"), "bla\u030asippa") is None


async def test_without_the_pepper_a_stolen_table_is_worth_nothing() -> None:
    """The hash is not one of the password itself, nor of another pepper."""
    async with passwords() as made, passwords({1: NEW}) as thief:
        stored = await made.hash(PASSWORD)
        with pytest.raises(WrongCredentialsError):
            await thief.verify(stored, PASSWORD)
        with pytest.raises(argon2.exceptions.VerifyMismatchError):
            argon2.PasswordHasher().verify(stored.removeprefix("p1"), PASSWORD)


async def test_an_older_pepper_is_renewed_at_sign_in() -> None:
    """Then the old pepper can go; before that it must not."""
    async with passwords() as before, passwords({1: OLD, 2: NEW}, 2) as after, passwords({2: NEW}, 2) as later:
        stored = await before.hash(PASSWORD)
        newer = await after.verify(stored, PASSWORD)
        assert newer is not None
        assert newer.startswith("p2$")
        assert await after.verify(newer, PASSWORD) is None
        assert await later.verify(newer, PASSWORD) is None
        with pytest.raises(WrongCredentialsError):
            await later.verify(stored, PASSWORD)


async def test_lower_parameters_are_renewed_at_sign_in() -> None:
    """Memory and passes; and only for whoever knows the password."""
    async with passwords() as before, passwords(memory_kib=2 * CHEAP_KIB) as wider, passwords(passes=2) as longer:
        stored = await before.hash(PASSWORD)
        for after, wanted in ((wider, "m=128,t=1,"), (longer, "m=64,t=2,")):
            newer = await after.verify(stored, PASSWORD)
            assert newer is not None
            assert wanted in newer
            assert await after.verify(newer, PASSWORD) is None
            with pytest.raises(WrongCredentialsError):
                await after.verify(stored, "wrong")


async def test_one_without_a_version_is_of_the_first_pepper() -> None:
    """So passwords from before there were versions go on."""
    async with passwords({1: OLD, 2: NEW}, 2) as made, passwords() as before:
        stored = (await before.hash(PASSWORD)).removeprefix("p1")
        assert (await made.verify(stored, PASSWORD) or "").startswith("p2$")


UNFIT: dict[str, str | None] = {
    "nobody": None,
    "empty": "",
    "another pepper": "p9$argon2id$v=19$m=64,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "another function": "p1$argon2i$v=19$m=64,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "too much memory": "p1$argon2id$v=19$m=4194304,t=1,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "too many passes": "p1$argon2id$v=19$m=64,t=9999999,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "many lanes": "p1$argon2id$v=19$m=64,t=1,p=8$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "no parameters": "p1$argon2id$v=19$",
    "no numbers": "p1$argon2id$v=19$m=a,t=b,p=c$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFh",
    "clear text": PASSWORD,
}


@pytest.mark.parametrize("stored", UNFIT.values(), ids=UNFIT.keys())
async def test_what_nobody_can_match_costs_one_hash_of_ours(
    stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For nobody, and for a damaged or forged record: no crash, not less work, and never more than ours."""
    async with passwords(passes=2) as made:
        tried: list[str] = []
        inner = made._hasher

        class Noting:
            def verify(self, phc: str, text: bytes) -> bool:
                tried.append(phc)
                return inner.verify(phc, text)

        monkeypatch.setattr(made, "_hasher", Noting())
        with pytest.raises(WrongCredentialsError):
            await made.verify(stored, PASSWORD)
        assert [phc.split("$")[3] for phc in tried] == ["m=64,t=2,p=1"]


def _slow(made: Argon2Passwords, monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[int]]:
    """Let every hash of ``made`` wait; the numbers at once are noted."""
    go, at_once, now, lock = threading.Event(), [0], [0], threading.Lock()
    inner: Callable[[bytes], str] = made._hash

    def held(encoded: bytes) -> str:
        with lock:
            now[0] += 1
            at_once[0] = max(at_once[0], now[0])
        go.wait(10)
        done = inner(encoded)
        with lock:
            now[0] -= 1
        return done

    monkeypatch.setattr(made, "_hash", held)
    return go, at_once


async def _until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not met():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_no_more_than_agreed_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty who sign in at the same moment take the memory of two."""
    async with passwords() as made:
        go, at_once = _slow(made, monkeypatch)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(made.hash(PASSWORD)) for _ in range(50)]
            await _until(lambda: at_once[0] == HASHES_AT_ONCE)
            go.set()
        assert len({task.result() for task in tasks}) == 50
        assert at_once[0] == HASHES_AT_ONCE


async def test_whoever_hangs_up_frees_no_memory_that_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger who sends and hangs up again and again must not start a hash each time."""
    async with passwords(at_once=2, most_waiting=4) as made:
        go, at_once = _slow(made, monkeypatch)
        for _ in range(20):
            task = asyncio.create_task(made.hash(PASSWORD))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert at_once[0] == 2
        # Those who hung up while they waited have left the queue: there is room for four again.
        waiting = [asyncio.create_task(made.hash(PASSWORD)) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequestsError):
            await made.hash(PASSWORD)
        go.set()
        assert len(await asyncio.gather(*waiting)) == 4
        assert at_once[0] == 2
        assert await made.verify(waiting[0].result(), PASSWORD) is None


async def test_who_comes_when_the_queue_is_full_is_told_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, rather than after the request's time is up; and both calls alike."""
    async with passwords(at_once=1, most_waiting=2) as made:
        go, _ = _slow(made, monkeypatch)
        waiting = [asyncio.create_task(made.hash(PASSWORD)) for _ in range(3)]
        await asyncio.sleep(0)
        for call in (made.hash(PASSWORD), made.verify(None, PASSWORD)):
            with pytest.raises(TooManyRequestsError) as told:
                await call
            assert told.value.retry_after_seconds > 0
        go.set()
        await asyncio.gather(*waiting)
        assert await made.hash(PASSWORD)
