"""Sessions: limits on idle and total time, what staff may do read afresh, and a token that is nowhere."""

import base64
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.crypto.tokens import csrf_token, token_hash
from shared.domain import places
from shared.domain.errors import DependencyError, IntegrityError, NotSignedInError
from shared.domain.ids import UnitId
from shared.domain.ports import Json
from shared.domain.principals import Role, Staff
from shared.domain.sign_in_methods import SignInMethod
from shared.services.sessions import NewSession
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble, meetings

TICK = timedelta(microseconds=1)
IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=8)
TOUCH_INTERVAL = timedelta(minutes=1)


async def of_staff(scene: Scene, staff: Staff) -> NewSession:
    """A session of that member of staff."""
    return await scene.container.sessions.raise_for_staff(
        staff.organisation, staff.staff, methods=frozenset({SignInMethod.PASSWORD})
    )


async def change_staff(scene: Scene, staff: Staff, **changes: Json) -> None:
    """What an administrator will be able to do: write another staff record."""
    place = places.staff(staff.organisation, staff.staff)
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {**record.body, **changes})


async def test_a_session_gives_back_who_signed_in(scene: Scene) -> None:
    """Staff as they are now, a person as the e-ID stated them."""
    staff, person = await scene.staff(), scene.person()
    proved = replace(staff, methods=frozenset({SignInMethod.PASSWORD}), verified_at=scene.container.clock())
    assert await scene.container.sessions.principal_of((await of_staff(scene, staff)).token) == proved
    raised = await scene.container.sessions.raise_for_person(person)
    assert await scene.container.sessions.principal_of(raised.token) == raised.principal == person
    assert raised.csrf == csrf_token(raised.token) != raised.token
    assert raised.expires_at == scene.container.clock.now + ABSOLUTE_LIMIT


async def test_every_session_has_a_token_of_its_own(scene: Scene) -> None:
    """Also for the same person: signing in never revives an old one."""
    tokens = {(await scene.container.sessions.raise_for_person(scene.person())).token for _ in range(50)}
    assert len(tokens) == 50


async def test_an_idle_session_ends(scene: Scene) -> None:
    """At the limit to the microsecond; whoever keeps working stays."""
    sessions, clock = scene.container.sessions, scene.container.clock
    token = (await sessions.raise_for_person(scene.person())).token
    for _ in range(3):
        clock.now += IDLE_LIMIT - TICK
        await sessions.principal_of(token)
    clock.now += IDLE_LIMIT
    with pytest.raises(NotSignedInError):
        await sessions.principal_of(token)
    clock.now -= TICK
    await sessions.principal_of(token)


async def test_a_busy_session_ends_as_well(scene: Scene) -> None:
    """After eight hours, however much was done."""
    sessions, clock = scene.container.sessions, scene.container.clock
    raised = await sessions.raise_for_person(scene.person())
    while clock.now + timedelta(minutes=20) < raised.expires_at:
        clock.now += timedelta(minutes=20)
        await sessions.principal_of(raised.token)
    clock.now = raised.expires_at - TICK
    await sessions.principal_of(raised.token)
    clock.now = raised.expires_at
    with pytest.raises(NotSignedInError):
        await sessions.principal_of(raised.token)


async def test_a_busy_session_is_written_once_a_minute(scene: Scene) -> None:
    """Not with every request: a page makes many."""
    raised = await scene.container.sessions.raise_for_person(scene.person())
    tap = Tap()
    instance = scene.instance(tap)
    for _ in range(120):
        await instance.sessions.principal_of(raised.token)
        scene.container.clock.move(seconds=1)
    assert len(tap.called("records.replace")) == 120 // int(TOUCH_INTERVAL.total_seconds()) - 1


async def test_an_ended_session_is_over(scene: Scene) -> None:
    """The record is gone; ending twice is no error, and the other sessions of the person go on."""
    sessions, person = scene.container.sessions, scene.person()
    token, other = [(await sessions.raise_for_person(person)).token for _ in range(2)]
    for _ in range(2):
        await sessions.end(token, person)
        with pytest.raises(NotSignedInError):
            await sessions.principal_of(token)
    await sessions.principal_of(other)
    assert len(scene.bodies("session|")) == 1
    assert [event["by"] for event in scene.events("session:end")] == [person.subject] * 2


async def test_a_session_that_ends_beside_a_request_stays_ended() -> None:
    """The request's touch must not bring it back."""
    scene = await Scene.make()
    person = scene.person()
    for number in range(1, 50):
        token = (await scene.container.sessions.raise_for_person(person)).token
        scene.container.clock.now += TOUCH_INTERVAL

        async def end(scene: Scene = scene, token: str = token) -> None:
            await scene.container.sessions.end(token, person)

        tap = Tap(at=number, act=end)
        try:
            await scene.instance(tap).sessions.principal_of(token)
        except NotSignedInError:
            assert tap.was_reached
        if not tap.was_reached:
            return
        assert not scene.bodies("session|", "sessions|")
    pytest.fail("it never ends")


async def test_two_requests_at_once_are_both_signed_in(scene: Scene) -> None:
    """Both touch; one loses, and does not mind."""
    raised = await scene.container.sessions.raise_for_person(scene.person())

    async def another() -> None:
        await scene.container.sessions.principal_of(raised.token)

    for tap in meetings(another):
        scene.container.clock.now += TOUCH_INTERVAL
        await scene.instance(tap).sessions.principal_of(raised.token)


async def test_who_was_removed_is_signed_out_at_once(scene: Scene) -> None:
    """A case worker who left at noon: at 12:00:00 nothing works, with any session."""
    staff = await scene.staff()
    token = (await of_staff(scene, staff)).token
    place = places.staff(staff.organisation, staff.staff)
    await scene.container.record_store.delete_if_match(await scene.container.records.get(place.partition, place.id))
    with pytest.raises(NotSignedInError):
        await scene.container.sessions.principal_of(token)
    with pytest.raises(NotSignedInError):
        await of_staff(scene, staff)


async def test_a_change_of_role_or_units_works_at_once(scene: Scene) -> None:
    """The session knows who it is and nothing of what they may."""
    staff = await scene.staff()
    token = (await of_staff(scene, staff)).token
    await change_staff(scene, staff, role="auditor", units=["0" * 26])
    now = await scene.container.sessions.principal_of(token)
    assert isinstance(now, Staff)
    assert (now.role, now.units) == (Role.AUDITOR, frozenset({UnitId("0" * 26)}))


@pytest.mark.parametrize(
    "changes", [{"role": "owner"}, {"role": None}, {"units": "all"}, {"units": [7]}, {"name": "x"}]
)
async def test_a_damaged_staff_record_lets_nobody_in(scene: Scene, changes: dict[str, Json]) -> None:
    """An unknown role is no role."""
    staff = await scene.staff()
    token = (await of_staff(scene, staff)).token
    await change_staff(scene, staff, **changes)
    with pytest.raises(IntegrityError):
        await scene.container.sessions.principal_of(token)


@pytest.mark.parametrize(
    "token", ["", "a", "0" * 43, "session", "../..", "a|b", "\0", "\r\n", "å", "\udc80", "x" * 100_000]
)
async def test_a_forged_token_is_nobody(scene: Scene, token: str) -> None:
    """Cookies are input: whatever is in them, the answer is the same."""
    await scene.container.sessions.raise_for_person(scene.person())
    with pytest.raises(NotSignedInError):
        await scene.container.sessions.principal_of(token)


async def test_a_stored_hash_is_no_token(scene: Scene) -> None:
    """Who reads the store cannot sign in with what stands there."""
    raised = await scene.container.sessions.raise_for_person(scene.person())
    for stolen in (token_hash(raised.token), raised.csrf, raised.token[:-1], raised.token + "=", raised.token.upper()):
        with pytest.raises(NotSignedInError):
            await scene.container.sessions.principal_of(stolen)


async def test_the_token_is_nowhere(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a record, in any spelling, nor in a log or repr; the name stands in the record sealed."""
    caplog.set_level(logging.DEBUG)
    raised = await scene.container.sessions.raise_for_person(scene.person())
    await scene.container.sessions.principal_of(raised.token)
    raw = base64.urlsafe_b64decode(raised.token + "=")
    everything = scene.raw_records() + caplog.text + repr(raised)
    for spelling in (raised.token, raw.hex(), base64.b64encode(raw).decode(), raised.csrf, raised.principal.name):
        assert spelling not in everything


async def test_raising_writes_audit_first(scene: Scene) -> None:
    """Without the event there is no session."""
    staff, person = await scene.staff(), scene.person()
    await of_staff(scene, staff)
    await scene.container.sessions.raise_for_person(person)
    assert [event["by"] for event in scene.events("session:staff:raise")] == [staff.staff]
    assert [event["by"] for event in scene.events("session:person:raise")] == [person.subject]
    before = set(scene.bodies("session|"))

    async def down() -> None:
        raise DependencyError

    for tap in meetings(down):
        try:
            await scene.instance(tap).sessions.raise_for_person(person)
        except DependencyError:
            assert set(scene.bodies("session|")) == before
    audits = [call for call in tap.calls if call.at.startswith("audit|")]
    assert tap.calls.index(audits[0]) < tap.calls.index(
        next(call for call in tap.calls if call.name == "records.create" and call.at.startswith("session|"))
    )


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_no_session_outlives_its_end_after_trouble(trouble: Trouble) -> None:
    """Whatever was written before the crash is found by the sweep."""
    for tap in trouble():
        scene = await Scene.make()
        try:
            await scene.instance(tap).sessions.raise_for_person(scene.person())
        except (Crashed, DependencyError):
            assert tap.was_reached
        scene.container.clock.now += ABSOLUTE_LIMIT
        await scene.container.retaining.sweep()
        assert not scene.bodies("session|", "sessions|")


async def test_the_limits_are_those_of_the_settings() -> None:
    """Also the shortest: a session that is used goes on, whatever the pace of what is written of it."""
    scene = await Scene.make(PIC_SESSION_IDLE_MINUTES="1", PIC_SESSION_HOURS="1")
    sessions, clock = scene.container.sessions, scene.container.clock
    raised = await sessions.raise_for_person(scene.person())
    assert raised.expires_at == clock.now + timedelta(hours=1)
    while clock.now + timedelta(seconds=50) < raised.expires_at:
        clock.now += timedelta(seconds=50)
        await sessions.principal_of(raised.token)
    clock.now = raised.expires_at
    with pytest.raises(NotSignedInError):
        await sessions.principal_of(raised.token)
    idle = await sessions.raise_for_person(scene.person())
    clock.now += timedelta(minutes=1)
    with pytest.raises(NotSignedInError):
        await sessions.principal_of(idle.token)


@pytest.mark.parametrize("missing", ["session", "assurance"])
async def test_a_session_of_an_older_version_is_over(scene: Scene, missing: str) -> None:
    """What was not stored then cannot be made up now: sign in again. Ending and sweeping it go as ever."""
    raised = await scene.container.sessions.raise_for_person(scene.person())
    place = places.session(token_hash(raised.token))
    record = await scene.container.records.get(place.partition, place.id)
    older = {name: value for name, value in record.body.items() if name != missing}
    await scene.container.record_store.replace_if_match(record, older)
    with pytest.raises(NotSignedInError):
        await scene.container.sessions.principal_of(raised.token)
    await scene.container.expiries.book(raised.expires_at, f"session|{token_hash(raised.token)}")
    scene.container.clock.now = raised.expires_at
    await scene.container.retaining.sweep()
    assert not scene.bodies("session|", "sessions|")


async def test_a_level_that_there_is_not_is_damage(scene: Scene) -> None:
    """Never taken for the lowest, or for any."""
    raised = await scene.container.sessions.raise_for_person(scene.person())
    place = places.session(token_hash(raised.token))
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {**record.body, "assurance": "loa5"})
    with pytest.raises(IntegrityError):
        await scene.container.sessions.principal_of(raised.token)
