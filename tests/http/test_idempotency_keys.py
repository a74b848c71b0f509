"""``Idempotency-Key`` on the wire: the same answer, nothing twice, and every wrong key (draft-ietf-httpapi-idempotency-key)."""

import pytest

from shared.domain.idempotency import LEASE
from tests.support.problems import problem_of
from tests.support.world import TOLVAN, Browser, World

THREADS = "/api/v1/threads"
KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def new_thread(world: World, subject: str = "Beslut") -> dict[str, object]:
    return {
        "unit": world.unit,
        "subject": subject,
        "persons": [{"personal_number": TOLVAN, "mail_address": "tolvan@example.com"}],
    }


async def listed(world: World, browser: Browser) -> int:
    return len((await browser.json("GET", f"{THREADS}?unit={world.unit}"))["threads"])


@pytest.mark.parametrize("who", ["staff", "client"])
async def test_a_thread_a_message_and_its_sending_are_done_once(world: World, who: str) -> None:
    """By staff and by clients: each repetition has the very answer of the first, and one mail goes out."""
    sender = await world.staff() if who == "staff" else await world.client()
    opened = [await sender.json("POST", THREADS, 201, json=new_thread(world), headers=KEY) for _ in range(3)]
    assert opened[0] == opened[1] == opened[2]
    assert await listed(world, sender) == 1
    path = f"{THREADS}/{opened[0]['thread']}/messages"
    drafts = [await sender.json("POST", path, 201, json={"text": "Hej"}, headers=KEY) for _ in range(2)]
    assert drafts[0] == drafts[1]
    sent = [await sender.json("POST", f"{path}/{drafts[0]['message']}/send", 202, headers=KEY) for _ in range(2)]
    assert sent[0] == sent[1]
    await world.container.run_queues()
    sent.append(await sender.json("POST", f"{path}/{drafts[0]['message']}/send", 202, headers=KEY))
    assert sent[2] == sent[0]
    assert sent[2]["state"] == "sent"
    messages = (await sender.json("GET", f"{THREADS}/{opened[0]['thread']}"))["messages"]
    assert [message["state"] for message in messages] == ["delivered"]
    await world.container.run_queues()
    assert len(world.container.mailer.sent) == 1


async def test_a_person_answers_once(world: World) -> None:
    """Persons have no organisation, and keys of their own all the same."""
    staff = await world.staff()
    thread = await world.thread(staff)
    await world.send(staff, await world.draft(staff, thread))
    person = await world.person()
    path = f"{THREADS}/{thread}/messages"
    drafts = [await person.json("POST", path, 201, json={"text": "Svar"}, headers=KEY) for _ in range(2)]
    assert drafts[0] == drafts[1]
    assert len((await person.json("GET", f"{THREADS}/{thread}"))["messages"]) == 2


async def test_a_key_does_not_name_two_requests(world: World) -> None:
    """Another body, or another thread: refused, and nothing is done."""
    staff = await world.staff()
    await staff.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    answer = await staff.call("POST", THREADS, json=new_thread(world, "Ett annat"), headers=KEY)
    problem_of(answer, 422, "idempotency-key-reused")
    assert await listed(world, staff) == 1
    one, other = await world.thread(staff), await world.thread(staff)
    await staff.json("POST", f"{THREADS}/{one}/messages", 201, json={"text": "Hej"}, headers=KEY)
    answer = await staff.call("POST", f"{THREADS}/{other}/messages", json={"text": "Hej"}, headers=KEY)
    problem_of(answer, 422, "idempotency-key-reused")


async def test_one_principals_key_tells_another_nothing(world: World) -> None:
    """The same key and body of a colleague is another request."""
    staff, colleague, client = await world.staff(), await world.staff(), await world.client()
    for sender in (staff, colleague, client):
        await sender.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    assert await listed(world, staff) == 3


async def test_a_refused_request_may_be_put_right_under_its_key(world: World) -> None:
    """It did nothing, so there is nothing to repeat."""
    staff = await world.staff()
    wrong = {**new_thread(world), "subject": " "}
    problem_of(await staff.call("POST", THREADS, json=wrong, headers=KEY), 422, "invalid-input")
    await staff.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    assert await listed(world, staff) == 1


BAD_KEYS = ["", " ", '"', '""', "a" * 256, "å", "a b", '"a', 'a"', "a\\b", "a,b c"]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    """It is not taken for no key: its sender relies on it."""
    staff = await world.staff()
    headers = {"idempotency-key": key.encode()}
    answer = await staff.call("POST", THREADS, json=new_thread(world), headers=headers)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "idempotency-key"
    assert await listed(world, staff) == 0


async def test_two_keys_are_none(world: World) -> None:
    """Which of them counts would be up to whoever is on the way."""
    client = await world.client()
    headers = [("authorization", f"Bearer {client.bearer}"), *((name, value) for name, value in KEY.items())]
    doubled = [*headers, ("idempotency-key", "other")]
    answer = await world.http.post(THREADS, json=new_thread(world), headers=doubled)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "idempotency-key"


async def test_quotes_around_a_key_do_not_make_another(world: World) -> None:
    """As a string of structured fields, as the draft has it, and without, as most clients write it."""
    staff = await world.staff()
    quoted = {"idempotency-key": f'"{KEY["idempotency-key"]}"'}
    one = await staff.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    assert await staff.json("POST", THREADS, 201, json=new_thread(world), headers=quoted) == one


async def test_who_comes_too_early_is_told_when_to_come_again(world: World) -> None:
    """While the first is being done, or after it died: 409 with the seconds that are left."""
    staff = await world.staff()
    await staff.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    partitions = world.container.record_store._partitions
    ((place, record),) = [
        (partition, next(iter(found))) for partition, found in partitions.items() if partition.startswith("idempotency")
    ]
    stored = await world.container.records.get(place, record)
    await world.container.records.replace_if_match(stored, {**stored.body, "answer": None})
    answer = await staff.call("POST", THREADS, json=new_thread(world), headers=KEY)
    problem_of(answer, 409, "idempotency-key-under-way")
    assert answer.headers["retry-after"] == str(int(LEASE.total_seconds()))
    world.container.clock.now += LEASE
    await staff.json("POST", THREADS, 201, json=new_thread(world), headers=KEY)
    assert await listed(world, staff) == 1
