"""Suspicious activity on the wire: each attack is one event and one mail, of which nobody learns anything but that."""

import logging
from typing import Any

import pytest

from shared.domain.alerts import SUBJECT, parse_alert
from shared.domain.errors import DependencyError
from shared.domain.ids import OrganisationId, new_id
from shared.domain.ports import Mail
from shared.domain.principals import Role
from shared.domain.staff_notices import SUBJECT as OWN_SUBJECT
from shared.services.staffing import MemberChange
from tests.http.test_audit_log import everything
from tests.http.test_limits import HEADER
from tests.http.test_staff_limits import ANNA, BO, HOME, THERE, guesses, made_of, sign_in
from tests.support.every_route import Scene, Who
from tests.support.memory_container import PASSWORD
from tests.support.world import TOLVAN, Browser, World, world

CHIEF, DEPUTY = "chief@example.com", "deputy@example.com"
WATCHED = {
    "PIC_CLIENT_ADDRESS_HEADER": HEADER,
    "PIC_WATCH_FAILURES_PER_ACCOUNT": "5/900",
    "PIC_WATCH_FAILURES_PER_NETWORK": "40/900",
    "PIC_WATCH_FAILURES_IN_ALL": "100/900",
    "PIC_WATCH_ACCOUNTS_PER_NETWORK": "10/900",
    "PIC_WATCH_MISSES": "10/3600",
    "PIC_WATCH_DOWNLOADS": "10/3600",
    "PIC_WATCH_MAILS_PER_KIND": "2/14400",
    "PIC_WATCH_NEW_DEVICES": "on",
}


async def noticed(made: World, log: OrganisationId | str | None = None) -> list[str]:
    """The kinds of the security events in a log, in their order."""
    return [event["kind"] for event in await events_of(made, log)]


async def events_of(made: World, log: OrganisationId | str | None = None) -> list[dict[str, Any]]:
    """The security events in a log."""
    page = await made.container.record_store.query(f"audit|{log or made.organisation}|202603", limit=1000)
    return [dict(record.body) for record in page.records if record.body["event"] == "security:notice"]


async def mailed(made: World, subject: str = SUBJECT) -> list[Mail]:
    """What was mailed of security events until now, and is looked at once."""
    await made.container.run_queues()
    found = [mail for mail in made.container.mailer.sent if mail.subject == subject]
    made.container.mailer.sent.clear()
    return found


async def watched(made: World, *admins: str) -> None:
    """The organisation with these admins, and nothing told so far."""
    for address in admins:
        await made.member(address, role=Role.ADMIN)
    await mailed(made)


async def test_guesses_at_one_account_are_one_event_and_one_mail_to_each_admin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And one to its owner. Nothing in them, on the queue or in a log says whose account or from where."""
    caplog.set_level(logging.DEBUG)
    async with world(**WATCHED) as made:
        await watched(made, CHIEF, DEPUTY)
        staff = await made.member(ANNA)
        assert await guesses(made, ANNA, 5, THERE) == [401] * 5
        assert "account-failures" not in await noticed(made)
        await guesses(made, ANNA, 20, THERE)
        (event,) = [each for each in await events_of(made) if each["kind"] == "account-failures"]
        assert (event["staff"], event["by"], event["severity"]) == (staff, "system", "medium")
        queued = str(made.container.queues.queued)
        sent = await mailed(made)
        assert sorted(mail.to for mail in sent) == [CHIEF, DEPUTY]
        assert "kontot" not in sent[0].text
        assert "Many failed attempts" in sent[0].text
        logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
        told = f"{sent[0].subject}{sent[0].text}{sent[0].message_id}{queued}{logged}{made_of(made)}"
        for secret in (ANNA, THERE, "Anna Exempel", "guess-"):
            assert secret not in told, secret
        for identifier in (staff, made.organisation, event["about"]):
            assert identifier not in f"{sent[0].subject}{sent[0].text}"
        assert await mailed(made) == []


async def test_the_owner_is_told_as_well() -> None:
    """By the same kind of mail as of their factors."""
    async with world(**WATCHED) as made:
        await watched(made)
        await made.member(ANNA)
        await guesses(made, ANNA, 20, THERE)
        sent = await mailed(made, OWN_SUBJECT)
        assert [mail.to for mail in sent] == [ANNA]
        assert "tried to sign in to your account" in sent[0].text


async def test_guesses_at_an_address_that_nobody_has_are_noted_and_mailed_to_nobody() -> None:
    """In the log of the platform, under a keyed hash."""
    async with world(**WATCHED) as made:
        await watched(made, CHIEF)
        await guesses(made, "nobody@example.com", 20, THERE)
        (event,) = await events_of(made, "platform")
        assert (event["kind"], event["staff"]) == ("account-failures", "none")
        assert await mailed(made) == []
        assert await mailed(made, OWN_SUBJECT) == []


async def test_spraying_one_password_over_accounts_is_noted() -> None:
    """Known or not, once each: no account sees more than one failure."""
    async with world(**WATCHED) as made:
        await watched(made, CHIEF)
        await made.member(ANNA)
        await guesses(made, ANNA, 1, THERE)
        for number in range(9):
            await guesses(made, f"staff{number}@example.com", 1, THERE)
        assert await noticed(made, "platform") == []
        for number in range(9, 30):
            await guesses(made, f"staff{number}@example.com", 1, THERE)
        assert await noticed(made, "platform") == ["spraying"]
        assert "account-failures" not in await noticed(made)


async def test_a_botnet_shows_in_the_count_of_all() -> None:
    """Each account once, each address once."""
    async with world(**WATCHED) as made:
        for number in range(101):
            await guesses(made, f"staff{number}@example.com", 1, f"198.51.100.{number}")
        assert await noticed(made, "platform") == ["all-failures"]


async def test_the_figure_counts_what_was_noticed() -> None:
    """For operations, by kind."""
    async with world(**WATCHED) as made:
        await guesses(made, "nobody@example.com", 20, THERE)
        page = (await Browser(made.http).call("GET", "/metrics", headers={HEADER: HOME})).text
        assert 'pic_security_events_total{kind="account-failures",result="noticed"} 1' in page


async def test_a_new_device_is_told_its_owner_once(caplog: pytest.LogCaptureFixture) -> None:
    """The browser that was used before is not told of, and no admin is mailed."""
    caplog.set_level(logging.DEBUG)
    async with world(**WATCHED) as made:
        await watched(made, CHIEF)
        staff = await made.member(ANNA)
        mine = Browser(made.http)
        for _ in range(3):
            assert (await sign_in(mine, ANNA, PASSWORD)).status_code == 200
        (event,) = [each for each in await events_of(made) if each["kind"] == "new-device"]
        assert (event["staff"], event["severity"]) == (staff, "low")
        (mail,) = await mailed(made, OWN_SUBJECT)
        assert mail.to == ANNA
        assert HOME not in mail.text
        made.container.clock.move(hours=2)
        await sign_in(mine, ANNA, PASSWORD)
        assert await mailed(made, OWN_SUBJECT) == []
        await sign_in(Browser(made.http), ANNA, PASSWORD)
        assert len(await mailed(made, OWN_SUBJECT)) == 1


async def test_who_has_just_chosen_a_password_uses_no_new_device() -> None:
    """The link was opened in the browser that signs in then."""
    async with world(**WATCHED) as made:
        await watched(made)
        await made.member(ANNA)
        await made.container.activating.ask_for_reset(ANNA)
        await made.container.run_queues()
        token = made.container.mailer.sent[-1].text.partition("#/choose-password/")[2].split()[0]
        browser = Browser(made.http)
        body = {"token": token, "password": "ordmoln-paraply-kvist-91"}
        answer = await browser.call("POST", "/api/v1/staff/activation", headers={HEADER: HOME}, json=body)
        assert answer.status_code == 204
        assert (await sign_in(browser, ANNA, "ordmoln-paraply-kvist-91")).status_code == 200
        assert "new-device" not in await noticed(made)


UNUSUAL = {name: value for name, value in WATCHED.items() if name != "PIC_CLIENT_ADDRESS_HEADER"} | {
    "PIC_WATCH_NEW_DEVICES": "off"
}


async def test_looking_for_ids_of_others_is_noted() -> None:
    """By staff in their own organisation's log; as many as are usual are not."""
    async with world(**UNUSUAL) as made:
        await watched(made, CHIEF)
        staff = await made.staff()
        for number in range(30):
            other = new_id(made.container.clock(), made.container.random)
            answer = await staff.call("GET", f"/api/v1/threads/{other}")
            assert answer.status_code == 404
            assert ("misses" in await noticed(made)) == (number >= 10)
        (event,) = [each for each in await events_of(made) if each["kind"] == "misses"]
        assert (event["by"], event["about"]) != ("system", "none")
        (mail,) = await mailed(made)
        assert mail.to == CHIEF


async def test_ids_of_another_organisation_are_noted_like_ids_of_nothing(scene: Scene) -> None:
    """What is there and what is not cost the same and look the same."""
    foreign = await scene.browser(Who.OTHER_ADMIN)
    calls = scene.world.container.watching
    before = len(calls._limiting._held)
    answer = await foreign.call("GET", f"/api/v1/threads/{scene.thread}")
    assert answer.status_code == 404
    assert len(calls._limiting._held) == before + 1
    await foreign.call("GET", f"/api/v1/threads/{new_id(scene.world.container.clock(), scene.world.container.random)}")
    assert len(calls._limiting._held) == before + 1


async def test_a_person_who_looks_for_ids_is_noted_and_told_to_no_organisation() -> None:
    """Their affair with the service."""
    async with world(**UNUSUAL) as made:
        await watched(made, CHIEF)
        person = await made.person(TOLVAN)
        for _ in range(12):
            await person.call("GET", f"/api/v1/threads/{new_id(made.container.clock(), made.container.random)}")
        assert await noticed(made, "platform") == ["misses"]
        assert await mailed(made) == []


async def test_fetching_unusually_much_is_noted() -> None:
    """By whom, in the organisation's log."""
    async with world(**UNUSUAL) as made:
        scene = await Scene.of(made)
        await watched(made, CHIEF)
        person = await made.person(TOLVAN)
        for _ in range(10):
            assert (await scene.call("download_file").by(person)).status_code in {200, 206}
        assert "downloads" not in await noticed(made)
        for _ in range(5):
            await scene.call("download_file").by(person)
        events = [each for each in await events_of(made) if each["kind"] == "downloads"]
        assert [each["by"][:3] for each in events] == ["s1-"]
        assert [mail.to for mail in await mailed(made)] == [CHIEF]


async def test_changes_of_policy_and_roles_are_told_to_all_admins() -> None:
    """Also to whoever made them: it may not have been them."""
    async with world(**UNUSUAL) as made:
        await made.member(CHIEF, role=Role.ADMIN)
        await made.member(DEPUTY, role=Role.ADMIN)
        other = await made.member(BO)
        await mailed(made)
        chief = await made.signed_in(CHIEF)
        made.container.clock.move(seconds=5)
        await chief.json("PATCH", f"/api/v1/organisation/staff/{other}", json={"role": "auditor"})
        sent = await mailed(made)
        assert sorted(mail.to for mail in sent) == [CHIEF, DEPUTY]
        assert "A role, a sign-in or the access" in sent[0].text
        assert (await noticed(made)).count("roles-changed") == 1
        await chief.json("PATCH", f"/api/v1/organisation/staff/{other}", json={"name": "Bo Bengtsson"})
        assert await mailed(made) == []


async def test_personal_data_in_a_text_that_is_kept_in_clear_is_told_without_it() -> None:
    """Which kind of record and field; the text itself nowhere but where it was put."""
    async with world(**UNUSUAL) as made:
        await watched(made, CHIEF)
        admin = await made.signed_in(CHIEF)
        await admin.json("POST", "/api/v1/organisation/units", 201, json={"name": "Ärende 198211632388"})
        (event,) = [each for each in await events_of(made) if each["kind"] == "personal-data"]
        assert event["about"].endswith(".name")
        (mail,) = await mailed(made)
        assert "198211632388" not in f"{mail.text}{event}"


async def test_nobody_fills_the_mailbox_of_an_admin_or_hides_an_alert_behind_noise() -> None:
    """Forty accounts are guessed at: two mails. Another kind is still told at once, and all stand in the log."""
    async with world(**UNUSUAL, PIC_LIMIT_STAFF_IN_ALL="100000/60") as made:
        await watched(made, CHIEF)
        for number in range(40):
            await made.member(f"victim{number}@example.com")
            await guesses(made, f"victim{number}@example.com", 6, THERE)
        assert (await noticed(made)).count("account-failures") == 40
        assert len(await mailed(made)) == 2
        staff = await made.staff()
        for _ in range(11):
            await staff.call("GET", f"/api/v1/threads/{new_id(made.container.clock(), made.container.random)}")
        assert len(await mailed(made)) == 1
        made.container.clock.move(hours=4)
        await guesses(made, "victim1@example.com", 6, THERE)
        assert len(await mailed(made)) == 1


async def test_whoever_is_no_admin_any_more_is_not_mailed() -> None:
    """Between the event and the mail: left, or of another role. Nor is an auditor or a member."""
    async with world(**UNUSUAL) as made:
        await made.member(ANNA, role=Role.AUDITOR)
        await made.member(CHIEF, role=Role.ADMIN)
        gone = await made.member(DEPUTY, role=Role.ADMIN)
        moved = await made.member(BO, role=Role.ADMIN)
        await mailed(made)
        await guesses(made, ANNA, 20, THERE)
        for message in made.container.queues.take("notify"):
            await made.container.alerting.handle(parse_alert(message))
        await made.container.staffing.leave(made.organisation, gone, successor=None, by="system")
        await made.container.staffing.change(made.organisation, moved, MemberChange(role=Role.MEMBER), by="system")
        # Of these changes other mails go out, and not to them.
        assert {mail.to for mail in await mailed(made)} == {CHIEF}


async def test_a_mail_server_that_does_not_answer_is_asked_again_and_nobody_is_told_twice() -> None:
    """The message goes back on the queue; the one that went through has left its mark."""
    async with world(**UNUSUAL) as made:
        await watched(made, CHIEF)
        await made.member(ANNA)
        await guesses(made, ANNA, 20, THERE)
        (first,) = made.container.queues.take("notify")
        await made.container.alerting.handle(parse_alert(first))
        await made.container.alerting.handle(parse_alert(first))
        queued = made.container.queues.take("notify")
        (to_admin,) = [message for message in queued if "alert" in message]
        real = made.container.mailer

        class Silent:
            async def send(self, mail: Mail) -> None:
                raise DependencyError(mail.to[:0])

        made.container.alerting._mailer = Silent()  # type: ignore[assignment]
        with pytest.raises(DependencyError):
            await made.container.alerting.handle(parse_alert(to_admin))
        made.container.alerting._mailer = real
        await made.container.alerting.handle(parse_alert(to_admin))
        assert len(await mailed(made)) == 1


async def test_admins_and_auditors_read_security_events_in_the_log() -> None:
    """With all that is known; a member does not."""
    async with world(**UNUSUAL) as made:
        await watched(made)
        await made.member(ANNA)
        await guesses(made, ANNA, 20, THERE)
        for role in (Role.ADMIN, Role.AUDITOR):
            reader = await made.staff(role=role)
            found = [each for each in await everything(reader) if each["event"] == "security:notice"]
            assert [each["ids"]["kind"] for each in found if each["ids"]["kind"] == "account-failures"] == [
                "account-failures"
            ]
        member = await made.staff()
        assert (await member.call("GET", "/api/v1/audit?month=2026-03")).status_code == 403
