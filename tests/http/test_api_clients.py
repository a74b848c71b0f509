"""API clients as admins make and change them: what is shown, what is refused, and what the log and receipts say."""

from typing import Any

import pytest

from shared.domain.principals import Role
from shared.domain.scopes import Scope
from tests.http.test_client_tokens import TOKEN, by_post, client_of
from tests.support.problems import problem_of
from tests.support.world import Browser, World

CLIENTS = "/api/v1/organisation/clients"


@pytest.fixture
async def admin(world: World) -> Browser:
    return await world.staff(role=Role.ADMIN)


def a_client(world: World, **changes: Any) -> dict[str, Any]:
    return {"name": "Diariet", "units": [world.unit], "scopes": ["threads:read", "messages:send"], **changes}


async def test_a_secret_is_shown_once(world: World, admin: Browser) -> None:
    """To whoever makes it, and to nobody ever after."""
    made = await admin.json("POST", CLIENTS, 201, json=a_client(world))
    assert (made["credentials"], made["revoked_at"]) == ([], None)
    secret = await admin.json("POST", f"{CLIENTS}/{made['client']}/secrets", 201, json={"days": 90})
    assert secret["client_id"] == made["client_id"]
    answer = await admin.call("GET", CLIENTS)
    assert secret["secret"] not in answer.text
    assert (await admin.call("GET", CLIENTS)).headers["cache-control"] == "no-store"
    (credential,) = answer.json()["clients"][0]["credentials"]
    assert (credential["credential"], credential["kind"]) == (secret["credential"], "secret")
    assert credential["ends_at"] == secret["ends_at"]


WRONG: dict[str, dict[str, Any]] = {
    "no name": {"name": " "},
    "a name of two lines": {"name": "a\nb"},
    "a long name": {"name": "a" * 101},
    "an unknown scope": {"scopes": ["admin"]},
    "a scope that is none": {"scopes": [7]},
    "a unit that is none": {"units": ["01k2m3n4p5q6r7s8t9v0w1x2y3"]},
    "an organisation": {"organisation": "01k2m3n4p5q6r7s8t9v0w1x2y3"},
    "credentials": {"credentials": []},
    "an id": {"client": "01k2m3n4p5q6r7s8t9v0w1x2y3"},
    "a tenant that is nobody's": {"entra": {"tenant": "0" * 8 + "-aaaa-4bbb-8ccc-0123456789ab", "app": "x"}},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_no_client_is_refused(world: World, admin: Browser, wrong: str) -> None:
    """Nothing that an admin may not choose gets in beside what they may."""
    answer = await admin.call("POST", CLIENTS, json=a_client(world, **WRONG[wrong]))
    assert answer.status_code == 422, answer.text
    assert (await admin.json("GET", CLIENTS))["clients"] == []


@pytest.mark.parametrize("terms", [{"days": 0}, {"days": 731}, {"others_end_after_hours": -1}, {"secret": "mine"}])
async def test_terms_have_limits(world: World, admin: Browser, terms: dict[str, Any]) -> None:
    """No secret lasts for ever, and nobody chooses one."""
    made = await admin.json("POST", CLIENTS, 201, json=a_client(world))
    answer = await admin.call("POST", f"{CLIENTS}/{made['client']}/secrets", json=terms)
    assert answer.status_code == 422


async def test_others_end_at_once_if_that_is_asked(world: World, admin: Browser) -> None:
    """For a secret that has become known: the new one works from the moment the old one does not."""
    secret = await world.client_secret()
    new = await admin.json("POST", f"{CLIENTS}/{client_of(secret)}/secrets", 201, json={"others_end_after_hours": 0})
    answers = [
        (await world.http.post(TOKEN, data={**by_post(secret), "client_secret": each})).status_code
        for each in (secret.secret, new["secret"])
    ]
    assert answers == [401, 200]


async def test_a_revoked_client_stays_on_the_list_and_never_works_again(world: World, admin: Browser) -> None:
    """The log names it still. Revoking once more changes nothing."""
    made = await admin.json("POST", CLIENTS, 201, json=a_client(world))
    await admin.json("POST", f"{CLIENTS}/{made['client']}/secrets", 201, json={})
    revoked = [await admin.json("POST", f"{CLIENTS}/{made['client']}/revoke") for _ in range(2)]
    assert revoked[0] == revoked[1]
    assert revoked[0]["credentials"] == []
    assert (await admin.json("GET", CLIENTS))["clients"] == [revoked[0]]
    answer = await admin.call("PATCH", f"{CLIENTS}/{made['client']}", json={"name": "Ny"})
    problem_of(answer, 409, "conflict")


async def test_every_change_stands_in_the_log(world: World, admin: Browser) -> None:
    """By whom, and of which client and credential; never a secret."""
    made = await admin.json("POST", CLIENTS, 201, json=a_client(world))
    path = f"{CLIENTS}/{made['client']}"
    await admin.json("PATCH", path, json={"name": "Ny", "scopes": []})
    secret = await admin.json("POST", f"{path}/secrets", 201, json={})
    await admin.json("DELETE", f"{path}/credentials/{secret['credential']}")
    await admin.json("POST", f"{path}/revoke")
    log = await admin.json("GET", f"/api/v1/audit?month={world.container.clock():%Y-%m}")
    events = {event["event"]: event["ids"] for event in log["events"] if event["event"].startswith("client:")}
    assert set(events) == {
        "client:create",
        "client:change",
        "client:credential:add",
        "client:credential:end",
        "client:revoke",
    }
    assert {ids["client"] for ids in events.values()} == {made["client"]}
    assert events["client:change"]["changed"] == "name scopes"
    assert secret["secret"] not in repr(log)


async def test_receipts_and_authors_name_the_client(world: World) -> None:
    """The person's reply that a client opens shows who did; what a client wrote is its unit's."""
    client = await world.client()
    thread = await world.thread(client)
    path = await world.draft(client, thread)
    await world.upload(client, path, b"%PDF-1.7")
    await world.send(client, path)
    person = await world.person()
    await person.json("POST", f"{path}/open")
    (receipt,) = (await client.json("GET", path))["receipts"]
    assert receipt["kind"] == "person"
    reply = await world.draft(person, thread, text="Svar")
    await world.send(person, reply)
    await client.json("POST", f"{reply}/open")
    (receipt,) = (await person.json("GET", reply))["receipts"]
    assert (receipt["kind"], receipt["name"], receipt["provider"]) == ("client", "Diariet", None)
    staff = await world.staff()
    assert (await staff.json("GET", path))["is_mine"]


async def test_who_opened_what_needs_a_scope_of_its_own(world: World) -> None:
    """A system that only sends learns no names."""
    staff, client = await world.staff(), await world.client(Scope.THREADS_READ)
    path = await world.draft(staff, await world.thread(staff))
    await world.send(staff, path)
    await (await world.person()).json("POST", f"{path}/open")
    assert len((await staff.json("GET", path))["receipts"]) == 1
    assert (await client.json("GET", path))["receipts"] == []


async def test_a_client_of_one_unit_is_nobody_in_another(world: World) -> None:
    """As a member of its units, and no more."""
    other = await world.container.administering.create_unit(world.organisation, "Arkivet", mail_address=None)
    staff, client = await world.staff(), await world.client(units=(other,))
    thread = await world.thread(staff)
    problem_of(await client.call("GET", f"/api/v1/threads/{thread}"), 404, "not-found")
    new = {
        "unit": world.unit,
        "subject": "B",
        "persons": [{"personal_number": "191212121212", "mail_address": "a@b.se"}],
    }
    problem_of(await client.call("POST", "/api/v1/threads", json=new), 404, "not-found")


async def test_an_upload_goes_on_with_the_next_token(world: World) -> None:
    """A token lasts ten minutes, and an upload may last for a day: it is the client's, and not the token's."""
    secret = await world.client_secret()

    async def client() -> Browser:
        told = await world.http.post(TOKEN, data=by_post(secret))
        return Browser(world.http, bearer=told.json()["access_token"])

    first = await client()
    path = await world.draft(first, await world.thread(first))
    created = await world.create_upload(first, path, 6)
    assert "upload-token" not in created.headers
    assert (await world.append(first, created.headers["location"], 0, b"abc")).status_code == 204
    world.container.clock.move(minutes=11)
    answer = await world.append(first, created.headers["location"], 3, b"def")
    problem_of(answer, 401, "not-signed-in")
    assert (await world.append(await client(), created.headers["location"], 3, b"def")).status_code == 204
