"""Levels of assurance on the wire: whoever signed in below a thread's level opens nothing in it, by no route."""

from dataclasses import replace
from typing import get_args

import pytest

from functions.models import Level
from shared.adapters.memory_electronic_id import persona
from shared.domain.assurance import Assurance
from tests.support.every_route import CALLS, Scene, everything_stored
from tests.support.problems import anonymous, problem_of
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, World

FREE = {"create_thread", "list_threads"}
"""Routes that name the unit and no thread."""


@pytest.fixture
async def scene(world: World) -> Scene:
    """As everywhere, but draft and upload are the person's own."""
    made = await Scene.of(world)
    person = await world.person(TOLVAN)
    draft = await world.draft(person, made.thread)
    upload = (await world.create_upload(person, draft, 5)).headers["location"]
    await world.append(person, upload, 0, b"%P")
    return replace(made, draft=draft, upload=upload)


async def signed_in(scene: Scene, digits: str, level: Assurance) -> Browser:
    """A browser of this person, whose e-ID gave this level."""
    return await scene.world.person(digits, persona(digits, assurance=level))


def inside(scene: Scene) -> list[str]:
    """Every route that is about the thread or something in it."""
    return [name for name in CALLS if name == "create_upload" or _names(scene, scene.call(name).path)]


def _names(scene: Scene, path: str) -> bool:
    return scene.thread in path or path == scene.upload


async def test_these_routes_are_about_a_thread(scene: Scene) -> None:
    """A route that joins them is tested below; one that is missed would show here."""
    assert set(inside(scene)) >= {
        *("read_thread", "create_message", "read_message", "delete_message", "send_message", "open_message"),
        *("download_file", "describe_file", "download_files", "delete_file"),
        *("create_upload", "upload_offset", "append_upload", "cancel_upload"),
    }


async def test_below_the_level_every_route_tells_the_level_and_does_nothing(scene: Scene) -> None:
    """The same for each, also where a higher level would meet a conflict or nothing."""
    browser = await signed_in(scene, TOLVAN, Assurance.LOA2)
    before = everything_stored(scene)
    for route in inside(scene):
        answer = await scene.call(route).by(browser)
        assert answer.status_code == 403, route
        if scene.call(route).method != "HEAD":
            assert problem_of(answer, 403, "assurance-too-low")["required"] == "loa3", route
        assert "Beslut" not in answer.text
        assert everything_stored(scene) == before, route


async def test_at_the_level_no_route_speaks_of_it(scene: Scene) -> None:
    """Nor above."""
    for level in (Assurance.LOA3, Assurance.LOA4):
        browser = await signed_in(scene, TOLVAN, level)
        for route in inside(scene):
            answer = await scene.call(route).by(browser)
            assert answer.status_code != 403, route


async def test_a_stranger_of_a_lower_level_learns_nothing(scene: Scene) -> None:
    """The same 404 as at any level."""
    low = await signed_in(scene, OTHER_PERSON, Assurance.LOA2)
    usual = await signed_in(scene, OTHER_PERSON, Assurance.LOA3)
    for route in inside(scene):
        answers = [await scene.call(route).by(browser) for browser in (low, usual)]
        assert [answer.status_code for answer in answers] == [404, 404], route
        if scene.call(route).method != "HEAD":
            one, other = (anonymous(problem_of(answer, 404, "not-found")) for answer in answers)
            assert one == other


async def test_the_inbox_shows_a_locked_thread_without_what_is_in_it(scene: Scene) -> None:
    """That it is there, and what opens it."""
    browser = await signed_in(scene, TOLVAN, Assurance.LOA2)
    assert (await browser.json("GET", "/api/v1/session"))["assurance"] == "loa2"
    (shown,) = (await browser.json("GET", "/api/v1/inbox"))["threads"]
    assert shown.pop("thread") == scene.thread
    assert {shown.pop("created_at") < shown.pop("expires_at")} == {True}
    empty = {"unit": "", "unit_name": "", "subject": "", "persons": []}
    assert shown == {**empty, "required_assurance": "loa3", "locked": True}
    usual = await signed_in(scene, TOLVAN, Assurance.LOA3)
    (shown,) = (await usual.json("GET", "/api/v1/inbox"))["threads"]
    assert (shown["locked"], shown["subject"], shown["unit_name"]) == (False, "Beslut", "Mottagningen")


async def test_staff_choose_a_level_that_an_e_id_gives(scene: Scene) -> None:
    """Any that is met here and not below the organisation's; else they are told which of the two it is."""
    persons = [{"personal_number": TOLVAN, "mail_address": "tolvan@example.com"}]
    new = {"unit": scene.world.unit, "subject": "Beslut", "persons": persons}
    staff = scene.staff
    assert (await staff.json("POST", "/api/v1/threads", 201, json=new))["required_assurance"] == "loa3"
    answer = await staff.call("POST", "/api/v1/threads", json={**new, "required_assurance": "loa2"})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "assurance-below-organisation"
    await scene.world.decide(required_assurance=Assurance.LOA2)
    for level in ("loa2", "loa3"):
        made = await staff.json("POST", "/api/v1/threads", 201, json={**new, "required_assurance": level})
        assert (made["required_assurance"], made["locked"]) == (level, False)
    before = everything_stored(scene)
    answer = await staff.call("POST", "/api/v1/threads", json={**new, "required_assurance": "loa4"})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "assurance-unreachable"
    for word in ("loa1", "LOA3", "", 3):
        answer = await staff.call("POST", "/api/v1/threads", json={**new, "required_assurance": word})
        problem_of(answer, 422, "invalid-request")
    assert everything_stored(scene) == before


async def test_receipts_on_the_wire_tell_the_e_id_and_its_level(scene: Scene) -> None:
    """To the author's side, which is shown no more of the sign-in than that."""
    person = await signed_in(scene, TOLVAN, Assurance.LOA4)
    await person.json("POST", f"{scene.delivered}/open")
    (receipt,) = (await scene.staff.json("GET", scene.delivered))["receipts"]
    assert set(receipt) == {"kind", "name", "file", "at", "provider", "assurance"}
    assert (receipt["kind"], receipt["provider"], receipt["assurance"]) == ("person", "memory", "loa4")


def test_the_words_are_those_of_the_domain() -> None:
    """The schema repeats them for the sake of clients."""
    assert get_args(Level) == tuple(level.value for level in Assurance)


@pytest.mark.parametrize("wish", [{}, {"required_assurance": None}])
async def test_without_a_wish_the_level_is_the_organisations(scene: Scene, wish: dict[str, None]) -> None:
    """From the next thread on."""
    persons = [{"personal_number": TOLVAN, "mail_address": "tolvan@example.com"}]
    new = {"unit": scene.world.unit, "subject": "Beslut", "persons": persons, **wish}
    await scene.world.decide(required_assurance=Assurance.LOA2)
    assert (await scene.staff.json("POST", "/api/v1/threads", 201, json=new))["required_assurance"] == "loa2"
