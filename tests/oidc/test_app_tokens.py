"""Access tokens of Entra ID for applications: taken from the bound application, and from nobody else.

The tokens are ours, shaped as Microsoft documents version 2.0; the keys are served on this machine as the tenants' are.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from joserfc import jwk, jws, jwt
from joserfc.jwa import JWSAlgModel

from shared.domain.api_clients import EntraApp
from shared.domain.errors import ConflictError, InvalidInputError
from shared.domain.ids import ClientId, OrganisationId
from shared.domain.principals import Role
from shared.domain.scopes import Scope
from shared.services.administering_clients import NewClient
from tests.support.memory_container import MemoryContainer
from tests.support.problems import problem_of
from tests.support.world import Browser, World, world

TENANT, OTHER_TENANT, STRANGE_TENANT = (f"0000000{n}-aaaa-4bbb-8ccc-0123456789ab" for n in (1, 2, 3))
APP, OTHER_APP = (f"0000000{n}-dddd-4eee-8fff-0123456789ab" for n in (1, 2))
AUDIENCE = "5d7a1f0e-1111-4222-8333-0123456789ab"
OBJECT = "9b2c3d4e-1111-4222-8333-0123456789ab"
UNITS = "/api/v1/units"

KEY, OTHER_KEY = (jwk.RSAKey.generate_key(2048, {"kid": kid}) for kid in ("one", "other"))

Claims = dict[str, Any]


class Anything(jws.JWSRegistry):
    """Signs whatever a forger would."""

    def get_alg(self, name: str) -> JWSAlgModel:
        return self.algorithms[name]

    def check_header(self, header: Any) -> None:
        pass


class Authority:
    """Serves the keys of tenants, counts who asks, and fails when told to."""

    def __init__(self) -> None:
        self.keys = [KEY.as_dict(private=False)]
        self.asked: list[str] = []
        self.status = 200
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split(b" ")[1].decode())
        body = json.dumps({"keys": self.keys}).encode()
        lines = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(lines.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Authority]:
    authority = Authority()
    server = await asyncio.start_server(authority.answer, "127.0.0.1", 0)
    authority.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield authority


class Again(MemoryContainer):
    """The same stores under other settings: the tenants' organisations exist only once they are made."""

    def __init__(self, first: MemoryContainer, **environment: str) -> None:
        super().__init__(**environment)
        shared = ("record_store", "keys", "clock", "blobs", "queues", "passwords")
        self.__dict__.update({name: getattr(first, name) for name in shared})


@dataclass
class Bound:
    """A client that is an application of Entra ID, and another organisation with a tenant of its own."""

    world: World
    authority: Authority
    client: ClientId
    neighbour: OrganisationId

    def claims(self, **changes: Any) -> Claims:
        """Of a good token, with these changes; None leaves a claim out."""
        now = int(self.world.container.clock().timestamp())
        good = {
            "aud": AUDIENCE,
            "iss": f"{self.authority.url}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "azp": APP,
            "azpacr": "2",
            "oid": OBJECT,
            "sub": OBJECT,
            "tid": TENANT,
            "roles": ["threads:read"],
            "uti": "x",
            "ver": "2.0",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    async def call(self, token: str, method: str = "GET", path: str = UNITS, **more: Any) -> httpx.Response:
        return await Browser(self.world.http, bearer=token).call(method, path, **more)


def signed(claims: Claims, key: Any = KEY, alg: str = "RS256", **header: Any) -> str:
    given = {"alg": alg, "kid": key.kid, **header}
    return jwt.encode({k: v for k, v in given.items() if v is not None}, claims, key, registry=Anything())


@pytest.fixture
async def bound() -> AsyncIterator[Bound]:
    async with world() as made, serving() as authority:
        neighbour = await made.container.administering.create_organisation("Grannkommunen")
        container = Again(
            made.container,
            PIC_API_ENTRA_TENANTS=f"{TENANT}={made.organisation}, {OTHER_TENANT}={neighbour}",
            PIC_API_ENTRA_AUDIENCES=AUDIENCE,
            PIC_API_ENTRA_AUTHORITY=authority.url,
        )
        made.container = made.app.state.container = container
        admin = await made.staff(role=Role.ADMIN)
        new = {
            "name": "Diariet",
            "units": [made.unit],
            "scopes": ["threads:read", "threads:write"],
            "entra": {"tenant": TENANT, "app": APP},
        }
        client = (await admin.json("POST", "/api/v1/organisation/clients", 201, json=new))["client"]
        yield Bound(made, authority, ClientId(client), neighbour)
        await container.close()


async def test_the_bound_application_acts_within_its_roles(bound: Bound) -> None:
    """What Entra ID gave it and what an admin here gave it: both are needed."""
    found = (await bound.call(signed(bound.claims()))).json()
    assert [unit["unit"] for unit in found["units"]] == [bound.world.unit]
    answer = await bound.call(signed(bound.claims()), "POST", "/api/v1/threads", json={})
    assert problem_of(answer, 403, "insufficient-scope")["scope"] == "threads:write"
    more = signed(bound.claims(roles=["threads:read", "messages:read", "Directory.Read.All"]))
    answer = await bound.call(more, "POST", f"/api/v1/threads/{'0' * 26}/messages/{'0' * 26}/open")
    assert problem_of(answer, 403, "insufficient-scope")["scope"] == "messages:read"
    assert bound.authority.asked == [f"/{TENANT}/discovery/v2.0/keys"]


CLAIMS: dict[str, Claims] = {
    "another audience": {"aud": "00000003-0000-0000-c000-000000000000"},
    "several audiences": {"aud": [AUDIENCE]},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://sts.windows.net/x/"},
    "no issuer": {"iss": None},
    "issuer of another tenant": {"iss": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"},
    "no tenant": {"tid": None},
    "a tenant that is nobody's": {"tid": STRANGE_TENANT},
    "version 1": {"ver": "1.0"},
    "no version": {"ver": None},
    "another application": {"azp": OTHER_APP},
    "no application": {"azp": None},
    "application in upper case": {"azp": APP.upper()},
    "a user behind it": {"scp": "threads:read"},
    "an empty user behind it": {"scp": ""},
    "a user token by its kind": {"idtyp": "user"},
    "subject of a user": {"sub": "somebody"},
    "no object": {"oid": None},
    "no end": {"exp": None},
    "an end that is none": {"exp": "soon"},
    "no beginning": {"nbf": None},
    "roles that are none": {"roles": "threads:read"},
}


@pytest.mark.parametrize("wrong", CLAIMS)
async def test_a_token_that_says_something_else_is_refused(bound: Bound, wrong: str) -> None:
    """Signed by the right key, and of another application, tenant, service or kind."""
    answer = await bound.call(signed(bound.claims(**CLAIMS[wrong])))
    problem_of(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"exp": -60}, False),
        ({"exp": -59}, True),
        ({"exp": 25 * 3600}, True),
        ({"exp": 25 * 3600 + 1}, False),
        ({"nbf": 60}, True),
        ({"nbf": 61}, False),
    ],
)
async def test_a_token_is_good_for_a_while(bound: Bound, changes: dict[str, int], is_good: bool) -> None:  # noqa: FBT001
    """To the second, with a minute for clocks that differ."""
    now = int(bound.world.container.clock().timestamp())
    answer = await bound.call(signed(bound.claims(**{name: now + at for name, at in changes.items()})))
    assert answer.status_code == (200 if is_good else 401)


async def test_tenants_do_not_speak_for_each_other(bound: Bound) -> None:
    """Their keys are the same at Entra ID: the issuer and the tenant tell them apart, and both are compared."""
    issuer = f"{bound.authority.url}/{OTHER_TENANT}/v2.0"
    for changes in ({"tid": OTHER_TENANT}, {"iss": issuer}, {"tid": OTHER_TENANT, "iss": issuer}):
        problem_of(await bound.call(signed(bound.claims(**changes))), 401, "not-signed-in")


def _public_as_secret(claims: Claims) -> str:
    secret = jwk.OctKey.import_key(str(KEY.as_dict(private=False)["n"]))
    return signed(claims, secret, "HS256", kid="one")


FORGERIES: dict[str, Callable[[Claims], str]] = {
    "nobody's key": lambda c: signed(c, OTHER_KEY),
    "nobody's key by a known name": lambda c: signed(c, OTHER_KEY, kid="one"),
    "an unknown name": lambda c: signed(c, KEY, kid="two"),
    "a public key as a secret": _public_as_secret,
    "unsigned": lambda c: signed(c, jwk.OctKey.import_key("x" * 32), "none", kid="one"),
    "a key that it brings": lambda c: signed(c, OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)),
    "an address of keys that it brings": lambda c: signed(c, OTHER_KEY, jku="http://127.0.0.1:1/keys"),
    "a critical header": lambda c: signed(c, crit=["b64"], b64=True),
    "of another type": lambda c: signed(c, typ="logout+jwt"),
    "changed": lambda c: ".".join([*signed(c).split(".")[:2], signed({**c, "x": 1}).rpartition(".")[2]]),
    "cut": lambda c: signed(c)[:-6],
    "two parts": lambda c: signed(c).rpartition(".")[0],
    "four parts": lambda c: signed(c) + ".x",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(bound: Bound, forgery: str) -> None:
    """And the very same claims, signed as they should be, are not."""
    problem_of(await bound.call(FORGERIES[forgery](bound.claims())), 401, "not-signed-in")
    assert (await bound.call(signed(bound.claims()))).status_code == 200


async def test_nothing_is_asked_about_a_tenant_that_nobody_has(bound: Bound) -> None:
    """A stranger's token makes no call: what it names is not looked up anywhere."""
    for tenant in (STRANGE_TENANT, "../../evil", "common", 7):
        problem_of(await bound.call(signed(bound.claims(tid=tenant))), 401, "not-signed-in")
    assert bound.authority.asked == []


async def test_keys_that_change_are_found(bound: Bound) -> None:
    """Entra ID changes them at any time: an unknown one is looked for once, and not with each forged token."""
    assert (await bound.call(signed(bound.claims()))).status_code == 200
    bound.authority.keys = [OTHER_KEY.as_dict(private=False)]
    for _ in range(3):
        problem_of(await bound.call(signed(bound.claims(), kid="nobody's")), 401, "not-signed-in")
    assert len(bound.authority.asked) <= 2


async def test_keys_that_cannot_be_had_are_no_refusal(bound: Bound) -> None:
    """Nobody is let in, and the client is told to come again: its token may be good."""
    bound.authority.status = 503
    problem_of(await bound.call(signed(bound.claims())), 503, "dependency-failed")


async def test_a_revoked_client_is_dead_though_entra_goes_on(bound: Bound) -> None:
    """At once; and the application may become another client afterwards."""
    token, administering = signed(bound.claims()), bound.world.container.administering_clients
    organisation = bound.world.organisation
    new = NewClient(
        name="Ny", units=frozenset(), scopes=frozenset({Scope.THREADS_READ}), entra=EntraApp(tenant=TENANT, app=APP)
    )
    with pytest.raises(ConflictError):
        await administering.create(organisation, new, by="system")
    await administering.revoke(organisation, bound.client, by="system")
    problem_of(await bound.call(token), 401, "not-signed-in")
    await administering.create(organisation, new, by="system")
    assert (await bound.call(token)).json() == {"units": []}


async def test_nobody_binds_an_application_of_another_organisations_tenant(bound: Bound) -> None:
    """Whose a tenant is, whoever runs the service has said: no admin can take it, nor keep it from its owner."""
    administering = bound.world.container.administering_clients
    for organisation, tenant in (
        (bound.neighbour, TENANT),
        (bound.world.organisation, OTHER_TENANT),
        (bound.neighbour, STRANGE_TENANT),
    ):
        new = NewClient(
            name="N", units=frozenset(), scopes=frozenset(Scope), entra=EntraApp(tenant=tenant, app=OTHER_APP)
        )
        with pytest.raises(InvalidInputError, match="entra-tenant"):
            await administering.create(organisation, new, by="system")


async def test_without_tenants_no_such_token_is_taken(bound: Bound) -> None:
    """Nor is anything asked: the feature is off unless somebody has set it up."""
    bound.world.app.state.container = Again(bound.world.container)
    problem_of(await bound.call(signed(bound.claims())), 401, "not-signed-in")
    assert bound.authority.asked == []
