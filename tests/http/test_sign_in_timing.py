"""Enumeration by time: 2,000 samples of each pair of answers, by Mann-Whitney (threat facts, section 7 item 9)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from shared.adapters.argon2_passwords import Argon2Passwords
from shared.domain.ids import StaffId
from tests.support.factor_browsers import Member
from tests.support.scene import Instance
from tests.support.taps import Tap
from tests.support.timings import deviation, measured, superiority
from tests.support.world import Browser, World, world

SIGN_IN, RESET = "/api/v1/staff/sign-in", "/api/v1/staff/password-reset"
ROUNDS = 1000
"""Of each of two: 2,000 samples."""

TELLING = 5
"""Standard deviations. One honest run in two million is that far off; a hash that is left out is 20 or more."""

UNKNOWN = "nobody@example.com"
UNLIMITED = {
    f"PIC_LIMIT_STAFF_{name}": "1000000/60"
    for name in ("PER_NETWORK", "PER_ACCOUNT_AND_NETWORK", "PER_ACCOUNT", "IN_ALL", "QUESTIONS_PER_NETWORK")
}


@asynccontextmanager
async def hashing_world() -> AsyncIterator[World]:
    """A world with the real function, at a cost that is small and yet more than everything around it."""
    async with world(**UNLIMITED) as made:
        passwords = Argon2Passwords(peppers={1: bytes(range(32))}, current=1, memory_kib=1024, passes=1)
        made.container.__dict__["passwords"] = passwords
        del made.container.__dict__["administering"]  # It was made with the quick ones.
        try:
            yield made
        finally:
            await passwords.close()


async def without_password(made: World, address: str) -> None:
    """Somebody who was invited and has not chosen a password."""
    before = {place for place in made.container.record_store._partitions if place.startswith("login|")}
    await made.member(address)
    (partition,) = {place for place in made.container.record_store._partitions if place.startswith("login|")} - before
    record = await made.container.records.get(partition, "login")
    await made.container.record_store.replace_if_match(record, {**record.body, "password": None})


async def who_left(made: World, address: str) -> StaffId:
    """Somebody who has left the organisation."""
    staff = await made.member(address)
    await made.container.staffing.leave(made.organisation, staff, successor=None, by="system")
    return staff


def trying(made: World, path: str, status: int, **body: str) -> Callable[[], Awaitable[None]]:
    """A probe: the request, and that it is answered as it should."""

    async def probe() -> None:
        answer: httpx.Response = await Browser(made.http).call("POST", path, json=body)
        assert answer.status_code == status
        made.container.queues.queued.clear()

    return probe


async def test_the_time_of_a_refusal_does_not_tell_whether_there_is_an_account() -> None:
    """Known, with a second factor, gone, and without a password yet: none can be told from an unknown one."""
    async with hashing_world() as made:
        await made.member("known@example.com")
        await who_left(made, "left@example.com")
        await without_password(made, "invited@example.com")
        await made.signed_in("known@example.com")  # Its hash is a real one.
        guarded = await Member.new(made)
        await guarded.enrol_app(await guarded.signed_in())
        names = {name: f"{name}@example.com" for name in ("known", "left", "invited", "nobody")}
        names["guarded"] = guarded.address
        probes = {
            name: trying(made, SIGN_IN, 401, mail_address=address, password="ordmoln-paraply-kvist-92")
            for name, address in names.items()
        }
        found = await measured(probes, rounds=ROUNDS)
    apart = {name: abs(superiority(found[name], found["nobody"]) - 0.5) for name in probes if name != "nobody"}
    bound = TELLING * deviation(found["nobody"], found["nobody"])
    assert all(distance < bound for distance in apart.values()), apart


async def test_the_time_of_a_question_does_not_tell_whether_there_is_an_account() -> None:
    """For a new password: known, unknown, gone."""
    async with world(**UNLIMITED) as made:
        await made.member("known@example.com")
        await who_left(made, "left@example.com")
        probes = {
            name: trying(made, RESET, 202, mail_address=f"{name}@example.com") for name in ("known", "left", "nobody")
        }
        found = await measured(probes, rounds=ROUNDS)
    apart = {name: abs(superiority(found[name], found["nobody"]) - 0.5) for name in ("known", "left")}
    assert all(distance < TELLING * deviation(found["left"], found["left"]) for distance in apart.values()), apart


async def test_the_measurement_sees_a_hash_that_is_left_out() -> None:
    """A test that could not fail would prove nothing: one that answers strangers at once is found out."""

    async def hashes(work: Callable[[], Awaitable[object]]) -> None:
        await work()

    passwords = Argon2Passwords(peppers={1: bytes(range(32))}, current=1, memory_kib=1024, passes=1)
    try:
        found = await measured(
            {
                "hashing": lambda: hashes(lambda: passwords.hash("x")),
                "not": lambda: hashes(lambda: asyncio.sleep(0)),
            },
            rounds=100,
        )
    finally:
        await passwords.close()
    distance = abs(superiority(found["hashing"], found["not"]) - 0.5)
    assert distance > TELLING * deviation(found["not"], found["not"])


@pytest.mark.parametrize("address", ["known@example.com", "left@example.com", "invited@example.com"])
async def test_the_first_attempt_of_all_makes_the_same_calls(address: str) -> None:
    """What counts attempts begins to count for every address alike, so that its first time tells nothing either."""
    async with world() as made:
        await made.member("known@example.com")
        await who_left(made, "left@example.com")
        await without_password(made, "invited@example.com")
        calls = []
        for tried in ("earlier@example.com", address, UNKNOWN):  # The first begins the counts of the network.
            tap = Tap()
            browser = await _behind(made, tap)
            answer = await browser.call("POST", SIGN_IN, json={"mail_address": tried, "password": "wrong"})
            assert answer.status_code == 401
            calls.append([(call.name, _kind(call.at)) for call in tap.calls])
        assert calls[1] == calls[2]
        assert len(calls[1]) > 10


async def _behind(made: World, tap: Tap) -> Browser:
    """A browser that reaches another instance on the same stores, behind a tap."""
    from functions.api import create_api  # noqa: PLC0415 - the worlds keep theirs

    transport = httpx.ASGITransport(create_api(Instance(made.container, tap)))
    return Browser(httpx.AsyncClient(transport=transport, base_url="http://portal.test"))


def _kind(at: str) -> str:
    """What sort of record a call was for, without whose: logs differ by organisation and platform."""
    return at.partition("|")[0]


def test_a_difference_is_reckoned_right() -> None:
    """All longer, all shorter, all alike, and by halves."""
    assert superiority([2, 3], [0, 1]) == 1
    assert superiority([0], [1, 2, 3]) == 0
    assert superiority([1, 1], [1, 1]) == 0.5
    assert superiority([0, 2], [1]) == 0.5
