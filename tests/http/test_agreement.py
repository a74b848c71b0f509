"""The agreement on the wire: read by staff, accepted by an admin who saw this text, and asked for before sending."""

from pathlib import Path

import pytest

from shared.domain.sub_processors import REGISTER_VERSION, SUB_PROCESSORS
from tests.support.every_route import Scene, Who, everything_stored
from tests.support.problems import problem_of
from tests.support.world import Browser

PATH = "/api/v1/organisation/agreement"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "sub-processors.md"


async def unbound_admin(scene: Scene) -> Browser:
    """An admin of an organisation that has accepted nothing, who serves a unit."""
    return await scene.browser(Who.OTHER_ADMIN)


async def test_until_it_is_accepted_nothing_is_sent(scene: Scene) -> None:
    """Then it is, by who, when and which text."""
    admin = await unbound_admin(scene)
    unit = (await admin.json("GET", "/api/v1/units"))["units"][0]["unit"]
    new = {
        "unit": unit,
        "subject": "Beslut",
        "persons": [{"personal_number": "199006022397", "mail_address": "a@b.se"}],
    }
    problem_of(await admin.call("POST", "/api/v1/threads", json=new), 403, "agreement-required")
    offered = await admin.json("GET", PATH)
    assert (offered["accepted"], offered["due_at"]) == (None, None)
    told = {"version": offered["version"], "digest": offered["digest"]}
    accepted = await admin.json("POST", f"{PATH}/acceptance", 201, json=told)
    assert accepted["digest"] == offered["digest"]
    assert (await admin.json("GET", PATH))["accepted"] == accepted
    assert (await admin.call("POST", "/api/v1/threads", json=new)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, {"version": "2026-1"}, {"version": "2026-1", "digest": None}, {"version": 1, "digest": "x"}, {"accept": True}],
    ids=str,
)
async def test_an_acceptance_names_what_was_read(scene: Scene, body: dict[str, object]) -> None:
    """All of it, and nothing else."""
    admin = await unbound_admin(scene)
    before = everything_stored(scene)
    problem_of(await admin.call("POST", f"{PATH}/acceptance", json=body), 422, "invalid-request")
    assert everything_stored(scene) == before


async def test_a_page_that_shows_another_text_accepts_nothing(scene: Scene) -> None:
    """One left open over a change of version."""
    admin = await unbound_admin(scene)
    offered = await admin.json("GET", PATH)
    for told in (
        {"version": "2025-1", "digest": offered["digest"]},
        {"version": offered["version"], "digest": "0" * 64},
    ):
        problem_of(await admin.call("POST", f"{PATH}/acceptance", json=told), 409, "conflict")
    assert (await admin.json("GET", PATH))["accepted"] is None


async def test_the_document_and_the_route_tell_the_same_sub_processors(scene: Scene) -> None:
    """One register: what is published, what the service answers, and the code."""
    told = await scene.staff.json("GET", "/api/v1/sub-processors")
    assert told["version"] == REGISTER_VERSION
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"Version {REGISTER_VERSION}.") for line in lines)
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("| ")]
    assert rows[1:] == [(p.name, p.task, p.data, p.place) for p in SUB_PROCESSORS]
    assert [tuple(each.values()) for each in told["sub_processors"]] == rows[1:]
