"""Members of staff with second factors, as their browsers and devices see the service."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from shared.crypto.one_time_codes import code_of, step_of
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.passkeys import relying_party
from shared.domain.principals import Role
from tests.support.authenticator import Authenticator
from tests.support.memory_container import PASSWORD, PUBLIC_URL
from tests.support.world import Browser, World

SIGN_IN = "/api/v1/staff/sign-in"
FACTORS = "/api/v1/staff/factors"
STEP_UP = "/api/v1/staff/step-up"
SESSION, STEP, FLOW = "__Host-session", "__Host-second-step", "__Host-passkey"

_numbers = itertools.count(1)


@dataclass
class Member:
    """Somebody with an address and a password, and what they set up since."""

    world: World
    staff: StaffId
    address: str
    secrets: list[str] = field(default_factory=list)
    apps: list[str] = field(default_factory=list)

    @classmethod
    async def new(
        cls, world: World, *, role: Role = Role.MEMBER, organisation: OrganisationId | None = None
    ) -> "Member":
        address = f"member{next(_numbers)}@example.com"
        units = () if organisation else None
        return cls(world, await world.member(address, role=role, organisation=organisation, units=units), address)

    async def give_password(self, browser: Browser, password: str = PASSWORD) -> httpx.Response:
        """The first step."""
        credentials = {"mail_address": self.address, "password": password}
        answer = await browser.call("POST", SIGN_IN, json=credentials)
        if answer.status_code == 200:
            browser.csrf = answer.json()["csrf_token"]
        return answer

    async def signed_in(self) -> Browser:
        """A browser that needed the password alone."""
        browser = Browser(self.world.http)
        assert (await self.give_password(browser)).status_code == 200
        return browser

    async def half_signed_in(self) -> Browser:
        """A browser that has given the password and is asked for more."""
        browser = Browser(self.world.http)
        answer = await self.give_password(browser)
        assert answer.status_code == 202, answer.text
        return browser

    def code(self, *, app: int = 0, drift: int = 0) -> str:
        """What an app shows, or will show, or has shown."""
        return code_of(self.secrets[app], step_of(self.world.container.clock()) + drift)

    def next_code(self, *, app: int = 0) -> str:
        """A code that was not used: half a minute later."""
        self.world.container.clock.move(seconds=30)
        return self.code(app=app)

    async def enrol_app(self, browser: Browser) -> httpx.Response:
        """Set up an app in this browser; returns the answer to its first code."""
        begun = await browser.json("POST", f"{FACTORS}/apps", 201, json={"name": "Telefonen"})
        self.secrets.append(begun["secret"])
        self.apps.append(begun["factor"])
        code = self.next_code(app=len(self.secrets) - 1)
        answer = await browser.call("POST", f"{FACTORS}/apps/{begun['factor']}/confirm", json={"code": code})
        assert answer.status_code == 200, answer.text
        browser.csrf = answer.json()["csrf_token"]
        return answer

    async def enrol_passkey(self, browser: Browser, **lies: Any) -> Authenticator:
        """Set up a passkey in this browser, some time after whatever was set up before."""
        self.world.container.clock.move(seconds=1)
        authenticator = device(**lies)
        options = await browser.json("POST", f"{FACTORS}/passkeys/options")
        made = authenticator.create(options)
        answer = await browser.call("POST", f"{FACTORS}/passkeys", json=new_passkey(made))
        assert answer.status_code == 201, answer.text
        browser.csrf = answer.json()["csrf_token"]
        return authenticator

    async def with_code(self, browser: Browser, code: str) -> httpx.Response:
        """The second step by an app."""
        return await finished(browser, "code", {"code": code})

    async def with_passkey(self, browser: Browser, authenticator: Authenticator) -> httpx.Response:
        """The second step, or the only one, by a passkey."""
        options = await browser.json("POST", f"{SIGN_IN}/passkey/options")
        return await finished(browser, "passkey", proof(authenticator.get(options)))


def device(**lies: Any) -> Authenticator:
    """An authenticator in a browser at our address."""
    return replace(Authenticator(origin=PUBLIC_URL, rp_id=relying_party(PUBLIC_URL)), **lies)


def new_passkey(made: dict[str, Any], name: str = "Nyckeln") -> dict[str, Any]:
    """What our page sends of a passkey that was made."""
    return {"name": name, "id": made["id"], "response": made["response"]}


def proof(got: dict[str, Any]) -> dict[str, Any]:
    """What our page sends of a challenge that was signed."""
    return {"id": got["id"], "response": got["response"]}


async def finished(browser: Browser, way: str, body: dict[str, Any]) -> httpx.Response:
    """The second step in one of its ways; the browser keeps what it gets."""
    answer = await browser.call("POST", f"{SIGN_IN}/{way}", json=body)
    if answer.status_code == 200:
        browser.csrf = answer.json()["csrf_token"]
    return answer


def copied(browser: Browser) -> Browser:
    """Somebody else with the same cookies."""
    return Browser(browser.http, browser.csrf, dict(browser.cookies))


def held(browser: Browser) -> set[str]:
    """The cookies that this browser has, without the one by which the limits know it."""
    return set(browser.cookies) - {"__Host-known"}


async def is_in(browser: Browser) -> bool:
    """Whether the session in this browser opens what staff do."""
    return (await browser.call("GET", "/api/v1/units")).status_code == 200
