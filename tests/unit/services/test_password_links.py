"""Links to choose a password by: mailed, used once by one, and worth nothing to anybody who should not have them."""

import asyncio
import re

import pytest

from shared.crypto.fields import seal_field
from shared.domain import places
from shared.domain.credentials import LinkToken
from shared.domain.errors import (
    DependencyError,
    IntegrityError,
    NotFoundError,
    NotSignedInError,
    PasswordRefusedError,
    TooManyRequestsError,
    WrongCredentialsError,
)
from shared.domain.ids import StaffId
from shared.domain.letters import ActivationLetter, ResetLetter, parse_letter
from shared.domain.principals import Staff
from shared.domain.staff_members import StaffState
from tests.support.memory_container import PASSWORD
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble, meetings

ADDRESS = "Anna.Exempel@example.com"
NEW = "ordmoln-paraply-kvist-91"
OTHER = "vinglas-tratt-sommarregn-47"
LINK = re.compile(r"http://portal\.test/portal#/choose-password/([0-9A-Za-z_-]+)")
ID = "01k2m3n4p5q6r7s8t9v0w1x2y3"


async def asked(scene: Scene, address: str = ADDRESS) -> str:
    """Ask for a new password, and read the mail."""
    await scene.container.activating.ask_for_reset(address)
    await scene.container.run_queues()
    return last_token(scene)


def last_token(scene: Scene) -> str:
    found = LINK.search(scene.container.mailer.sent[-1].text)
    assert found
    return found[1]


async def invited(scene: Scene) -> Staff:
    """Somebody who was invited: their address is kept for them, and has no password."""
    staff = await scene.staff(address=ADDRESS)
    await change(scene, staff, state=StaffState.INVITED.value)
    ((place, body),) = scene.bodies("login|").items()
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {**body, "password": None})
    return staff


async def change(scene: Scene, staff: Staff, **fields: str) -> None:
    """Change the record of a member."""
    place = places.staff(staff.organisation, staff.staff)
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {**record.body, **fields})


async def leave(scene: Scene, staff: Staff) -> None:
    """Let somebody go."""
    await scene.container.staffing.leave(staff.organisation, staff.staff, successor=None, by="system")


async def signs_in(scene: Scene, password: str) -> bool:
    try:
        await scene.container.staff_signing_in.sign_in(ADDRESS, password)
    except WrongCredentialsError:
        return False
    return True


async def test_an_invitation_lets_choose_the_first_password(scene: Scene) -> None:
    """Who was invited is active then, signs in by it, and the link is used up."""
    staff = await invited(scene)
    await scene.container.activating.invite(staff.organisation, staff.staff)
    await scene.container.run_queues()
    mail = scene.container.mailer.sent[-1]
    assert mail.to == ADDRESS
    done = await scene.container.setting_passwords.by_link(last_token(scene), NEW)
    assert (done.organisation, done.staff) == (staff.organisation, staff.staff)
    assert await signs_in(scene, NEW)
    place = places.staff(staff.organisation, staff.staff)
    assert scene.bodies(place.partition)[place]["state"] == "active"
    assert not [at for at in scene.bodies() if at.id.startswith("credential|")]
    assert [event["purpose"] for event in scene.events("password:set")] == ["activation"]


async def test_a_login_that_is_not_there_yet_is_made(scene: Scene) -> None:
    """An invitation need not keep a login."""
    staff = await invited(scene)
    for place in scene.bodies("login|"):
        await scene.container.record_store.delete_if_match(await scene.container.records.get(place.partition, place.id))
    await scene.container.activating.invite(staff.organisation, staff.staff)
    await scene.container.run_queues()
    await scene.container.setting_passwords.by_link(last_token(scene), NEW)
    assert await signs_in(scene, NEW)


async def test_a_reset_replaces_the_password_and_ends_every_session(scene: Scene) -> None:
    """Whoever had the old one, and whoever was signed in by it, is out at once; no session comes of the link."""
    await scene.staff(address=ADDRESS)
    sessions = [await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD) for _ in range(3)]
    token = await asked(scene)
    await scene.container.setting_passwords.by_link(token, NEW)
    assert not scene.bodies("session|")
    assert not scene.bodies("sessions|")
    for session in sessions:
        with pytest.raises(NotSignedInError):
            await scene.container.sessions.principal_of(session.token)
    assert not await signs_in(scene, PASSWORD)
    assert await signs_in(scene, NEW)


async def test_the_owner_is_told_and_nothing_is_given_away(scene: Scene) -> None:
    """A mail after the change: no name, no link to choose by, no password."""
    await scene.staff(address=ADDRESS)
    await scene.container.setting_passwords.by_link(await asked(scene), NEW)
    await scene.container.run_queues()
    link, told = scene.container.mailer.sent
    assert told.to == link.to == ADDRESS
    assert "Ditt lösenord har ändrats" in told.text
    for text in (told.text, link.text):
        assert not re.search(r"Anna|Exempelkommunen|Mottagningen|" + re.escape(NEW), text)
    assert not LINK.search(told.text)


async def test_a_link_is_used_once(scene: Scene) -> None:
    """The second time it is as unknown as one that never was."""
    await scene.staff(address=ADDRESS)
    token = await asked(scene)
    await scene.container.setting_passwords.by_link(token, NEW)
    with pytest.raises(NotFoundError):
        await scene.container.setting_passwords.by_link(token, OTHER)
    assert await signs_in(scene, NEW)
    assert not await signs_in(scene, OTHER)


async def test_of_many_at_once_one_wins() -> None:
    """Another request comes in at every call of the first: never do both succeed, and the winner's password is set."""
    for at in range(1, 40):
        fresh = await Scene.make()
        await fresh.staff(address=ADDRESS)
        token = await asked(fresh)
        rival: list[bool] = []

        async def race(fresh: Scene = fresh, token: str = token, rival: list[bool] = rival) -> None:
            try:
                await fresh.container.setting_passwords.by_link(token, OTHER)
            except NotFoundError:
                rival.append(False)
            else:
                rival.append(True)

        tap = Tap(at=at, act=race)
        try:
            await fresh.instance(tap).setting_passwords.by_link(token, NEW)
        except NotFoundError:
            assert rival == [True]
            assert await signs_in(fresh, OTHER)
        else:
            assert rival in ([False], [])
            assert await signs_in(fresh, NEW)
            if not tap.was_reached:
                return
    raise AssertionError("the race has no end")


async def test_at_the_same_moment_one_wins(scene: Scene) -> None:
    """Eight browsers with the same link."""
    await scene.staff(address=ADDRESS)
    token = await asked(scene)
    tries = [scene.instance().setting_passwords.by_link(token, f"{NEW}-{number}") for number in range(8)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in found) == 1
    assert all(isinstance(each, NotFoundError) for each in found if isinstance(each, BaseException))


@pytest.mark.parametrize(("purpose", "minutes"), [("reset", 30), ("activation", 72 * 60)])
async def test_a_link_runs_out(scene: Scene, purpose: str, minutes: int) -> None:
    """At its minute, not after it; the sweep takes what is left of it."""
    if purpose == "reset":
        await scene.staff(address=ADDRESS)
        token = await asked(scene)
    else:
        staff = await invited(scene)
        await scene.container.activating.invite(staff.organisation, staff.staff)
        await scene.container.run_queues()
        token = last_token(scene)
    scene.container.clock.move(minutes=minutes)
    with pytest.raises(NotFoundError):
        await scene.container.setting_passwords.by_link(token, NEW)
    await scene.container.retaining.sweep()
    assert not [at for at in scene.bodies() if at.id.startswith("credential|")]
    scene.container.clock.move(minutes=-1)


async def test_the_sweep_leaves_a_newer_link(scene: Scene) -> None:
    """The booking of the first comes due while the second is good."""
    await scene.staff(address=ADDRESS)
    await asked(scene)
    scene.container.clock.move(minutes=29)
    token = await asked(scene)
    scene.container.clock.move(minutes=2)
    await scene.container.retaining.sweep()
    await scene.container.setting_passwords.by_link(token, NEW)


async def test_a_new_link_voids_the_one_before(scene: Scene) -> None:
    """Only the newest mail works."""
    await scene.staff(address=ADDRESS)
    first = await asked(scene)
    second = await asked(scene)
    with pytest.raises(NotFoundError):
        await scene.container.setting_passwords.by_link(first, NEW)
    await scene.container.setting_passwords.by_link(second, NEW)


async def test_the_link_of_another_opens_nothing(scene: Scene) -> None:
    """Neither with one's own secret under another's ids, nor of another organisation, nor cut or changed."""
    mine = await scene.staff(address=ADDRESS)
    theirs = await scene.staff(address="bo@example.com")
    other = await scene.container.administering.create_organisation("Grannkommunen")
    token = LinkToken.of(await asked(scene))
    assert token.staff == mine.staff
    foreign = [
        LinkToken(organisation=mine.organisation, staff=theirs.staff, secret=token.secret).text(),
        LinkToken(organisation=other, staff=mine.staff, secret=token.secret).text(),
        LinkToken(organisation=mine.organisation, staff=StaffId(ID), secret=token.secret).text(),
        LinkToken(organisation=mine.organisation, staff=mine.staff, secret="A" * 43).text(),
        *("", "x", token.text()[:-1], token.text() + "A", token.secret, "\udc80" * 95, token.text().upper()),
    ]
    for text in foreign:
        with pytest.raises(NotFoundError):
            await scene.container.setting_passwords.by_link(text, NEW)
    await scene.container.setting_passwords.by_link(token.text(), NEW)


async def test_a_link_to_a_former_address_opens_nothing(scene: Scene) -> None:
    """Whoever still reads the old mailbox must not choose the password."""
    staff = await scene.staff(address=ADDRESS)
    token = await asked(scene)
    home = places.staff(staff.organisation, staff.staff)
    key = await scene.container.keyring.current(staff.organisation)
    sealed = seal_field(
        key,
        "anna.ny@example.com",
        partition=home.partition,
        id=home.id,
        field="mail_address",
        random=scene.container.random,
    )
    await change(scene, staff, mail_address=sealed)
    with pytest.raises(NotFoundError):
        await scene.container.setting_passwords.by_link(token, NEW)


async def test_who_has_left_gets_in_by_no_link(scene: Scene) -> None:
    """Neither by one from before, nor does another mail go out."""
    staff = await scene.staff(address=ADDRESS)
    token = await asked(scene)
    await leave(scene, staff)
    with pytest.raises(NotFoundError):
        await scene.container.setting_passwords.by_link(token, NEW)
    await scene.container.activating.ask_for_reset(ADDRESS)
    await scene.container.activating.invite(staff.organisation, staff.staff)
    await scene.container.run_queues()
    assert len(scene.container.mailer.sent) == 1
    assert not scene.bodies("login|")


async def test_who_leaves_while_choosing_has_no_login() -> None:
    """At whatever call: a password that comes late must not bring them back."""
    for at in range(1, 40):
        fresh = await Scene.make()
        staff = await fresh.staff(address=ADDRESS)
        token = await asked(fresh)

        async def go(fresh: Scene = fresh, staff: Staff = staff) -> None:
            await leave(fresh, staff)

        tap = Tap(at=at, act=go)
        try:
            await fresh.instance(tap).setting_passwords.by_link(token, NEW)
        except NotFoundError:
            assert not fresh.bodies("login|")
        if not tap.was_reached:
            return
        assert not fresh.bodies("login|")
    raise AssertionError("it has no end")


@pytest.mark.parametrize("weak", ["kort", "qwertyuiop", "Sommaren2026!", "Exempelkommunen 2026", "hjpjxrf23062007"])
async def test_a_refused_password_uses_nothing_up(scene: Scene, weak: str) -> None:
    """The link still works, and the old password too."""
    await scene.staff(address=ADDRESS)
    token = await asked(scene)
    with pytest.raises(PasswordRefusedError) as told:
        await scene.container.setting_passwords.by_link(token, weak)
    assert told.value.rules
    assert weak not in str(told.value)
    assert await signs_in(scene, PASSWORD)
    await scene.container.setting_passwords.by_link(token, NEW)


async def test_own_names_are_no_password(scene: Scene) -> None:
    """The organisation's, one's own, and the address: from the records of whom the link is for."""
    await scene.staff(address=ADDRESS)
    token = await asked(scene)
    for known in ("Exempelkommunen-Exempel 7", "anna.exempel.anna.exempel 7x"):
        with pytest.raises(PasswordRefusedError) as told:
            await scene.container.setting_passwords.by_link(token, known)
        assert "password-context" in told.value.rules


async def test_a_busy_service_uses_nothing_up(scene: Scene) -> None:
    """Who is told to come back can."""

    class Busy:
        async def hash(self, password: str) -> str:  # noqa: ARG002 - of the port
            raise TooManyRequestsError(3)

        async def verify(self, stored: str | None, password: str) -> str | None:  # noqa: ARG002 - of the port
            raise TooManyRequestsError(3)

    await scene.staff(address=ADDRESS)
    token = await asked(scene)
    instance = scene.instance()
    instance.passwords = Busy()
    with pytest.raises(TooManyRequestsError):
        await instance.setting_passwords.by_link(token, NEW)
    await scene.container.setting_passwords.by_link(token, NEW)


async def test_what_is_stored_and_queued_opens_nothing(scene: Scene) -> None:
    """The token stands in the mail alone; on the queue there are ids and keys, in the store a hash."""
    await scene.staff(address=ADDRESS)
    await scene.container.activating.ask_for_reset(ADDRESS)
    queued = str(list(scene.container.queues.queued))
    await scene.container.run_queues()
    secret = LinkToken.of(last_token(scene)).secret
    assert secret not in queued + scene.raw_records()
    assert "example.com" not in queued.lower()
    assert secret not in repr(LinkToken.of(last_token(scene)))
    assert secret not in repr(scene.container.mailer.sent[-1])


async def test_a_known_address_is_asked_for_as_an_unknown_one(scene: Scene) -> None:
    """The same calls of the same sort, none of which reads who has the address; and no mail for nobody."""
    await scene.staff(address=ADDRESS)
    calls = []
    for address in (ADDRESS, "nobody@example.com", "", "\udc80", "a|b"):
        tap = Tap()
        await scene.instance(tap).activating.ask_for_reset(address)
        calls.append([call.name for call in tap.calls])
    assert calls == [["queues.put"]] * 5
    await scene.container.run_queues()
    assert [mail.to for mail in scene.container.mailer.sent] == [ADDRESS]


async def test_a_mailbox_is_not_flooded(scene: Scene) -> None:
    """Three mails an hour, whoever asks; who asks is not told."""
    await scene.staff(address=ADDRESS)
    for _ in range(10):
        await scene.container.activating.ask_for_reset(ADDRESS)
        await scene.container.run_queues()
    assert len(scene.container.mailer.sent) == 3
    scene.container.clock.move(minutes=61)
    await asked(scene)
    assert len(scene.container.mailer.sent) == 4


async def test_a_stranger_cannot_void_an_invitation(scene: Scene) -> None:
    """Who was invited has no password that could be forgotten."""
    staff = await invited(scene)
    await scene.container.activating.invite(staff.organisation, staff.staff)
    await scene.container.run_queues()
    token = last_token(scene)
    await scene.container.activating.ask_for_reset(ADDRESS)
    await scene.container.run_queues()
    assert len(scene.container.mailer.sent) == 1
    await scene.container.setting_passwords.by_link(token, NEW)


async def test_an_active_member_is_not_invited_again(scene: Scene) -> None:
    """An invitation that is late on the queue does not make a link for 72 hours."""
    staff = await scene.staff(address=ADDRESS)
    await scene.container.activating.invite(staff.organisation, staff.staff)
    await scene.container.run_queues()
    assert scene.container.mailer.sent == []


async def test_a_message_that_comes_twice_is_mailed_once(scene: Scene) -> None:
    """Queues deliver at least once; a second mail would void the first, which may be open already."""
    await scene.staff(address=ADDRESS)
    await scene.container.activating.ask_for_reset(ADDRESS)
    (ids,) = scene.container.queues.take(scene.container.settings.notify_queue)
    for _ in range(3):
        await scene.container.activating.send(parse_letter(ids))
    assert len(scene.container.mailer.sent) == 1
    await scene.container.setting_passwords.by_link(last_token(scene), NEW)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_mail_that_met_trouble_is_sent_by_another_try(trouble: Trouble) -> None:
    """The store or the mail server fails, or the process dies, at any call: the next try mails a link that works."""
    for tap in trouble():
        fresh = await Scene.make()
        await fresh.staff(address=ADDRESS)
        await fresh.container.activating.ask_for_reset(ADDRESS)
        (ids,) = fresh.container.queues.take(fresh.container.settings.notify_queue)
        try:
            await fresh.instance(tap).activating.send(parse_letter(ids))
        except (DependencyError, Crashed):
            await fresh.container.activating.send(parse_letter(ids))
        await fresh.container.setting_passwords.by_link(last_token(fresh), NEW)
        assert await signs_in(fresh, NEW)


async def test_an_address_that_is_refused_for_good_is_logged(scene: Scene) -> None:
    """The queue does not try for ever, and the organisation sees why no mail came."""
    await scene.staff(address=ADDRESS)
    scene.container.mailer.refused.add(ADDRESS)
    await scene.container.activating.ask_for_reset(ADDRESS)
    await scene.container.run_queues()
    assert len(scene.events("password:link:refuse")) == 1
    assert scene.events("password:link:send") == []


async def test_choosing_meets_trouble_at_any_call() -> None:
    """Either the new password is set or the old one goes on; a link that was used up can be asked for again."""

    async def down() -> None:
        raise DependencyError

    for tap in meetings(down):
        fresh = await Scene.make()
        await fresh.staff(address=ADDRESS)
        token = await asked(fresh)
        try:
            await fresh.instance(tap).setting_passwords.by_link(token, NEW)
        except DependencyError:
            assert await signs_in(fresh, NEW) != await signs_in(fresh, PASSWORD)
            await fresh.container.setting_passwords.by_link(await asked(fresh), OTHER)
            assert await signs_in(fresh, OTHER)


LETTERS = {
    "activation": ActivationLetter(organisation=ID, staff=ID, request=ID),  # type: ignore[arg-type]
    "reset": ResetLetter(login="a" * 64, request=ID),
}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS.keys())
def test_a_letter_reads_back(letter: ActivationLetter | ResetLetter) -> None:
    """From what is put on the queue; and no other message is one."""
    message = dict(letter.message())
    assert parse_letter(message) == letter
    for name, text in message.items():
        for wrong in ("", "x", None, 5, text + "0", "A" * len(text)):
            with pytest.raises(IntegrityError):
                parse_letter({**message, name: wrong})
        with pytest.raises(IntegrityError):
            parse_letter({key: kept for key, kept in message.items() if key != name})
