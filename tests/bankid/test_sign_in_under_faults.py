"""The whole application on the real client, while BankID and the way to it fail: in, or start again, and never wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest

from functions.api import create_api
from local.bankid.fault_kinds import AnswerFault, ConnectionFault, DeliveryFault, EvidenceFault, FaultKind, RefusalFault
from local.bankid.remote import RemoteBankId
from shared.adapters.bankid import BankIdClient
from shared.domain.deadlines import deadline
from shared.domain.ids import UnitId
from tests.support.bankid import RunningBankId
from tests.support.memory_container import PUBLIC_URL, MemoryContainer
from tests.support.scene import Scene
from tests.support.world import Browser

WHO = (AnswerFault.OTHER_PERSON, AnswerFault.HIGH_RISK)
BURST: dict[FaultKind, float] = {
    **dict.fromkeys((ConnectionFault.RESET_BEFORE_HANDSHAKE, ConnectionFault.RESET_BEFORE_REQUEST), 0.1),
    **dict.fromkeys(RefusalFault, 0.05),
    **dict.fromkeys((kind for kind in DeliveryFault if kind is not DeliveryFault.SLOW_ANSWER), 0.1),
    **dict.fromkeys(EvidenceFault, 0.05),
    **dict.fromkeys((kind for kind in AnswerFault if kind not in WHO), 0.03),
}
"""How often each of these strikes a collect. Two kinds change who it is: they have tests of their own."""

ROUNDS = 100
NAMES = {"tolvan": "Tolvan Tolvansson", "asa": "Åsa-Märta Öberg Sjöström"}


class RealClientContainer(MemoryContainer):
    """Everything in memory but the e-ID."""

    def __init__(self, client: BankIdClient) -> None:
        super().__init__()
        self._client = client

    @cached_property
    def electronic_id(self) -> BankIdClient:  # type: ignore[override]  # the memory adapter's further methods are its own
        return self._client


@dataclass(frozen=True)
class Portal:
    """The application, and the browsers before it."""

    scene: Scene
    http: httpx.AsyncClient

    async def started(self, app: RemoteBankId) -> tuple[Browser, str]:
        """A browser with an order, and the reference that it never sees."""
        before = {order.ref for order in await app.orders()}
        browser = Browser(self.http)
        await browser.json("POST", "/api/v1/bankid/orders", 201)
        (ref,) = {order.ref for order in await app.orders()} - before
        return browser, ref

    async def poll(self, browser: Browser) -> httpx.Response:
        """Two seconds later."""
        self.scene.container.clock.move(seconds=2)
        return await browser.call("GET", "/api/v1/bankid/order")

    async def ended(self, browser: Browser) -> dict[str, Any]:
        """Poll until there is an end, whatever comes before it."""
        for _ in range(ROUNDS):
            answer = await self.poll(browser)
            if answer.status_code == 200 and answer.json()["status"] != "pending":
                body: dict[str, Any] = answer.json()
                return body
        raise AssertionError("neither in nor out")

    async def whose(self, browser: Browser) -> str | None:
        """Who is signed in there."""
        answer = await browser.call("GET", "/api/v1/session")
        return answer.json()["name"] if answer.status_code == 200 else None

    def raised(self) -> int:
        """How many sessions were ever raised."""
        return len(self.scene.events("session:person:raise"))


@asynccontextmanager
async def portal(bankid: RunningBankId) -> AsyncIterator[Portal]:
    async def no_time(_: float) -> None: ...

    async with bankid.client(sleep=no_time) as client:
        container = RealClientContainer(client)
        await container.administering.prepare_platform()
        organisation = await container.administering.create_organisation("Exempelkommunen")
        scene = Scene(container=container, organisation=organisation, unit=UnitId("none"))
        transport = httpx.ASGITransport(create_api(container), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
            yield Portal(scene, http)


async def burst(app: RemoteBankId, seed: int) -> None:
    """Any collect may meet any fault, again and again. The same seed makes the same faults."""
    for number, (kind, chance) in enumerate(BURST.items()):
        endpoint = None if isinstance(kind, ConnectionFault) else "collect"
        await app.fault(kind, endpoint=endpoint, chance=chance, times=None, seed=seed * 1000 + number)


@pytest.mark.parametrize("seed", range(12))
async def test_a_burst_of_faults_lets_in_or_says_start_again(
    bankid: RunningBankId, app: RemoteBankId, seed: int
) -> None:
    """Two persons at once, each polled for twice at a time: one session each at most, and their own."""
    async with portal(bankid) as place:
        browsers = {key: await place.started(app) for key in NAMES}
        await burst(app, seed)
        for key, (browser, ref) in browsers.items():
            for _ in range(2):
                await place.poll(browser)
            await app.scan(ref)
            await app.approve(ref, key)
        ends: dict[str, list[dict[str, Any]]] = {key: [] for key in NAMES}
        for _ in range(ROUNDS):
            polls = [(key, place.poll(browser)) for key, (browser, _) in browsers.items() for _ in range(2)]
            for (key, _), answer in zip(polls, await asyncio.gather(*(poll for _, poll in polls)), strict=True):
                if answer.status_code == 200 and answer.json()["status"] != "pending":
                    ends[key].append(answer.json())
            if all(ends.values()):
                break
        await app.end_faults()
        for key, (browser, _) in browsers.items():
            sessions = [one for one in ends[key] if one["status"] == "complete"]
            failures = {one["hint_code"] for one in ends[key] if one["status"] == "failed"}
            assert (len(sessions), failures) in [(1, set()), (0, {"unresolved"})]
            assert await place.whose(browser) == (NAMES[key] if sessions else None)
        assert place.raised() == sum(one["status"] == "complete" for all_ in ends.values() for one in all_)
        assert len({ref for _, ref in browsers.values()}) == 2
        # Start again means that it works.
        for key, name in NAMES.items():
            browser, ref = await place.started(app)
            await app.scan(ref)
            await app.approve(ref, key)
            assert (await place.ended(browser))["session"]["name"] == name


def test_the_burst_has_every_kind_that_it_can() -> None:
    """What it leaves out has a test below, or one of the client alone."""
    families = (ConnectionFault, RefusalFault, AnswerFault, EvidenceFault, DeliveryFault)
    left_out = {kind for family in families for kind in family} - BURST.keys()
    assert left_out == (set(ConnectionFault) - BURST.keys()) | {
        AnswerFault.OTHER_PERSON,
        AnswerFault.HIGH_RISK,
        DeliveryFault.SLOW_ANSWER,
    }


@pytest.mark.parametrize("kind", DeliveryFault)
async def test_a_lost_result_is_start_again(bankid: RunningBankId, app: RemoteBankId, kind: DeliveryFault) -> None:
    """BankID has told it and nobody knows whom: never signed in, and said clearly."""
    async with portal(bankid) as place:
        browser, ref = await place.started(app)
        await app.scan(ref)
        await app.approve(ref)
        await app.fault(kind, status="complete")
        with deadline(time.monotonic() + 1):
            await place.poll(browser)
        end = await place.ended(browser)
        assert (end["status"], end["hint_code"]) == ("failed", "unresolved")
        assert (await place.whose(browser), place.raised()) == (None, 0)


@pytest.mark.parametrize("kind", DeliveryFault)
async def test_a_lost_start_leaves_one_order_and_no_flow(
    bankid: RunningBankId, app: RemoteBankId, kind: DeliveryFault
) -> None:
    """Whoever approves the order that nobody knows signs nobody in."""
    async with portal(bankid) as place:
        browser = Browser(place.http)
        await app.fault(kind, endpoint="auth")
        with deadline(time.monotonic() + 1):
            answer = await browser.call("POST", "/api/v1/bankid/orders")
        assert answer.status_code == 503
        (order,) = await app.orders()
        await app.scan(order.ref)
        await app.approve(order.ref)
        assert (await place.poll(browser)).status_code == 404
        assert place.raised() == 0


@pytest.mark.parametrize("kind", [AnswerFault.HIGH_RISK, AnswerFault.NO_RISK])
async def test_a_risk_that_is_high_or_unknown_lets_nobody_in(
    bankid: RunningBankId, app: RemoteBankId, kind: AnswerFault
) -> None:
    """Whoever else is on the line is not let in with them."""
    async with portal(bankid) as place:
        browser, ref = await place.started(app)
        await app.scan(ref)
        await app.approve(ref)
        await app.fault(kind)
        assert (await place.ended(browser))["status"] == "failed"
        assert (await place.whose(browser), place.raised()) == (None, 0)


async def test_somebody_else_is_somebody_else(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Who signs in is who BankID says, whoever was expected: whole, and not mixed with another."""
    async with portal(bankid) as place:
        browser, ref = await place.started(app)
        await app.scan(ref)
        await app.approve(ref, "tolvan")
        await app.fault(AnswerFault.OTHER_PERSON)
        name = (await place.ended(browser))["session"]["name"]
        assert name != NAMES["tolvan"]
        assert await place.whose(browser) == name
