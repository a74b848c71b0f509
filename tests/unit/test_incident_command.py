"""The drill: after an incident, who opened what, of how many, and how it was sealed; in seconds, by one command."""

import argparse
import json
from typing import Any

import pytest

from shared.operations import incident
from tests.support.canaries import hidden_in
from tests.support.world import OTHER_PERSON, TOLVAN, World, world


async def report(made: World, capsys: pytest.CaptureFixture[str], *more: str, status: int = 0) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    incident.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(["incident", "--organisation", made.organisation, *more])
    capsys.readouterr()
    assert await options.run(made.container, options) == status
    printed = capsys.readouterr().out
    found: dict[str, Any] = json.loads(printed) if status == 0 else {}
    return found


async def wrong_recipient(made: World) -> tuple[str, str]:
    """A message with a file that went to the wrong person, who opened it: its path, and when that was."""
    staff = await made.staff()
    path = await made.draft(staff, await made.thread(staff, OTHER_PERSON))
    file = await made.upload(staff, path, b"%PDF-1.7 fel mottagare")
    await made.send(staff, path)
    person = await made.person(OTHER_PERSON)
    await person.json("POST", f"{path}/open")
    opened_at = made.container.clock().isoformat()
    made.container.clock.move(seconds=1)
    await person.call("GET", f"{path}/files/{file}")
    return path, opened_at


SINCE = ("--since", "2026-03-01T00:00:00Z")


async def test_the_report_says_who_opened_what_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    """By the name that the organisation's own log has for the person, and nothing personal."""
    async with world() as made:
        path, at = await wrong_recipient(made)
        found = await report(made, capsys, *SINCE)
    message = path.rpartition("/")[2]
    assert [each["event"] for each in found["openings"]] == ["message:open", "message:file:fetch"]
    assert {each["message"] for each in found["openings"]} == {message}
    assert all(each["by"].startswith("person-") for each in found["openings"])
    assert found["openings"][0]["at"][:19] == at[:19]
    assert found["messages"][message]["state"] == "delivered"
    assert (found["messages"][message]["files"], found["persons_concerned"]) == (1, 1)
    assert found["events"]["message:send"] == 1
    assert found["sealing"]["organisation_key_versions"] == ["000001"]
    assert found["sealing"]["is_destroyed"] is False
    assert found["names"] == []
    personal = {"number": OTHER_PERSON, "ten digits": OTHER_PERSON[2:], "name": "Exempel"}
    assert hidden_in(json.dumps(found), personal) == set()


async def test_names_come_only_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """As the e-ID stated them, with its level: for the letter to the persons concerned."""
    async with world() as made:
        await wrong_recipient(made)
        found = await report(made, capsys, *SINCE, "--with-names")
    assert len(found["names"]) == 2
    assert {each["provider"] for each in found["names"]} == {"memory"}
    assert all(each["name"] and each["assurance"] == "loa3" for each in found["names"])


async def test_what_lies_outside_the_span_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """And a span over the end of a year takes every month in it."""
    async with world() as made:
        await wrong_recipient(made)
        made.container.clock.move(days=320)
        await made.staff()
        after = made.container.clock().replace(day=1).isoformat()
        assert (await report(made, capsys, "--since", after))["openings"] == []
        whole = await report(made, capsys, *SINCE)
    assert len(whole["openings"]) == 2
    assert whole["events"]["session:staff:raise"] >= 2


async def test_the_span_is_kept_to_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    """Within one month, and with both ends in it."""
    async with world() as made:
        _, at = await wrong_recipient(made)
        found = await report(made, capsys, "--since", at, "--until", at)
        assert [each["event"] for each in found["openings"]] == ["message:open"]
        before = ("--since", "2026-03-01T00:00:00Z", "--until", "2026-03-01T00:00:01Z")
        assert (await report(made, capsys, *before))["openings"] == []


async def test_of_what_is_gone_the_log_still_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """That it was opened, and that it is gone."""
    async with world() as made:
        path, _ = await wrong_recipient(made)
        await (await made.staff()).call("DELETE", path)
        await made.container.run_queues()
        found = await report(made, capsys, *SINCE, "--with-names")
    assert found["messages"][path.rpartition("/")[2]]["state"] == "gone"
    assert len(found["openings"]) == 2


async def test_another_organisation_is_not_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A report goes to one organisation."""
    async with world() as made:
        await wrong_recipient(made)
        other = await made.container.administering.create_organisation("Grannkommunen")
        made.organisation = other
        found = await report(made, capsys, *SINCE)
    assert (found["openings"], found["persons_concerned"]) == ([], 0)


async def test_gathering_stands_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """An organisation sees that somebody has looked."""
    async with world() as made:
        await report(made, capsys, *SINCE)
        found = await report(made, capsys, *SINCE)
    assert found["events"]["audit:read"] >= 2


@pytest.mark.parametrize(
    "more",
    [("--since", "2027-01-01T00:00:00Z"), ("--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z")],
)
async def test_a_span_that_ends_before_it_begins_is_refused(
    more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, and nothing is read."""
    async with world() as made:
        assert await report(made, capsys, *more, status=2) == {}


async def test_what_is_no_organisation_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """As for any id that has not the form of one."""
    async with world() as made:
        made.organisation = type(made.organisation)(TOLVAN)
        assert await report(made, capsys, *SINCE, status=2) == {}
