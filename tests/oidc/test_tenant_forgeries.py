"""What somebody in the place of a tenant may claim: nothing that it did not sign for us, now, gets a session."""

import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.domain.entra_rules import CONSUMERS
from tests.oidc import hostile as hostiles
from tests.oidc.brokers import query_of
from tests.oidc.hostile import DISCOVERY, KEY, OTHER_KEY, Answer, Hostile, part, public
from tests.oidc.tenants import CLIENT_ID
from tests.support import world as worlds
from tests.support.entra import FAILED, GROUP, OBJECT, OTHER_TENANT, TENANT, WORK, give_tenant, mapped, rule
from tests.support.world import Browser, World

START = "/api/v1/staff/entra/start"
CALLBACK = "/api/v1/staff/entra/callback"


class LyingTenant(Hostile):
    """As a broker that lies: all tenants of the world, as whoever stands between us and them would play them."""

    def stated(self) -> dict[str, Any]:
        now = int(self.now().timestamp())
        claims = {
            "iss": f"{self.issuer}/{TENANT}/v2.0",
            "aud": CLIENT_ID,
            "sub": "somebody",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "ver": "2.0",
            "tid": TENANT,
            "oid": OBJECT,
            "name": "Bo Exempel",
            "groups": [GROUP],
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def _honest(self) -> dict[str, Answer]:
        return {**super()._honest(), "/organizations/v2.0" + DISCOVERY: self._pattern}

    async def _pattern(self, request: Request) -> Response:
        self.metadata = {"issuer": f"{self.issuer}/{{tenantid}}/v2.0", **self.metadata}
        return await self._discovery(request)


@dataclass
class Attack:
    """The application and the tenants that lie to it."""

    world: World
    tenant: LyingTenant

    async def attempt(self, query: str = "") -> str:
        """One sign-in: where it ends, or the word that it fails with."""
        browser = Browser(self.world.http)
        asked = query_of((await browser.json("POST", START, json={}))["authorization_url"])
        self.tenant.nonce = asked["nonce"]
        answer = await browser.call("GET", f"{CALLBACK}?code=code&state={asked['state']}{query}")
        where: str = answer.headers["location"]
        assert (where == WORK) is ("__Host-session" in browser.cookies)
        self.world.container.clock.move(milliseconds=1)
        return where.removeprefix(FAILED)

    async def reason(self) -> str:
        """Why the last one was refused: by the log of the platform, because nothing was believed."""
        page = await self.world.container.records.query(
            f"audit|platform|{self.world.container.clock.now:%Y%m}", limit=1000
        )
        return [str(r.body["reason"]) for r in page.records if r.body["event"] == "session:broker:refuse"][-1]


@pytest.fixture
async def attack() -> AsyncIterator[Attack]:
    """An organisation that lets in whoever has a group."""
    async with hostiles.listening(LyingTenant) as tenant:
        settings = {"PIC_ENTRA_CLIENT_ID": CLIENT_ID, "PIC_ENTRA_CLOUD": tenant.issuer}
        async with worlds.world(**settings) as world:
            tenant.now = world.container.clock
            await give_tenant(world)
            await rule(world, mapped(GROUP))
            yield Attack(world, tenant)
            await world.container.close()


async def test_an_honest_answer_gets_a_session(attack: Attack) -> None:
    """What all refusals below differ from in one thing."""
    assert await attack.attempt() == WORK


CLAIMS: Mapping[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"iss": ...}, "issuer"),
    "an issuer elsewhere": ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}, "issuer"),
    "the pattern as issuer": ({"iss": "{tenantid}"}, "issuer"),
    "no tenant": ({"tid": ...}, "tenant"),
    "a tenant that is not its issuer's": ({"tid": OTHER_TENANT}, "issuer"),
    "private accounts": ({"tid": CONSUMERS}, "tenant"),
    "a tenant in upper case": ({"tid": OTHER_TENANT.upper()}, "tenant"),
    "a list of tenants": ({"tid": [TENANT]}, "tenant"),
    "a tenant with a path in it": ({"tid": f"{TENANT}/../{TENANT}"}, "tenant"),
    "a token of version 1": ({"ver": "1.0"}, "version"),
    "no version": ({"ver": ...}, "version"),
    "no audience": ({"aud": ...}, "audience"),
    "another application": ({"aud": TENANT}, "audience"),
    "another application beside us": ({"aud": [CLIENT_ID, TENANT]}, "audience"),
    "another party": ({"azp": TENANT}, "authorized-party"),
    "no object": ({"oid": ...}, "subject"),
    "an object that is no id": ({"oid": "anna@example.com"}, "subject"),
    "no nonce": ({"nonce": ...}, "nonce"),
    "another nonce": ({"nonce": "A" * 43}, "nonce"),
    "no end": ({"exp": ...}, "expired"),
    "an end beyond all time": ({"exp": 1e300}, "expired"),
    "no time of issue": ({"iat": ...}, "issued-at"),
    "no name": ({"name": ...}, "name"),
    "a name with a line in it": ({"name": "A\nB"}, "name"),
    "groups that are a number": ({"groups": 7}, "form"),
    "groups that are no texts": ({"groups": [GROUP, {"a": 1}]}, "form"),
    "groups without end": ({"groups": [GROUP] * 301}, "form"),
    "roles that are an object": ({"roles": {"Pic.Admin": True}}, "form"),
    "factors that are a fact": ({"amr": True}, "form"),
    "a time of signing in that is a text": ({"auth_time": "now"}, "authentication-time"),
}


@pytest.mark.parametrize("lie", CLAIMS)
async def test_one_claim_that_lies_is_enough(attack: Attack, lie: str) -> None:
    """Signed by the right key, and not believed."""
    attack.tenant.claims, word = CLAIMS[lie]
    assert await attack.attempt() == "failed"
    assert await attack.reason() == word


@pytest.mark.parametrize(("seconds", "word"), [(331, "expired"), (-31, "issued-at")])
async def test_a_token_is_of_now(attack: Attack, seconds: int, word: str) -> None:
    """Neither of before nor of later, beyond what clocks may differ."""
    clock = attack.world.container.clock
    attack.tenant.now = lambda: clock() - timedelta(seconds=seconds)
    assert await attack.attempt() == "failed"
    assert await attack.reason() == word


def _unsigned(tenant: LyingTenant) -> str:
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(tenant.stated())}."


def _by_public_key(tenant: LyingTenant) -> str:
    """HS256 with our copy of the public key as the secret."""
    text = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(tenant.stated())}"
    return f"{text}.{part(hmac.digest(KEY.as_pem(private=False), text.encode(), 'sha256'))}"


FORGED: Mapping[str, tuple[Callable[[LyingTenant], str], str]] = {
    "unsigned": (_unsigned, "algorithm"),
    "by the public key as a secret": (_by_public_key, "algorithm"),
    "by another key": (lambda tenant: tenant.signed(tenant.stated(), OTHER_KEY), "signature"),
    "no token": (lambda _: "a.b", "form"),
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_what_the_tenant_did_not_sign_is_nothing(attack: Attack, forgery: str) -> None:
    """With every claim as it should be."""
    make, word = FORGED[forgery]

    async def token(_: Request) -> Response:
        return JSONResponse({"id_token": make(attack.tenant), "access_token": "a", "token_type": "Bearer"})

    attack.tenant.instead["/token"] = token
    assert await attack.attempt() == "failed"
    assert await attack.reason() == word


async def test_an_unknown_key_is_no_key(attack: Attack) -> None:
    """By its name in the header."""
    attack.tenant.header = {"kid": "second"}
    assert await attack.attempt() == "failed"
    assert await attack.reason() == "key"


async def test_a_key_of_one_issuer_signs_for_no_other(attack: Attack) -> None:
    """As Entra ID marks keys: with the pattern for all tenants, or with one tenant's issuer."""
    attack.tenant.keys = [public(KEY, issuer=f"{attack.tenant.issuer}/{OTHER_TENANT}/v2.0")]
    assert await attack.attempt() == "failed"
    assert await attack.reason() == "issuer"


async def test_a_key_of_all_tenants_signs_for_each(attack: Attack) -> None:
    """The usual case."""
    attack.tenant.keys = [public(KEY, issuer=f"{attack.tenant.issuer}/{{tenantid}}/v2.0")]
    assert await attack.attempt() == WORK


@pytest.mark.parametrize("stated", ["https://login.example", f"/{OTHER_TENANT}/v2.0", f"/{CONSUMERS}/v2.0"])
async def test_an_answer_that_names_another_issuer_is_a_mix_up(attack: Attack, stated: str) -> None:
    """Also another tenant than the token's (RFC 9207)."""
    issuer = attack.tenant.issuer + stated if stated.startswith("/") else stated
    assert await attack.attempt(f"&iss={issuer}") == "failed"
    assert await attack.reason() == "issuer"


async def test_a_discovery_document_of_another_authority_is_refused(attack: Attack) -> None:
    """Before any browser is sent there."""
    attack.tenant.metadata = {"issuer": "https://login.example/{tenantid}/v2.0"}
    assert (await Browser(attack.world.http).call("POST", START, json={})).status_code == 503
