"""Threads: opened by a unit for named persons, and shown to nobody else."""

import pytest

from shared.domain.errors import DependencyError, InvalidInputError, NotFoundError
from shared.domain.ids import ThreadId, UnitId
from shared.domain.principals import Person, Role, Staff
from shared.services.sharing import MAX_PERSONS, Addressee
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene
from tests.support.taps import TROUBLES, Crashed, Trouble

THIRD_PERSON = "199908072391"
COORDINATION = "197011902397"


def to(*numbers: str) -> tuple[Addressee, ...]:
    """Persons as an officer names them."""
    return tuple(Addressee(personal_number=number, mail_address="person@example.com") for number in numbers)


async def test_a_thread_is_shown_as_it_was_opened(scene: Scene) -> None:
    """Numbers masked, addresses in clear, for staff of the unit."""
    staff, colleague = await scene.staff(), await scene.staff()
    created = await scene.container.sharing.create(
        staff, unit=scene.unit, subject=" Beslut ", addressees=to("19121212-1212", COORDINATION)
    )
    assert (created.subject, created.unit_name) == ("Beslut", "Mottagningen")
    assert [person.masked_number for person in created.persons] == ["19121212-****", "19701190-****"]
    assert {person.mail_address for person in created.persons} == {"person@example.com"}
    assert await scene.container.sharing.read(colleague, created.thread) == created


async def test_a_person_sees_of_the_others_only_that_they_are_there(scene: Scene) -> None:
    """Protected identities: neither number nor address of another person."""
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    for number in (TOLVAN, OTHER_PERSON):
        shown = await scene.container.sharing.read(scene.person(number), thread)
        assert sorted(person.masked_number for person in shown.persons) == ["", f"{number[:8]}-****"]
        assert [person.mail_address for person in shown.persons if not person.masked_number] == [""]
        assert shown.subject == "Beslut"


@pytest.mark.parametrize(
    ("addressees", "subject", "rule"),
    [
        ((), "Beslut", "persons"),
        (to(*[TOLVAN] * (MAX_PERSONS + 1)), "Beslut", "persons"),
        (to(TOLVAN, "19121212-1212"), "Beslut", "persons-repeated"),
        (to("1212121212"), "Beslut", "personal-number-form"),
        (to("191212121213"), "Beslut", "personal-number-check-digit"),
        (to("202603022381"), "Beslut", "personal-number-date"),
        (to(TOLVAN), "", "subject"),
        (to(TOLVAN), "a\r\nb", "subject"),
        ((Addressee(personal_number=TOLVAN, mail_address="x"),), "Beslut", "mail-address"),
    ],
)
async def test_a_bad_thread_leaves_nothing(
    scene: Scene, addressees: tuple[Addressee, ...], subject: str, rule: str
) -> None:
    """Refused by name of the rule, before anything is written."""
    staff = await scene.staff()
    before = scene.bodies()
    with pytest.raises(InvalidInputError) as refused:
        await scene.container.sharing.create(staff, unit=scene.unit, subject=subject, addressees=addressees)
    assert refused.value.rule == rule
    assert scene.bodies() == before


async def test_a_thread_is_opened_for_ones_own_unit_only(scene: Scene) -> None:
    """An auditor opens none, and another unit is not there, whether or not it exists."""
    elsewhere = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    attempts = [
        (await scene.staff(), elsewhere),
        (await scene.staff(), UnitId("0" * 26)),
        (await scene.staff(role=Role.AUDITOR), scene.unit),
        (await scene.staff(units=()), scene.unit),
    ]
    for staff, unit in attempts:
        with pytest.raises(NotFoundError):
            await scene.container.sharing.create(staff, unit=unit, subject="Beslut", addressees=to(TOLVAN))
    assert not scene.bodies("thread|")


async def strangers(scene: Scene) -> list[Staff | Person]:
    """Everybody who is somebody, and none of whom belongs to a thread of the scene's unit with Tolvan."""
    elsewhere = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    foreign = await scene.container.administering.create_organisation("Grannkommunen")
    foreign_unit = await scene.container.administering.create_unit(foreign, "Mottagningen", mail_address=None)
    forged = await scene.staff(organisation=foreign, units=(foreign_unit,))
    return [
        await scene.staff(units=(elsewhere,)),
        await scene.staff(units=(elsewhere,), role=Role.ADMIN),
        await scene.staff(role=Role.AUDITOR),
        forged,
        # Even if the record of a foreign organisation's staff named our unit.
        Staff(
            organisation=foreign,
            staff=forged.staff,
            role=Role.ADMIN,
            units=frozenset({scene.unit}),
            name="Anna Exempel",
        ),
        scene.person(OTHER_PERSON),
    ]


async def test_strangers_find_no_thread(scene: Scene) -> None:
    """Not by id, not in a list; and what is not there looks the same."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    await scene.sent(staff, thread)
    for stranger in await strangers(scene):
        for wanted in (thread, ThreadId("0" * 26), ThreadId("../x"), ThreadId("")):
            with pytest.raises(NotFoundError) as refused:
                await scene.container.sharing.read(stranger, wanted)
            assert refused.value.args == ()
        if isinstance(stranger, Person):
            assert (await scene.container.sharing.list_of_person(stranger, continuation=None)).threads == ()
        elif scene.unit in stranger.units and stranger.role is not Role.AUDITOR:
            found = await scene.container.sharing.list_of_unit(stranger, scene.unit, continuation=None)
            assert found.threads == ()
        else:
            with pytest.raises(NotFoundError):
                await scene.container.sharing.list_of_unit(stranger, scene.unit, continuation=None)


async def test_the_lists_come_page_by_page(scene: Scene) -> None:
    """Oldest first, none twice, none missing, at both sides."""
    staff = await scene.staff()
    threads: list[ThreadId] = []
    for _ in range(120):
        threads.append(await scene.thread(staff))
        await scene.sent(staff, threads[-1])
        scene.container.clock.move(seconds=1)

    of_unit: list[ThreadId] = []
    continuation = None
    while True:
        page = await scene.container.sharing.list_of_unit(staff, scene.unit, continuation=continuation)
        of_unit += [shown.thread for shown in page.threads]
        continuation = page.continuation
        if continuation is None:
            break
    of_person: list[ThreadId] = []
    while True:
        page = await scene.container.sharing.list_of_person(scene.person(), continuation=continuation)
        of_person += [shown.thread for shown in page.threads]
        continuation = page.continuation
        if continuation is None:
            break
    assert of_unit == of_person == threads


async def test_a_person_is_listed_what_was_delivered(scene: Scene) -> None:
    """Not a thread in which nothing has come yet; one thread once, however much came."""
    staff, person = await scene.staff(), scene.person()
    await scene.thread(staff)
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    assert (await scene.container.sharing.list_of_person(person, continuation=None)).threads == ()
    await scene.send(staff, thread, message)
    await scene.sent(staff, thread)
    listed = await scene.container.sharing.list_of_person(person, continuation=None)
    assert [shown.thread for shown in listed.threads] == [thread]


async def test_units_are_listed_by_name(scene: Scene) -> None:
    """Those that one serves."""
    other = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    await scene.container.administering.create_unit(scene.organisation, "Ledningen", mail_address=None)
    staff = await scene.staff(units=(scene.unit, other))
    assert await scene.container.sharing.units(staff) == ((other, "Arkivet"), (scene.unit, "Mottagningen"))
    assert await scene.container.sharing.units(await scene.staff(units=())) == ()


async def test_nothing_personal_is_stored_in_clear(scene: Scene) -> None:
    """Number, address, subject and name are sealed; the pseudonym is the only trace of the person."""
    staff = await scene.staff()
    await scene.container.sharing.create(
        staff,
        unit=scene.unit,
        subject="Särskilt ärende",
        addressees=(Addressee(personal_number=THIRD_PERSON, mail_address="hemlig@example.org"),),
    )
    stored = scene.raw_records()
    for personal in (THIRD_PERSON, THIRD_PERSON[2:], "Särskilt", "S\\u00e4rskilt", "hemlig", "example.org", "Anna"):
        assert personal not in stored
    assert scene.person(THIRD_PERSON).subject in stored


async def test_threads_of_the_same_person_share_nothing_sealed(scene: Scene) -> None:
    """The same number sealed twice looks different, and moved into another thread it is refused."""
    staff = await scene.staff()
    one, two = await scene.thread(staff), await scene.thread(staff)
    (first,), (second,) = (
        [body["participants"][0] for at, body in scene.bodies(f"thread|{thread}").items() if at.id == "thread"]
        for thread in (one, two)
    )
    assert first["subject"] == second["subject"]
    assert first["personal_number"] != second["personal_number"]
    assert first["recipient"] != second["recipient"]


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_thread_that_met_trouble_ends_in_time(trouble: Trouble) -> None:
    """Whatever was written of it, the sweep of its year finds."""
    for tap in trouble():
        scene = await Scene.make()
        staff = await scene.staff()
        try:
            await scene.instance(tap).sharing.create(
                staff, unit=scene.unit, subject="Beslut", addressees=to(TOLVAN, OTHER_PERSON)
            )
        except (Crashed, DependencyError):
            assert tap.was_reached
        scene.container.clock.move(days=YEAR_DAYS)
        await scene.container.retaining.sweep()
        assert not scene.bodies("thread|", "outbox|", "mailbox|")
