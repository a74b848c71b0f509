"""The log on the wire: everything that happened here, by whom, and nothing of what it was about."""

from typing import Any

import pytest

from tests.support.every_route import Scene, Who
from tests.support.problems import problem_of
from tests.support.world import TOLVAN, Browser

PATH = "/api/v1/audit?month=2026-03"


async def everything(browser: Browser, path: str = PATH) -> list[dict[str, Any]]:
    """All events, page after page."""
    found, continuation = [], ""
    while True:
        page = await browser.json("GET", path + continuation)
        found += page["events"]
        if page["continuation"] is None:
            return found
        continuation = f"&continuation={page['continuation']}"


@pytest.mark.parametrize("who", [Who.AUDITOR, Who.ADMIN], ids=lambda who: who.name.lower())
async def test_the_log_tells_who_did_what(scene: Scene, who: Who) -> None:
    """With names of staff; that it was read stands in it before it is shown."""
    person = await scene.world.person(TOLVAN)
    await scene.call("open_message").by(person)
    reader = await scene.browser(who)
    scene.world.container.clock.move(seconds=1)
    events = await everything(reader)
    kinds = [event["event"] for event in events]
    assert {"thread:create", "message:create", "message:send", "message:deliver", "message:open"} <= set(kinds)
    assert kinds[-1] == "audit:read"
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    (created,) = [event for event in events if event["event"] == "thread:create"]
    assert (created["by_name"], created["ids"]) == ("Anna Exempel", {"thread": scene.thread})


async def test_the_log_holds_nothing_of_what_it_is_about(scene: Scene) -> None:
    """No subject, no text, no file name, no address; and of a person a name that holds here alone."""
    person = await scene.world.person(TOLVAN)
    await scene.call("open_message").by(person)
    told = str(await everything(await scene.browser(Who.AUDITOR)))
    for secret in ("Beslut", "Hej", "beslut.pdf", "example.com", "Tolvan", TOLVAN, "s1-"):
        assert secret not in told, secret
    assert "'by': 'person-" in told


async def test_one_person_is_one_name_here_and_another_elsewhere(scene: Scene) -> None:
    """Two organisations that lay their logs beside each other learn nothing of who deals with both."""
    person = await scene.world.person(TOLVAN)
    names: list[set[str]] = []
    foreign = await Scene.of(
        (await scene.foreign()).world, beginner="x@example.com", login="y@example.com", person=TOLVAN
    )
    for each in (scene, foreign):
        for _ in range(2):
            assert (await each.call("open_message").by(person)).status_code == 200
        reader = await each.browser(Who.ADMIN)
        log = await everything(reader)
        names.append({event["by"] for event in log if event["by"].startswith("person-")})
    assert [len(found) for found in names] == [1, 1]
    assert names[0] != names[1]


async def test_a_month_is_read_in_runs(scene: Scene) -> None:
    """A hundred at a time, each event once."""
    thread = f"/api/v1/threads/{scene.thread}/messages"
    for _ in range(120):
        await scene.staff.json("POST", thread, 201, json={"text": "x"})
    auditor = await scene.browser(Who.AUDITOR)
    first = await auditor.json("GET", PATH)
    assert len(first["events"]) == 100
    events = await everything(auditor)
    created = [event["ids"]["message"] for event in events if event["event"] == "message:create"]
    assert len(created) == len(set(created)) == 122


async def test_the_log_of_another_organisation_is_its_own(scene: Scene) -> None:
    """An admin elsewhere sees only what happened there."""
    other = await scene.browser(Who.OTHER_ADMIN)
    kinds = {event["event"] for event in await everything(other)}
    assert kinds == {"session:staff:raise", "audit:read", "organisation:settings:change", "security:notice"}


@pytest.mark.parametrize(
    "month",
    ["", "2026", "2026-13", "2026-00", "202603", "2026-3", "1999-01", "2026-03-01", "2026-03|x", "..", "２０２６-03"],
)
async def test_a_month_is_a_month(scene: Scene, month: str) -> None:
    """And nothing that leads into another partition."""
    answer = await (await scene.browser(Who.AUDITOR)).call("GET", "/api/v1/audit", params={"month": month})
    problem_of(answer, 422, "invalid-request")


async def test_a_month_without_events_is_empty(scene: Scene) -> None:
    """A year that has not come is no error."""
    auditor = await scene.browser(Who.AUDITOR)
    assert await auditor.json("GET", "/api/v1/audit?month=2099-12") == {"events": [], "continuation": None}
