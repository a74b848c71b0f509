"""The settings of an organisation on the wire: what an admin changes holds at once, for this organisation alone."""

from datetime import datetime
from typing import Any

import pytest

from shared.domain.sign_in_methods import FRESH_FOR
from tests.support.every_route import Scene, Who, everything_stored
from tests.support.problems import problem_of
from tests.support.world import Browser

PATH = "/api/v1/organisation/settings"


async def changed(admin: Browser, **change: Any) -> dict[str, Any]:
    """The settings after this change."""
    return await admin.json("PATCH", PATH, json=change)


async def test_what_is_left_out_stays(scene: Scene) -> None:
    """And null takes a limit of one's own back."""
    admin = await scene.browser(Who.ADMIN)
    before = await admin.json("GET", PATH)
    assert await changed(admin) == before
    first = await changed(admin, retention_ceiling_days=90, retention_default_days=30, refused_content=["macros"])
    wanted = {"retention_ceiling_days": 90, "retention_default_days": 30, "refused_content": ["macros"]}
    assert first == {**before, **wanted}
    assert await changed(admin, retention_ceiling_days=None) == {**first, "retention_ceiling_days": None}
    assert await scene.staff.json("GET", PATH) == {**first, "retention_ceiling_days": None}


async def test_the_service_says_what_it_goes_to_itself(scene: Scene) -> None:
    """So that a page can show what null means."""
    shown = await scene.staff.json("GET", PATH)
    settings = scene.world.container.settings
    limits = (shown["service_retention_days"], shown["service_upload_max_bytes"])
    assert limits == (settings.retention_days, settings.upload_max_bytes)


@pytest.mark.parametrize(
    "change",
    [
        {"second_factor": "none"},
        {"second_factor": None},
        {"sign_in": []},
        {"sign_in": ["password", "magic"]},
        {"sign_in": "password"},
        {"retention_default_days": 0},
        {"retention_ceiling_days": 366},
        {"retention_ceiling_days": "30"},
        {"required_assurance": "loa5"},
        {"notice_style": None},
        {"upload_max_bytes": 0},
        {"upload_max_bytes": 10**30},
        {"upload_max_bytes": 1.5},
        {"refused_content": ["virus"]},
        {"organisation": "01k2m3n4p5q6r7s8t9v0w1x2y3"},
        {"service_retention_days": 3650},
        {"content": {"refused": []}},
        {"role": "admin"},
    ],
    ids=str,
)
async def test_what_is_no_setting_changes_nothing(scene: Scene, change: dict[str, Any]) -> None:
    """Unknown words, wrong types, the limits of the service, and whose settings they are."""
    admin = await scene.browser(Who.ADMIN)
    before = everything_stored(scene)
    problem_of(await admin.call("PATCH", PATH, json={"notice_style": "named", **change}), 422, "invalid-request")
    assert everything_stored(scene) == before


async def test_settings_that_do_not_fit_together_change_nothing(scene: Scene) -> None:
    """Whichever of the two comes last."""
    admin = await scene.browser(Who.ADMIN)
    await changed(admin, retention_ceiling_days=30)
    before = everything_stored(scene)
    answer = await admin.call("PATCH", PATH, json={"retention_default_days": 31})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "retention-default-days"
    assert everything_stored(scene) == before


async def test_nobody_locks_everybody_out(scene: Scene) -> None:
    """While no other way in is set up, the password stays one."""
    admin = await scene.browser(Who.ADMIN)
    before = everything_stored(scene)
    answer = await admin.call("PATCH", PATH, json={"sign_in": ["entra"]})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "sign-in"
    assert everything_stored(scene) == before
    assert (await changed(admin, sign_in=["entra", "password"]))["sign_in"] == ["entra", "password"]


async def test_an_admin_who_proved_it_long_ago_proves_it_again(scene: Scene) -> None:
    """A page that was left open changes nothing."""
    admin = await scene.browser(Who.ADMIN)
    scene.world.container.clock.now += FRESH_FOR
    before = await admin.json("GET", PATH)
    problem_of(await admin.call("PATCH", PATH, json={"second_factor": "optional"}), 403, "step-up-required")
    assert await admin.json("GET", PATH) == before


async def test_the_log_tells_what_changed_and_not_to_what(scene: Scene) -> None:
    """Once for each change, and not for what was so already."""
    admin = await scene.browser(Who.ADMIN)
    for _ in range(2):
        await changed(admin, notice_style="named", required_assurance="loa2")
    records = scene.world.container.record_store._partitions
    events = [str(body) for name, found in records.items() if name.startswith("audit|") for body, _ in found.values()]
    (told,) = [text for text in events if "organisation:settings:change" in text and "system" not in text]
    assert "required_assurance notice_style" in told
    assert "loa2" not in told


async def test_another_organisation_keeps_its_own(scene: Scene) -> None:
    """Whose settings they are comes from who asks."""
    other = await scene.browser(Who.OTHER_ADMIN)
    before = await other.json("GET", PATH)
    await changed(await scene.browser(Who.ADMIN), notice_style="named", retention_ceiling_days=7)
    assert await other.json("GET", PATH) == before


@pytest.mark.parametrize(
    ("rule", "wish", "days"),
    [
        ({}, None, 365),
        ({"retention_ceiling_days": 60}, None, 60),
        ({"retention_ceiling_days": 60, "retention_default_days": 14}, None, 14),
        ({"retention_ceiling_days": 60, "retention_default_days": 14}, 60, 60),
        ({"retention_ceiling_days": 60}, 61, None),
    ],
)
async def test_messages_live_as_long_as_the_organisation_says(
    scene: Scene, rule: dict[str, int], wish: int | None, days: int | None
) -> None:
    """For both sides of its threads: a person's answer too."""
    await changed(await scene.browser(Who.ADMIN), **rule)
    for author in (scene.staff, await scene.browser(Who.PERSON)):
        new = {"text": "Hej", "retention_days": wish}
        answer = await author.call("POST", f"/api/v1/threads/{scene.thread}/messages", json=new)
        if days is None:
            assert problem_of(answer, 422, "invalid-input")["rule"] == "retention-days"
        else:
            made = answer.json()
            lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
            assert lives.days == days


async def test_what_is_there_already_keeps_its_end(scene: Scene) -> None:
    """The end of a message is set when it begins: nobody's content vanishes because a number was typed."""
    before = await scene.staff.json("GET", scene.delivered)
    await changed(await scene.browser(Who.ADMIN), retention_ceiling_days=1)
    assert (await scene.staff.json("GET", scene.delivered))["expires_at"] == before["expires_at"]
