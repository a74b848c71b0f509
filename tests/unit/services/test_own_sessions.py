"""One's own sessions: all of them are on the list, nobody else's is, and what is ended opens nothing from that moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.crypto.pseudonyms import subject_of
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.errors import DependencyError, NotFoundError, NotSignedInError
from shared.domain.ids import SessionId, Subject
from shared.domain.personal_number import PersonalNumber
from shared.domain.principals import Person, SessionHolder, Staff
from shared.domain.sessions import MAX_SESSIONS
from shared.services.own_sessions import ShownSession
from tests.support.scene import OTHER_PERSON, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble, meetings

LAPTOP, PHONE = "Firefox on Linux", "Safari on iPhone"


async def signed_in(scene: Scene, principal: SessionHolder, device: str = LAPTOP) -> str:
    """The token of a new session, a moment after everything before it."""
    scene.container.clock.move(milliseconds=1)
    sessions = scene.container.sessions
    match principal:
        case Staff():
            raised = await sessions.raise_for_staff(
                principal.organisation, principal.staff, methods=frozenset(), device=device
            )
            return raised.token
        case Person():
            return (await sessions.raise_for_person(principal, device=device)).token


async def listed(scene: Scene, principal: SessionHolder, here: str = "") -> tuple[ShownSession, ...]:
    """The list as another instance tells it."""
    return await scene.instance().own_sessions.list(principal, here=here)


async def is_alive(scene: Scene, token: str) -> bool:
    """Whether another instance lets it in."""
    try:
        await scene.instance().sessions.principal_of(token)
    except NotSignedInError:
        return False
    return True


async def everyone(scene: Scene) -> list[SessionHolder]:
    """Two members of staff and two persons."""
    return [await scene.staff(), await scene.staff(), scene.person(), scene.person(OTHER_PERSON)]


async def test_everyone_sees_the_own_sessions_and_no_others(scene: Scene) -> None:
    """With what tells them apart, oldest first."""
    principals = await everyone(scene)
    tokens, began = {}, {}
    for principal in principals:
        first = await signed_in(scene, principal)
        began[principal] = scene.container.clock.now
        tokens[principal] = [first, await signed_in(scene, principal, PHONE)]
    for principal in principals:
        laptop, phone = await listed(scene, principal, tokens[principal][1])
        assert (laptop.device, phone.device) == (LAPTOP, PHONE)
        assert (laptop.is_current, phone.is_current) == (False, True)
        assert laptop.created_at == laptop.seen_at == began[principal]
        match principal:
            case Staff():
                assert (laptop.kind, laptop.provider, laptop.assurance) == ("staff", None, None)
            case Person():
                assert (laptop.kind, laptop.provider, laptop.assurance) == ("person", principal.provider, "loa3")


async def test_the_list_tells_when_a_session_was_used(scene: Scene) -> None:
    """To the minute; looking at the list is not using the others."""
    person = scene.person()
    used, other = await signed_in(scene, person), await signed_in(scene, person)
    began = scene.container.clock.now
    scene.container.clock.move(minutes=5)
    await scene.container.sessions.principal_of(used)
    seen = {shown.seen_at - began: shown.is_current for shown in await listed(scene, person, other)}
    assert seen == {timedelta(minutes=5): False, timedelta(0): True}


async def test_what_ran_out_is_not_listed(scene: Scene) -> None:
    """Idle or old, before any sweep: it is no session any more, and cannot be ended."""
    person = scene.person()
    await signed_in(scene, person)
    (shown,) = await listed(scene, person)
    scene.container.clock.move(minutes=30)
    assert await listed(scene, person) == ()
    with pytest.raises(NotFoundError):
        await scene.container.own_sessions.end(person, shown.session, here="")


async def test_one_ends_another_of_the_own(scene: Scene) -> None:
    """It opens nothing from that moment at any instance; the rest goes on, and the log tells which it was."""
    for principal in await everyone(scene):
        here, there = await signed_in(scene, principal), await signed_in(scene, principal)
        (end,) = [shown.session for shown in await listed(scene, principal, here) if not shown.is_current]
        assert not await scene.container.own_sessions.end(principal, end, here=here)
        assert (await is_alive(scene, here), await is_alive(scene, there)) == (True, False)
        assert [shown.is_current for shown in await listed(scene, principal, here)] == [True]
        assert scene.events("session:end:elsewhere")[-1]["session"] == end
        with pytest.raises(NotFoundError):
            await scene.container.own_sessions.end(principal, end, here=here)
    assert len(scene.events("session:end:elsewhere")) == 4


async def test_the_own_session_may_be_ended_from_the_list(scene: Scene) -> None:
    """That is signing out, and is logged as such."""
    person = scene.person()
    here = await signed_in(scene, person)
    (shown,) = await listed(scene, person, here)
    assert await scene.container.own_sessions.end(person, shown.session, here=here)
    assert not await is_alive(scene, here)
    assert len(scene.events("session:end")) == 1
    assert not scene.events("session:end:elsewhere")


async def test_a_strangers_session_is_not_there(scene: Scene) -> None:
    """Like one that never was; and nothing ends."""
    principals = await everyone(scene)
    tokens = {principal: await signed_in(scene, principal) for principal in principals}
    for principal in principals:
        (shown,) = await listed(scene, principal)
        for stranger in principals:
            for session in (shown.session, SessionId("0" * 26), SessionId(""), SessionId("session"), SessionId("a|b")):
                if stranger is not principal or session != shown.session:
                    with pytest.raises(NotFoundError):
                        await scene.container.own_sessions.end(stranger, session, here=tokens[stranger])
    assert all([await is_alive(scene, token) for token in tokens.values()])
    assert not scene.events("session:end:elsewhere")


async def test_signing_out_everywhere_leaves_nothing(scene: Scene) -> None:
    """This session too; and nobody else's."""
    principals = await everyone(scene)
    tokens = {principal: [await signed_in(scene, principal) for _ in range(3)] for principal in principals}
    for number, principal in enumerate(principals):
        await scene.container.own_sessions.end_all(principal, here=tokens[principal][1])
        alive = [[await is_alive(scene, token) for token in tokens[each]] for each in principals]
        assert alive == [[each > number] * 3 for each in range(len(principals))]
        assert await listed(scene, principal) == ()
    assert len(scene.events("session:end:everywhere")) == 4
    assert not scene.bodies("session|", "sessions|")


async def test_acts_of_staff_stand_in_the_log_of_their_organisation(scene: Scene) -> None:
    """A person belongs to none."""
    staff, person = await scene.staff(), scene.person()
    for principal, log in ((staff, scene.organisation), (person, places.PLATFORM)):
        here = await signed_in(scene, principal)
        await signed_in(scene, principal)
        *_, last = await listed(scene, principal)
        await scene.container.own_sessions.end(principal, last.session, here=here)
        await scene.container.own_sessions.end_all(principal, here=here)
        again = await signed_in(scene, principal)
        await scene.container.sessions.end(again, principal)
        written = [body["event"] for at, body in scene.bodies(f"audit|{log}|").items() if "end" in body["event"]]
        assert sorted(written) == ["session:end", "session:end:elsewhere", "session:end:everywhere"]


async def test_nobody_has_more_than_can_be_looked_through(scene: Scene) -> None:
    """The oldest gives way; other readers' do not."""
    for principal in (await scene.staff(), scene.person()):
        other = await signed_in(scene, scene.person(OTHER_PERSON))
        tokens = [await signed_in(scene, principal) for _ in range(MAX_SESSIONS + 3)]
        assert [await is_alive(scene, token) for token in tokens] == [False] * 3 + [True] * MAX_SESSIONS
        assert len(await listed(scene, principal)) == MAX_SESSIONS
        assert await is_alive(scene, other)


async def test_a_replaced_session_makes_room_itself(scene: Scene) -> None:
    """Whoever signs in again in the same browser loses none of the others."""
    person = scene.person()
    tokens = [await signed_in(scene, person) for _ in range(MAX_SESSIONS)]
    raised = await scene.container.sessions.raise_for_person(person, replacing=tokens[7])
    alive = [await is_alive(scene, token) for token in tokens]
    assert alive == [number != 7 for number in range(MAX_SESSIONS)]
    assert await is_alive(scene, raised.token)
    assert len(await listed(scene, person)) == MAX_SESSIONS


async def test_a_rotation_of_the_pepper_hides_no_session(scene: Scene) -> None:
    """Sessions of before and after see each other and can end each other, as long as the old pepper is known."""
    before = scene.person()
    new = Subject("s2-" + before.subject[3:][::-1])
    after = replace(before, subject=new, former=(before.subject,))
    old, young = await signed_in(scene, before), await signed_in(scene, after)
    for principal, here in ((before, old), (after, young)):
        assert sorted(shown.is_current for shown in await listed(scene, principal, here)) == [False, True]
    assert await scene.container.sessions.principal_of(young) == after
    (other,) = [shown.session for shown in await listed(scene, after, young) if not shown.is_current]
    await scene.container.own_sessions.end(after, other, here=young)
    assert (await is_alive(scene, old), await is_alive(scene, young)) == (False, True)
    old = await signed_in(scene, before)
    await scene.container.own_sessions.end_all(before, here=old)
    assert (await is_alive(scene, old), await is_alive(scene, young)) == (False, False)
    assert not scene.bodies("session|", "sessions|")


async def test_neither_tokens_nor_devices_stand_in_the_store(scene: Scene) -> None:
    """The device is sealed; what is shown holds no token, no hash of one, and no subject."""
    person = scene.person()
    here = await signed_in(scene, person)
    (shown,) = await listed(scene, person, here)
    for secret in (here, token_hash(here), person.subject):
        assert secret not in f"{shown!r}{shown.session}"
    assert "Firefox" not in f"{shown!r}"
    for stored in (here, "Firefox", "Linux"):
        assert stored not in scene.raw_records()


async def test_a_session_raised_beside_signing_out_everywhere_is_listed_or_over() -> None:
    """Whenever the two meet: never one that lives and is on no list."""
    scene = await Scene.make()
    person = scene.person()

    async def everywhere() -> None:
        await scene.container.own_sessions.end_all(person, here="")

    for landed in (False, True):
        for tap in meetings(everywhere, landed=landed):
            token = (await scene.instance(tap).sessions.raise_for_person(person)).token
            is_listed = [shown.is_current for shown in await listed(scene, person, token)] == [True]
            assert is_listed == await is_alive(scene, token)
            await everywhere()
            assert not await is_alive(scene, token)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_no_touch_brings_back_what_was_ended_elsewhere(everywhere: bool) -> None:  # noqa: FBT001
    """Whichever call of a request the revocation meets: no later request is let in."""
    for number in range(1, 50):
        scene = await Scene.make()
        person = scene.person()
        token, here = await signed_in(scene, person), await signed_in(scene, person)
        scene.container.clock.move(minutes=1)
        (other,) = [shown.session for shown in await listed(scene, person, here) if not shown.is_current]

        async def revoke(
            scene: Scene = scene, person: Person = person, other: SessionId = other, here: str = here
        ) -> None:
            if everywhere:
                await scene.container.own_sessions.end_all(person, here=here)
            else:
                await scene.container.own_sessions.end(person, other, here=here)

        tap = Tap(at=number, act=revoke)
        try:
            await scene.instance(tap).sessions.principal_of(token)
        except NotSignedInError:
            assert tap.was_reached
        assert tap.was_reached != await is_alive(scene, token)
        if not tap.was_reached:
            return
    pytest.fail("it never ends")


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_ending_that_met_trouble_can_be_repeated(trouble: Trouble) -> None:
    """Whatever was left, asking again ends it, and the sweep takes the rest."""
    for tap in trouble():
        scene = await Scene.make()
        person = scene.person()
        here, there = await signed_in(scene, person), await signed_in(scene, person)
        try:
            await scene.instance(tap).own_sessions.end_all(person, here=here)
        except (Crashed, DependencyError):
            assert tap.was_reached
            if await is_alive(scene, there):
                assert await is_alive(scene, here)
            await scene.container.own_sessions.end_all(person, here=here)
        assert not scene.bodies("session|")
        scene.container.clock.move(hours=8)
        await scene.container.retaining.sweep()
        assert not scene.bodies("sessions|")


@pytest.mark.parametrize("landed", [False, True])
async def test_what_cannot_be_logged_is_not_ended(landed: bool) -> None:  # noqa: FBT001
    """The log comes first."""
    scene = await Scene.make()
    person = scene.person()
    here, there = await signed_in(scene, person), await signed_in(scene, person)
    (end,) = [shown.session for shown in await listed(scene, person, here) if not shown.is_current]

    async def down() -> None:
        raise DependencyError

    tap = Tap()
    await scene.instance(tap).own_sessions.end(person, end, here=here)
    audited = next(at for at, call in enumerate(tap.calls, 1) if call.at.startswith("audit|"))
    assert not any(call.name == "records.delete" for call in tap.calls[:audited])
    there = await signed_in(scene, person)
    with pytest.raises(DependencyError):
        await scene.instance(Tap(at=1, act=down, landed=landed)).own_sessions.end_all(person, here=here)
    assert await is_alive(scene, there)


def test_the_pseudonym_of_the_rotation_test_is_of_the_right_form(scene: Scene) -> None:
    """Else that test would prove nothing of real ones."""
    real = subject_of(PersonalNumber("191212121212"), scene.container.settings.peppers)
    assert real.startswith("s1-")
