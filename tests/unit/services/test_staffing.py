"""Who works for an organisation: invited once, changed at once, and let go so that nothing works a minute later."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from shared.domain import places
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    LastAdminError,
    NotFoundError,
    NotSignedInError,
    WrongCredentialsError,
)
from shared.domain.ids import OrganisationId, StaffId, UnitId, is_id
from shared.domain.principals import Role, Staff
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_members import LEFT_KEPT, StaffState
from shared.services.staffing import MemberChange, NewMember
from tests.support.memory_container import PASSWORD
from tests.support.scene import Scene, new_upload
from tests.support.taps import Crashed, Tap, crashes

ADDRESS = "ny.exempel@example.com"
PASSED = frozenset({SignInMethod.PASSWORD})


def newcomer(scene: Scene, address: str = ADDRESS, role: Role = Role.MEMBER) -> NewMember:
    """Somebody to be invited to the scene's unit."""
    return NewMember(name="Ny Exempel", mail_address=address, role=role, units=(scene.unit,))


async def invited(scene: Scene, address: str = ADDRESS) -> StaffId:
    """The id of somebody who is invited."""
    return (await scene.container.staffing.invite(scene.organisation, newcomer(scene, address), by="system")).staff


async def leave(scene: Scene, staff: StaffId, successor: StaffId | None = None) -> tuple[UnitId, ...]:
    """Let somebody go; the units that nobody serves any more."""
    gone = await scene.container.staffing.leave(scene.organisation, staff, successor=successor, by="admin")
    return gone.unserved


async def test_an_invited_member_is_stored_sealed_and_mailed_by_ids(scene: Scene) -> None:
    """Neither name nor address stands in the clear anywhere, and the queue holds ids alone."""
    staff = await invited(scene)
    (shown,) = [member for member in await scene.container.staffing.list(scene.organisation) if member.staff == staff]
    assert (shown.name, shown.mail_address, shown.state) == ("Ny Exempel", ADDRESS, StaffState.INVITED)
    assert "Ny Exempel" not in scene.raw_records()
    assert ADDRESS not in scene.raw_records()
    queued = str(list(scene.container.queues.queued))
    assert staff in queued
    assert ADDRESS not in queued
    (event,) = scene.events("staff:invite")
    assert (event["by"], event["staff"], event["role"]) == ("system", staff, "member")


async def test_an_invited_member_cannot_sign_in_yet(scene: Scene) -> None:
    """No session is raised for them, by whatever way."""
    with pytest.raises(NotSignedInError):
        await scene.container.sessions.raise_for_staff(scene.organisation, await invited(scene), methods=PASSED)


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper()])
async def test_an_address_is_invited_once(scene: Scene, address: str) -> None:
    """Also one that is a member's already, however it is written."""
    await invited(scene)
    await scene.staff(address="anna@example.com")
    for taken in (address, "Anna@example.com"):
        before = len(scene.bodies("organisation|"))
        with pytest.raises(ConflictError):
            await scene.container.staffing.invite(scene.organisation, newcomer(scene, taken), by="admin")
        assert len(scene.bodies("organisation|")) == before


async def test_of_two_invitations_at_once_one_is_refused(scene: Scene) -> None:
    """At two instances; and one member is there afterwards."""
    attempts = [scene.instance().staffing.invite(scene.organisation, newcomer(scene), by="a") for _ in range(2)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(result, ConflictError) for result in results) <= 1
    assert len(await scene.container.staffing.list(scene.organisation)) == 1


async def test_nobody_learns_who_works_elsewhere(scene: Scene) -> None:
    """An address that another organisation has can be invited like any other."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    await scene.staff(organisation=other, units=(), address=ADDRESS)
    assert is_id(await invited(scene))
    assert (await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)).token


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "Anna\r\nBcc: x@example.com"}),
        ("mail-address", {"mail_address": "a@b"}),
        ("mail-address", {"mail_address": "a@example.com\r\nBcc: x@example.com"}),
        ("unit", {"units": (UnitId("0" * 26),)}),
        ("unit", {"units": (UnitId("../x"),)}),
        ("unit", {"units": tuple(UnitId(str(n)) for n in range(500))}),
    ],
    ids=str,
)
async def test_what_cannot_be_stores_nothing(scene: Scene, rule: str, change: dict[str, object]) -> None:
    """And mails nobody."""
    before = scene.bodies()
    new = replace(newcomer(scene), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError) as caught:
        await scene.container.staffing.invite(scene.organisation, new, by="admin")
    assert caught.value.rule == rule
    assert scene.bodies() == before
    assert not scene.container.queues.queued


async def test_units_of_another_organisation_are_none(scene: Scene) -> None:
    """Neither for an invitation nor for a change."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    foreign = await scene.container.administering.create_unit(other, "Mottagningen", mail_address=None)
    staff = await scene.staff()
    with pytest.raises(InvalidInputError):
        await scene.container.staffing.invite(scene.organisation, replace(newcomer(scene), units=(foreign,)), by="a")
    with pytest.raises(InvalidInputError):
        await scene.container.staffing.change(scene.organisation, staff.staff, MemberChange(units=(foreign,)), by="a")


async def test_a_change_is_seen_by_the_next_request(scene: Scene) -> None:
    """Nobody has to sign in anew, at whatever instance."""
    staff = await scene.staff()
    raised = await scene.container.sessions.raise_for_staff(scene.organisation, staff.staff, methods=PASSED)
    change = MemberChange(role=Role.AUDITOR, units=(), name="Anna Andersson")
    await scene.container.staffing.change(scene.organisation, staff.staff, change, by="admin")
    found = await scene.instance().sessions.principal_of(raised.token)
    assert isinstance(found, Staff)
    assert (found.role, found.units, found.name) == (Role.AUDITOR, frozenset(), "Anna Andersson")
    (event,) = scene.events("staff:change")
    assert (event["by"], event["staff"]) == ("admin", staff.staff)
    assert (event["changed"], event["role"]) == ("name role units", "auditor")


async def test_a_change_of_nothing_writes_nothing(scene: Scene) -> None:
    """Not even in the log."""
    staff, before = await scene.staff(), scene.bodies()
    same = MemberChange(role=Role.MEMBER, units=(scene.unit,))
    await scene.container.staffing.change(scene.organisation, staff.staff, same, by="admin")
    before |= {at: body for at, body in scene.bodies().items() if at.partition.startswith("login|")}
    assert not scene.events("staff:change")


async def test_members_of_another_organisation_are_not_there(scene: Scene) -> None:
    """For every act, as an id of nobody is not."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    staffing, stranger = scene.container.staffing, (await scene.staff(organisation=other, units=())).staff
    for unknown in (stranger, StaffId("0" * 26), StaffId("../x")):
        for act in (
            staffing.find(scene.organisation, unknown),
            staffing.change(scene.organisation, unknown, MemberChange(role=Role.ADMIN), by="admin"),
            staffing.invite_again(scene.organisation, unknown, by="admin"),
            staffing.leave(scene.organisation, unknown, successor=None, by="admin"),
        ):
            with pytest.raises(NotFoundError):
                await act
    found = await staffing.find(other, stranger)
    assert (found.state, found.role) == (StaffState.ACTIVE, Role.MEMBER)


async def test_who_left_at_noon_can_do_nothing_a_moment_later(scene: Scene) -> None:
    """Sessions, the right to finish an upload, and signing in: all of it, at an instance that just let them in."""
    staff = await scene.staff(address="anna@example.com")
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    raised = await scene.container.sessions.raise_for_staff(scene.organisation, staff.staff, methods=PASSED)
    right = scene.container.upload_rights.offer(raised.token)
    upload = await scene.container.uploading.begin(staff, new_upload(thread, message, 5), right=right.granted)
    instance = scene.instance()
    assert isinstance(await instance.sessions.principal_of(raised.token), Staff)
    assert isinstance((await instance.upload_rights.holder(upload.upload, right.token)).principal, Staff)
    await leave(scene, staff.staff)
    with pytest.raises(NotSignedInError):
        await instance.sessions.principal_of(raised.token)
    with pytest.raises(NotSignedInError):
        await instance.upload_rights.holder(upload.upload, right.token)
    with pytest.raises(NotSignedInError):
        await instance.sessions.raise_for_staff(scene.organisation, staff.staff, methods=PASSED)
    with pytest.raises(WrongCredentialsError):
        await instance.staff_signing_in.sign_in("anna@example.com", PASSWORD)
    assert not scene.bodies("login|")
    assert not scene.bodies("session|")


async def test_a_session_that_was_being_raised_is_worth_nothing(scene: Scene) -> None:
    """Whoever left while the password was being checked: what the record says counts, on every request."""
    staff = await scene.staff()
    raised = await scene.container.sessions.raise_for_staff(scene.organisation, staff.staff, methods=PASSED)
    place = places.session(next(iter(scene.bodies("session|"))).partition.partition("|")[2])
    kept = await scene.container.records.get(place.partition, place.id)
    await leave(scene, staff.staff)
    await scene.container.record_store.create(
        place.partition, place.id, kept.body
    )  # As if it had been written just now.
    with pytest.raises(NotSignedInError):
        await scene.instance().sessions.principal_of(raised.token)


async def test_threads_and_drafts_stay_with_the_unit(scene: Scene) -> None:
    """Colleagues go on where somebody left off."""
    staff, colleague = await scene.staff(), await scene.staff()
    thread = await scene.thread(staff)
    sent, draft = await scene.sent(staff, thread, b"x"), await scene.draft(staff, thread)
    assert await leave(scene, staff.staff) == ()
    for message in (sent, draft):
        assert (await scene.container.retrieving.open(colleague, thread, message)).text == "Hej"
    await scene.send(colleague, thread, draft)


async def test_a_unit_that_nobody_serves_any_more_is_told(scene: Scene) -> None:
    """In the answer, in the log and in the list of units; an auditor and somebody invited do not serve."""
    staff = await scene.staff()
    await scene.staff(role=Role.AUDITOR)
    await invited(scene)
    assert await leave(scene, staff.staff) == (scene.unit,)
    (event,) = scene.events("unit:unserved")
    assert event["unit"] == scene.unit
    (shown,) = await scene.container.units.shown(scene.organisation)
    assert shown.members == 0


async def test_a_change_that_leaves_a_unit_alone_tells_so(scene: Scene) -> None:
    """Taking somebody out of it, or making an auditor of them."""
    for change in (MemberChange(units=()), MemberChange(role=Role.AUDITOR)):
        staff = await scene.staff()
        changed = await scene.container.staffing.change(scene.organisation, staff.staff, change, by="admin")
        assert changed.unserved == (scene.unit,)


async def test_a_successor_serves_from_that_moment(scene: Scene) -> None:
    """Every unit of whoever left, besides their own."""
    other = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    staff, successor = await scene.staff(units=(scene.unit, other)), await scene.staff(units=())
    assert await leave(scene, staff.staff, successor.staff) == ()
    found = await scene.container.staffing.find(scene.organisation, successor.staff)
    assert set(found.units) == {scene.unit, other}


async def test_who_cannot_serve_is_no_successor(scene: Scene) -> None:
    """And then nobody leaves."""
    staff = await scene.staff()
    gone = (await scene.staff()).staff
    await leave(scene, gone)
    auditor = (await scene.staff(role=Role.AUDITOR)).staff
    other = await scene.container.administering.create_organisation("Grannkommunen")
    stranger = (await scene.staff(organisation=other, units=())).staff
    for successor in (staff.staff, gone, auditor, stranger, await invited(scene), StaffId("x")):
        with pytest.raises(InvalidInputError) as caught:
            await leave(scene, staff.staff, successor)
        assert caught.value.rule == "successor"
    assert (await scene.container.staffing.find(scene.organisation, staff.staff)).state is StaffState.ACTIVE


async def test_nothing_is_left_of_who_left_but_the_name_for_a_year(scene: Scene) -> None:
    """The address goes at once, and can be invited again; the rest goes when the log is about somebody long gone."""
    staff = await scene.staff(address=ADDRESS)
    await leave(scene, staff.staff)
    shown = await scene.container.staffing.find(scene.organisation, staff.staff)
    assert (shown.name, shown.mail_address, shown.units) == (staff.name, None, ())
    assert await invited(scene) != staff.staff
    scene.container.clock.now += LEFT_KEPT
    await scene.container.retaining.sweep()
    with pytest.raises(NotFoundError):
        await scene.container.staffing.find(scene.organisation, staff.staff)


async def test_a_sweep_takes_nobody_who_is_there(scene: Scene) -> None:
    """Whatever is booked."""
    staff = await scene.staff()
    await scene.container.expiries.book(scene.container.clock(), f"staff|{scene.organisation}|{staff.staff}")
    await scene.container.retaining.sweep()
    assert (await scene.container.staffing.find(scene.organisation, staff.staff)).state is StaffState.ACTIVE


async def test_who_left_stays_as_they_are(scene: Scene) -> None:
    """No role, no unit, no invitation brings them back."""
    staff = (await scene.staff()).staff
    await leave(scene, staff)
    for act in (
        scene.container.staffing.change(scene.organisation, staff, MemberChange(role=Role.ADMIN), by="admin"),
        scene.container.staffing.invite_again(scene.organisation, staff, by="admin"),
    ):
        with pytest.raises(ConflictError):
            await act


async def test_an_address_that_is_somebody_elses_now_stays_theirs(scene: Scene) -> None:
    """A leaving that is repeated, long after, takes nobody else's login."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    first = await invited(scene)
    await scene.staff(organisation=other, units=(), address=ADDRESS)
    await leave(scene, first)
    assert (await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)).token


async def test_the_last_admin_stays(scene: Scene) -> None:
    """Neither leaves nor becomes anything else; somebody who is invited, or of another organisation, is none."""
    admin = await scene.staff(role=Role.ADMIN)
    other = await scene.container.administering.create_organisation("Grannkommunen")
    await scene.staff(organisation=other, units=(), role=Role.ADMIN)
    await scene.container.staffing.invite(scene.organisation, newcomer(scene, role=Role.ADMIN), by="system")
    for role in (Role.MEMBER, Role.AUDITOR):
        with pytest.raises(LastAdminError):
            await scene.container.staffing.change(scene.organisation, admin.staff, MemberChange(role=role), by="admin")
    with pytest.raises(LastAdminError):
        await leave(scene, admin.staff)
    found = await scene.container.staffing.find(scene.organisation, admin.staff)
    assert (found.role, found.state) == (Role.ADMIN, StaffState.ACTIVE)
    await scene.staff(role=Role.ADMIN)
    await leave(scene, admin.staff)


async def admins_of(scene: Scene) -> int:
    """How many can run the organisation."""
    found = await scene.container.staffing.list(scene.organisation)
    return sum(member.role is Role.ADMIN and member.state is StaffState.ACTIVE for member in found)


@pytest.mark.parametrize("first", ["demoted", "leaves"])
@pytest.mark.parametrize("second", ["demoted", "leaves"])
async def test_of_two_admins_who_give_it_up_at_once_one_stays(first: str, second: str) -> None:
    """At whatever step of the one the other comes in, and whichever way each goes."""

    async def give_up(scene: Scene, how: str, staff: StaffId, tap: Tap) -> None:
        staffing = scene.instance(tap).staffing
        with suppress(LastAdminError):
            if how == "leaves":
                await staffing.leave(scene.organisation, staff, successor=None, by="admin")
            else:
                await staffing.change(scene.organisation, staff, MemberChange(role=Role.MEMBER), by="admin")

    reached, at = True, 0
    while reached:
        at += 1
        scene = await Scene.make()
        one, other = await scene.staff(role=Role.ADMIN), await scene.staff(role=Role.ADMIN)

        async def act(scene: Scene = scene, other: Staff = other) -> None:
            await give_up(scene, second, other.staff, Tap())

        tap = Tap(at=at, act=act)
        await give_up(scene, first, one.staff, tap)
        reached = tap.was_reached
        assert await admins_of(scene) >= 1
    assert at > 8


@pytest.mark.parametrize("landed", [False, True])
async def test_a_leaving_that_died_is_finished_by_another(scene: Scene, *, landed: bool) -> None:
    """At whatever call it died: from the mark on they can do nothing, and again leaves nothing."""
    for tap in crashes(landed=landed):
        staff = await scene.staff(address=ADDRESS)
        raised = await scene.container.sessions.raise_for_staff(scene.organisation, staff.staff, methods=PASSED)
        with suppress(Crashed):
            await scene.instance(tap).staffing.leave(scene.organisation, staff.staff, successor=None, by="admin")
        found = await scene.container.staffing.find(scene.organisation, staff.staff)
        if found.state is StaffState.LEFT:
            with pytest.raises(NotSignedInError):
                await scene.instance().sessions.principal_of(raised.token)
        await leave(scene, staff.staff)
        assert not scene.bodies("login|", "session|")
        assert (await scene.container.staffing.find(scene.organisation, staff.staff)).mail_address is None


async def test_an_admin_whose_leaving_died_can_leave_later(scene: Scene) -> None:
    """What a failure leaves behind makes the rule stricter for others, and not for ever."""
    one, other = await scene.staff(role=Role.ADMIN), await scene.staff(role=Role.ADMIN)
    for at in range(1, 8):
        tap = Tap(at=at)
        tap._act = tap.crash
        with suppress(Crashed):
            await scene.instance(tap).staffing.leave(scene.organisation, one.staff, successor=None, by="admin")
    await leave(scene, one.staff)
    assert await admins_of(scene) == 1
    with pytest.raises(LastAdminError):
        await leave(scene, other.staff)
    await scene.staff(role=Role.ADMIN)
    await leave(scene, other.staff)
    assert await admins_of(scene) == 1


async def test_an_organisation_id_is_never_taken_from_a_member(scene: Scene) -> None:
    """The list of one holds nobody of the other."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    mine, theirs = await scene.staff(), await scene.staff(organisation=other, units=())
    assert [m.staff for m in await scene.container.staffing.list(scene.organisation)] == [mine.staff]
    assert [m.staff for m in await scene.container.staffing.list(other)] == [theirs.staff]
    assert await scene.container.staffing.list(OrganisationId("0" * 26)) == ()
