"""The token endpoint of API clients: RFC 6749 section 4.4 on the wire, and every way to be refused there."""

import base64
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.api_clients import PER_CLIENT_AND_NETWORK, PER_NETWORK, TOKEN_LIFETIME
from shared.domain.errors import ClientRefusedError, ConflictError, NotSignedInError, RecordNotFoundError
from shared.domain.ids import ClientId
from shared.domain.principals import Role
from shared.domain.scopes import Scope
from shared.services.administering_clients import ClientChange, NewSecret, Renewal
from shared.services.client_authenticating import SecretProof
from tests.support.memory_container import PUBLIC_URL, MemoryContainer
from tests.support.problems import problem_of
from tests.support.scene import Instance
from tests.support.taps import Tap
from tests.support.world import Browser, World

TOKEN = "/api/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}
UNITS = "/api/v1/units"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def secret(world: World) -> NewSecret:
    return await world.client_secret()


def by_post(secret: NewSecret, **more: str) -> dict[str, str]:
    return {**GRANT, "client_id": secret.client_id, "client_secret": secret.secret, **more}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def client_of(secret: NewSecret) -> ClientId:
    return ClientId(secret.client_id.partition(".")[2])


def refused(answer: httpx.Response, error: str) -> None:
    """As section 5.2 says: a status, an error, a fixed text, never kept by anybody."""
    assert answer.status_code == (401 if error == "invalid_client" else 400), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error
    assert ("www-authenticate" in answer.headers) == (error == "invalid_client")


async def test_a_secret_gives_a_token_that_opens_what_its_scopes_say(world: World, secret: NewSecret) -> None:
    """By either way of section 2.3.1; opaque, short-lived, and kept by no cache."""
    for request in ({"data": by_post(secret)}, {"data": GRANT, "headers": basic(secret.client_id, secret.secret)}):
        answer = await world.http.post(TOKEN, **request)  # type: ignore[arg-type]
        told = answer.json()
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
        assert told["scope"] == " ".join(sorted(Scope))
        client = Browser(world.http, bearer=told["access_token"])
        assert (await client.json("GET", UNITS))["units"][0]["unit"] == world.unit


async def test_neither_secret_nor_token_is_stored(world: World, secret: NewSecret) -> None:
    """What is stored recognises both, and gives neither away."""
    client = await world.client()
    stored = repr(world.container.record_store._partitions)
    assert secret.secret not in stored
    assert client.bearer not in stored
    assert token_hash(secret.secret) in stored
    assert token_hash(client.bearer) in stored


async def test_a_token_holds_what_was_asked_for_and_no_more(world: World, secret: NewSecret) -> None:
    """A scope that the client does not have is refused, and does not quietly become fewer."""
    told = (await world.http.post(TOKEN, data=by_post(secret, scope="threads:read"))).json()
    assert told["scope"] == "threads:read"
    client = Browser(world.http, bearer=told["access_token"])
    new = {"unit": world.unit, "subject": "Beslut", "persons": []}
    answer = await client.call("POST", "/api/v1/threads", json=new)
    assert problem_of(answer, 403, "insufficient-scope")["scope"] == "threads:write"
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="threads:write"'
    narrow = await world.client_secret(Scope.THREADS_READ)
    refused(await world.http.post(TOKEN, data=by_post(narrow, scope="threads:read threads:write")), "invalid_scope")
    refused(await world.http.post(TOKEN, data=by_post(narrow, scope="admin")), "invalid_scope")


async def test_unknown_clients_and_wrong_secrets_answer_alike(world: World, secret: NewSecret) -> None:
    """And take the same calls to the store: whether a client exists is nobody's to find out here."""
    other = await world.client_secret()
    nobody = f"{world.organisation}.01k2m3n4p5q6r7s8t9v0w1x2y3"
    tries = [
        (secret.client_id, "wrong"),
        (secret.client_id, other.secret),
        (nobody, secret.secret),
        ("x", ""),
        ("", ""),
    ]
    answers = [await world.http.post(TOKEN, data={**GRANT, "client_id": c, "client_secret": s}) for c, s in tries]
    answers += [await world.http.post(TOKEN, data=GRANT, headers=basic(c, s)) for c, s in tries]
    for answer in answers:
        refused(answer, "invalid_client")
    assert len({answer.text for answer in answers}) == 1
    assert len({frozenset(answer.headers) for answer in answers}) == 1


async def test_an_unknown_client_costs_what_a_wrong_secret_costs(world: World, secret: NewSecret) -> None:
    """The same calls to the store in the same order, so that time tells no more than the answer does."""

    async def calls(client_id: str, value: str, address: str) -> list[tuple[str, str]]:
        tap = Tap()
        instance = Instance(world.container, tap)
        with pytest.raises(ClientRefusedError):
            await instance.client_authenticating.prove(
                SecretProof(client_id=client_id, secret=value), client_address=address
            )
        seen = [(call.name, call.at.partition("|")[0]) for call in tap.calls]
        return [call for call in seen if call[1] != "expiry"]  # By chance two bookings share a bucket.

    nobody = f"{world.organisation}.01k2m3n4p5q6r7s8t9v0w1x2y3"
    wrong = await calls(secret.client_id, "wrong", "192.0.2.1")
    assert wrong == await calls(nobody, "wrong", "192.0.2.2")
    assert ("records.get", "organisation") in wrong


WRONG: Mapping[str, tuple[dict[str, object], str]] = {
    "no grant": ({"data": {"client_id": "x", "client_secret": "y"}}, "invalid_request"),
    "another grant": ({"data": {"grant_type": "password", "username": "a"}}, "unsupported_grant_type"),
    "no client": ({"data": GRANT}, "invalid_client"),
    "json": ({"json": GRANT}, "invalid_request"),
    "a form that is none": ({"content": "grant_type", "headers": {"content-type": FORM}}, "invalid_request"),
    "no body": ({"content": "", "headers": {"content-type": FORM}}, "invalid_request"),
    "not ascii": ({"content": "grant_type=å".encode(), "headers": {"content-type": FORM}}, "invalid_request"),
    "bad utf-8": ({"content": "grant_type=%ff", "headers": {"content-type": FORM}}, "invalid_request"),
    "twice": (
        {
            "content": "grant_type=client_credentials&client_id=a&client_id=b&client_secret=c",
            "headers": {"content-type": FORM},
        },
        "invalid_request",
    ),
    "too many": ({"data": {**GRANT, **{f"f{n}": "" for n in range(30)}}}, "invalid_request"),
    "not base64": ({"data": GRANT, "headers": {"authorization": "Basic åäö!"}}, "invalid_client"),
    "no colon": ({"data": GRANT, "headers": {"authorization": "Basic YWJj"}}, "invalid_client"),
    "a bearer": ({"data": GRANT, "headers": {"authorization": "Bearer abc"}}, "invalid_client"),
    "two clients": (
        {"data": {**GRANT, "client_id": "other"}, "headers": {"authorization": "Basic YTpi"}},
        "invalid_request",
    ),
    "no proof type": ({"data": {**GRANT, "client_assertion": "a.b.c"}}, "invalid_request"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_no_request_for_a_token_is_refused(world: World, wrong: str) -> None:
    """With the error that the specification has for it, and nothing of the request in it."""
    request, error = WRONG[wrong]
    headers = {key: value.encode() for key, value in dict(request.get("headers", {})).items()}  # type: ignore[call-overload]
    refused(await world.http.post(TOKEN, **{**request, "headers": headers}), error)  # type: ignore[arg-type]


async def test_a_client_proves_itself_in_one_way_alone(world: World, secret: NewSecret) -> None:
    """Section 2.3: whoever sends two proofs is refused, though each of them is good."""
    both = by_post(secret)
    refused(await world.http.post(TOKEN, data=both, headers=basic(secret.client_id, secret.secret)), "invalid_request")


async def test_nothing_is_read_of_the_address(world: World, secret: NewSecret) -> None:
    """Addresses stand in logs on the way: a secret there is worth nothing, and neither is a token."""
    query = "&".join(f"{key}={value}" for key, value in by_post(secret).items())
    answer = await world.http.post(f"{TOKEN}?{query}", headers={"content-type": FORM})
    refused(answer, "invalid_request")
    refused(await world.http.post(f"{TOKEN}?a=b", data=by_post(secret)), "invalid_request")
    client = await world.client()
    answer = await world.http.get(f"{UNITS}?access_token={client.bearer}")
    problem_of(answer, 401, "not-signed-in")
    answer = await world.http.post(
        "/api/v1/threads", content=f"access_token={client.bearer}", headers={"content-type": FORM}
    )
    assert answer.status_code in {401, 415}


BAD_HEADERS = {
    "empty": "",
    "no token": "Bearer",
    "two spaces": "Bearer  abc",
    "another scheme": "Basic YTpi",
    "no scheme": "abc",
    "comma": "Bearer abc, Bearer def",
    "unicode": "Bearer å",
    "padding inside": "Bearer a=b",
    "huge": "Bearer " + "a" * 9000,
    "unknown of ours": "Bearer pic_at_" + "A" * 43,
    "a jwt": "Bearer eyJhbGciOiJub25lIn0.e30.",
}


@pytest.mark.parametrize("header", BAD_HEADERS)
async def test_an_odd_authorization_is_refused_whatever_else_is_there(world: World, header: str) -> None:
    """Also beside a good session: a request is judged by this header alone once it has one."""
    staff = await world.staff()
    answer = await staff.call("GET", UNITS, headers={"authorization": BAD_HEADERS[header].encode()})
    problem_of(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("header", BAD_HEADERS)
async def test_what_is_open_to_everyone_is_open_to_them_too(world: World, header: str) -> None:
    """No route that asks for nobody refuses somebody for what they send beside; a good token is seen there."""
    headers = {b"authorization": BAD_HEADERS[header].encode()}
    for method, path in (("OPTIONS", "/api/v1/uploads"), ("GET", "/api/v1/sub-processors"), ("GET", "/health")):
        assert (await world.http.request(method, path, headers=headers)).is_success
    await world.decide(upload_max_bytes=1000)
    client = await world.client()
    assert (await client.call("OPTIONS", "/api/v1/uploads")).headers["tus-max-size"] == "1000"


async def test_two_authorizations_are_none(world: World) -> None:
    """Which of two counts would be up to whoever is on the way."""
    client = await world.client()
    header = ("authorization", f"Bearer {client.bearer}")
    assert (await world.http.get(UNITS, headers=[header])).status_code == 200
    problem_of(await world.http.get(UNITS, headers=[header, header]), 401, "not-signed-in")


async def test_a_bearer_is_judged_and_the_cookie_beside_it_is_not(world: World) -> None:
    """An admin's session lends a client nothing, and a client's token lends a session nothing."""
    admin = await world.staff(role=Role.ADMIN)
    client = await world.client(Scope.THREADS_READ)
    admin.bearer = client.bearer
    problem_of(await admin.call("GET", "/api/v1/organisation/clients"), 403, "not-allowed")
    assert (await admin.call("GET", UNITS)).status_code == 200
    answer = await admin.call("POST", "/api/v1/threads", json={"unit": world.unit, "subject": "B", "persons": []})
    problem_of(answer, 403, "insufficient-scope")


async def test_a_client_needs_no_csrf_token_and_no_page_of_another_site_is_one(world: World) -> None:
    """No browser adds this header by itself; a page that says it is of another site is refused all the same."""
    client = await world.client()
    await world.thread(client)
    answer = await client.call("POST", "/api/v1/threads", json={}, headers={"origin": "https://evil.example"})
    problem_of(answer, 403, "cross-site-request")


async def test_a_token_ends_after_ten_minutes(world: World) -> None:
    """To the microsecond, whether or not a sweep has come by; afterwards nothing of it is left."""
    client = await world.client()
    world.container.clock.now += TOKEN_LIFETIME - timedelta(microseconds=1)
    assert (await client.call("GET", UNITS)).status_code == 200
    world.container.clock.now += timedelta(microseconds=1)
    problem_of(await client.call("GET", UNITS), 401, "not-signed-in")
    world.container.clock.move(hours=2)
    await world.container.retaining.sweep()
    place = places.client_token(token_hash(client.bearer))
    with pytest.raises(RecordNotFoundError):
        await world.container.records.get(place.partition, place.id)


class Beside(MemoryContainer):
    """Another instance on the same stores."""

    def __init__(self, first: MemoryContainer) -> None:
        super().__init__()
        self.__dict__.update(record_store=first.record_store, keys=first.keys, clock=first.clock)


async def test_what_is_taken_away_is_gone_at_once_at_every_instance(world: World, secret: NewSecret) -> None:
    """A scope, a unit, a secret, the client: the next request sees it, with a token that was good a moment ago."""
    other, administering = Beside(world.container), world.container.administering_clients
    token = (await world.http.post(TOKEN, data=by_post(secret))).json()["access_token"]
    client = client_of(secret)

    async def seen() -> tuple[bool, bool]:
        found = await other.bearer_tokens.principal_of(token)
        return Scope.THREADS_WRITE in found.scopes, world.unit in found.units

    assert await seen() == (True, True)
    narrower = ClientChange(scopes=frozenset({Scope.THREADS_READ}), units=frozenset())
    await administering.change(world.organisation, client, narrower, by="system")
    assert await seen() == (False, False)
    wider = ClientChange(scopes=frozenset(Scope))
    await administering.change(world.organisation, client, wider, by="system")
    assert await seen() == (True, False)
    await administering.end_credential(world.organisation, client, secret.credential, by="system")
    with pytest.raises(NotSignedInError):
        await other.bearer_tokens.principal_of(token)
    refused(await world.http.post(TOKEN, data=by_post(secret)), "invalid_client")


async def test_a_revoked_client_is_dead_with_all_that_it_has(world: World) -> None:
    """Its token, its secret and a new secret: nothing brings it back."""
    secret = await world.client_secret()
    token = (await world.http.post(TOKEN, data=by_post(secret))).json()["access_token"]
    await world.container.administering_clients.revoke(world.organisation, client_of(secret), by="system")
    problem_of(await Browser(world.http, bearer=token).call("GET", UNITS), 401, "not-signed-in")
    refused(await world.http.post(TOKEN, data=by_post(secret)), "invalid_client")
    with pytest.raises(ConflictError):
        await world.container.administering_clients.add_secret(
            world.organisation, client_of(secret), Renewal(days=1, others_end_after_hours=None), by="system"
        )


async def test_a_client_ends_its_own_token_and_nobody_elses(world: World, secret: NewSecret) -> None:
    """RFC 7009: the same answer whatever the token is."""
    mine = (await world.http.post(TOKEN, data=by_post(secret))).json()["access_token"]
    theirs = await world.client()
    for token in (theirs.bearer, "nothing", mine):
        answer = await world.http.post("/api/v1/oauth/revoke", data={**by_post(secret), "token": token})
        assert (answer.status_code, answer.content) == (200, b"")
    problem_of(await Browser(world.http, bearer=mine).call("GET", UNITS), 401, "not-signed-in")
    assert (await theirs.call("GET", UNITS)).status_code == 200


async def test_secrets_change_over_without_a_gap(world: World, secret: NewSecret) -> None:
    """Two work at once, never three; the old one and its tokens end when it was said they would."""
    admin, path = await world.staff(role=Role.ADMIN), f"/api/v1/organisation/clients/{client_of(secret)}"
    first = (await world.http.post(TOKEN, data=by_post(secret))).json()["access_token"]
    new = await admin.json("POST", f"{path}/secrets", 201, json={"days": 30, "others_end_after_hours": 1})
    both = [by_post(secret), {**by_post(secret), "client_secret": new["secret"]}]
    assert [(await world.http.post(TOKEN, data=form)).status_code for form in both] == [200, 200]
    problem_of(await admin.call("POST", f"{path}/secrets", json={}), 409, "conflict")
    world.container.clock.move(minutes=59)
    token = (await world.http.post(TOKEN, data=both[0])).json()["access_token"]
    world.container.clock.move(minutes=1)
    problem_of(await Browser(world.http, bearer=first).call("GET", UNITS), 401, "not-signed-in")
    problem_of(await Browser(world.http, bearer=token).call("GET", UNITS), 401, "not-signed-in")
    assert [(await world.http.post(TOKEN, data=form)).status_code for form in both] == [401, 200]
    world.container.clock.move(days=30)
    refused(await world.http.post(TOKEN, data=both[1]), "invalid_client")


async def test_questions_are_limited_by_address_and_by_client(world: World, secret: NewSecret) -> None:
    """And nobody elsewhere can keep a client from its tokens."""
    wrong = {**by_post(secret), "client_secret": "wrong"}
    for _ in range(PER_CLIENT_AND_NETWORK.count):
        refused(await world.http.post(TOKEN, data=wrong), "invalid_client")
    answer = await world.http.post(TOKEN, data=by_post(secret))
    problem_of(answer, 429, "too-many-requests")
    assert int(answer.headers["retry-after"]) >= 1
    proving = SecretProof(client_id=secret.client_id, secret=secret.secret)
    await world.container.client_authenticating.prove(proving, client_address="192.0.2.7")
    for number in range(PER_NETWORK.count - PER_CLIENT_AND_NETWORK.count):
        answer = await world.http.post(TOKEN, data={**wrong, "client_id": f"{number}"})
        refused(answer, "invalid_client")
    problem_of(await world.http.post(TOKEN, data={**wrong, "client_id": "another"}), 429, "too-many-requests")


async def test_the_log_tells_of_tokens_and_of_refusals(world: World, secret: NewSecret) -> None:
    """By the client's id, and with its name to whoever reads the log of its organisation."""
    admin = await world.staff(role=Role.ADMIN)
    await world.http.post(TOKEN, data=by_post(secret))
    await world.http.post(TOKEN, data={**by_post(secret), "client_secret": "wrong"})
    events = (await admin.json("GET", f"/api/v1/audit?month={world.container.clock():%Y-%m}"))["events"]
    of_client = {e["event"]: e for e in events if e["by"] == client_of(secret)}
    assert set(of_client) == {"client:token:issue", "client:token:refuse"}
    assert {e["by_name"] for e in of_client.values()} == {"Diariet"}


async def test_the_server_says_where_tokens_are(world: World) -> None:
    """RFC 8414: a client that knows the issuer finds the rest; what it says is true."""
    told = (await world.http.get("/.well-known/oauth-authorization-server")).json()
    assert told["issuer"] == PUBLIC_URL
    assert told["token_endpoint"] == PUBLIC_URL + TOKEN
    assert told["scopes_supported"] == list(Scope)
    assert set(told["token_endpoint_auth_signing_alg_values_supported"]) == {"PS256", "ES256", "EdDSA", "Ed25519"}
