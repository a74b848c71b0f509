"""Session fixation: in no order of events does an attacker who starts a sign-in get the session of whoever approves it.

The attacker starts an order on the same device, sends its link to a victim, and asks without end. The victim approves,
and the app opens the return address in the victim's browser. Every interleaving is tried, with everything that the
attacker can send: polls, returns with made-up nonces, with the nonce of an order of their own, and new starts.
"""

from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest

from shared.adapters.memory_electronic_id import persona
from tests.support.problems import problem_of
from tests.support.world import TOLVAN, Browser, World, world

SESSION = "__Host-session"
SAME_DEVICE = {"mode": "same-device", "device": "mobile"}
EVENTS = ("approve", "poll", "return", "guess", "own nonce", "cancel", "start again")


@dataclass
class Attack:
    """Two browsers and the order that the attacker started first. ``seen`` is all that the attacker was ever told."""

    world: World
    attacker: Browser
    victim: Browser
    ref: str
    nonce: str
    seen: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, world: World) -> "Attack":
        attacker, victim = Browser(world.http), Browser(world.http)
        answer = await attacker.call("POST", "/api/v1/bankid/orders", json=SAME_DEVICE)
        assert answer.status_code == 201
        e_id = world.container.electronic_id
        return cls(world, attacker, victim, e_id.latest, nonce_of(world), [answer.text, str(answer.headers)])

    async def tell(self, method: str, path: str, **more: Any) -> None:
        """The attacker asks and looks at everything."""
        self.world.container.clock.move(seconds=2)
        answer = await self.attacker.call(method, f"/api/v1/bankid/{path}", **more)
        self.seen += [answer.text, str(answer.headers)]

    async def happen(self, event: str) -> None:
        e_id = self.world.container.electronic_id
        match event:
            case "approve":
                if self.ref in e_id._orders:
                    e_id.approve(self.ref, persona(TOLVAN))
            case "poll":
                await self.tell("GET", "order")
            case "return":
                self.world.container.clock.move(seconds=2)
                back = {"nonce": self.nonce}
                problem_of(await self.victim.call("POST", "/api/v1/bankid/callback", json=back), 403, "other-browser")
            case "guess":
                await self.tell("POST", "callback", json={"nonce": "A" * 43})
            case "own nonce":
                second = Browser(self.world.http)
                await second.json("POST", "/api/v1/bankid/orders", 201, json=SAME_DEVICE)
                e_id.approve(e_id.latest, persona("199006022397"))
                await self.tell("POST", "callback", json={"nonce": nonce_of(self.world)})
            case "cancel":
                await self.tell("DELETE", "order")
            case _:
                await self.tell("POST", "orders", json=SAME_DEVICE)

    def failed(self) -> bool:
        """Whether nobody is signed in, and the attacker never learnt what brings a person back."""
        told = "".join(self.seen)
        jars = (self.attacker.cookies, self.victim.cookies)
        return not any(SESSION in jar for jar in jars) and self.nonce not in told and SESSION not in told


def nonce_of(world: World) -> str:
    """The nonce of the order that was started last: it went to the e-ID and to nobody else."""
    address = world.container.electronic_id.requests[-1].return_url
    assert address is not None
    return address.rpartition("/")[2]


ORDERS = [*permutations(("approve", "poll", "poll", "return")), *permutations(EVENTS, 4)]


@pytest.mark.parametrize("first", EVENTS)
async def test_no_interleaving_gives_the_attacker_a_session(first: str) -> None:
    """Of all of them, grouped by how they begin; polls follow at the end, as long as the order lives."""
    tried = [events for events in dict.fromkeys(ORDERS) if events[0] == first]
    assert len(tried) >= 100
    async with world() as made:
        for events in tried:
            attack = await Attack.begin(made)
            for event in events:
                await attack.happen(event)
            for _ in range(3):
                await attack.happen("poll")
            assert attack.failed(), events
    assert not [at for at in made.container.record_store._partitions if at.startswith("session|")]


async def test_the_victim_who_returns_ends_the_order_of_the_attacker(world: World) -> None:
    """Approved or not: afterwards the attacker's browser is told that it is over, and the e-ID has no such order."""
    for is_approved in (False, True):
        attack = await Attack.begin(world)
        if is_approved:
            await attack.happen("approve")
            await attack.happen("poll")
        await attack.happen("return")
        ended = await attack.attacker.json("GET", "/api/v1/bankid/order")
        assert (ended["status"], ended["hint_code"], ended["message"]) == ("failed", "otherBrowser", "other-browser")
        assert attack.ref not in world.container.electronic_id._orders
        again = await attack.attacker.call("POST", "/api/v1/bankid/callback", json={"nonce": attack.nonce})
        assert again.json().get("status") != "complete"
        assert SESSION not in attack.attacker.cookies


async def test_the_victims_own_sign_in_survives(world: World) -> None:
    """A foreign nonce that reaches a browser with an order of its own harms the foreign order only."""
    attack = await Attack.begin(world)
    await attack.victim.json("POST", "/api/v1/bankid/orders", 201, json=SAME_DEVICE)
    mine, own = world.container.electronic_id.latest, nonce_of(world)
    await attack.happen("approve")
    await attack.happen("return")
    ended = await attack.attacker.json("GET", "/api/v1/bankid/order")
    assert (ended["status"], ended["hint_code"]) == ("failed", "otherBrowser")
    world.container.electronic_id.approve(mine, persona(TOLVAN))
    world.container.clock.move(seconds=2)
    back = await attack.victim.json("POST", "/api/v1/bankid/callback", json={"nonce": own})
    assert back["status"] == "complete"
    assert SESSION in attack.victim.cookies
    await attack.happen("poll")
    assert SESSION not in attack.attacker.cookies


async def test_the_honest_return_signs_in_and_works_once(world: World) -> None:
    """Without this the tests above would prove nothing. The nonce is worth nothing afterwards, in any browser."""
    attack = await Attack.begin(world)
    await attack.happen("approve")
    flow = dict(attack.attacker.cookies)
    for _ in range(3):
        await attack.happen("poll")
    waiting = await attack.attacker.json("GET", "/api/v1/bankid/order")
    assert (waiting["status"], waiting["hint_code"]) == ("pending", "awaitingReturn")
    assert waiting["session"] is None
    back = await attack.attacker.json("POST", "/api/v1/bankid/callback", json={"nonce": attack.nonce})
    assert back["status"] == "complete"
    assert back["mode"] == "same-device"
    for jar in (flow, {}, dict(attack.attacker.cookies)):
        replay = Browser(world.http, cookies=dict(jar))
        problem_of(
            await replay.call("POST", "/api/v1/bankid/callback", json={"nonce": attack.nonce}), 403, "other-browser"
        )
        assert replay.cookies.get(SESSION) == jar.get(SESSION)
