"""Setting up: organisations, units and staff, by commands that may be repeated after a crash."""

import pytest

from shared.domain.errors import ConflictError, DependencyError, InvalidInputError
from shared.domain.ids import UnitId, is_id
from shared.domain.principals import Role
from shared.services.administering import NewStaff
from shared.services.sessions import NewSession
from tests.support.memory_container import PASSWORD, MemoryContainer
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Trouble

ADDRESS = "anna@example.com"


def somebody(*units: UnitId, address: str = ADDRESS, name: str = "Anna Exempel") -> NewStaff:
    """A member of these units."""
    return NewStaff(name=name, mail_address=address, password=PASSWORD, role=Role.MEMBER, units=units)


async def test_a_platform_is_prepared_once() -> None:
    """Again is fine: the key stays, and with it what it sealed."""
    container = MemoryContainer()
    await container.administering.prepare_platform()
    before = dict(container.record_store._partitions["organisation|platform"])
    await container.administering.prepare_platform()
    assert container.record_store._partitions["organisation|platform"] == before


async def test_each_organisation_has_a_key_of_its_own(scene: Scene) -> None:
    """Turning one off does not touch the other."""
    other = await scene.container.administering.create_organisation("Grannkommunen")
    assert is_id(other)
    mine = await scene.container.keyring.current(scene.organisation)
    theirs = await scene.container.keyring.current(other)
    assert mine.secret != theirs.secret
    scene.container.keys.delete(f"organisation-{other}")
    assert (await scene.instance().keyring.current(scene.organisation)).secret == mine.secret


@pytest.mark.parametrize("address", ["x", "a@b", "Anna <a@example.com>", "a@example.com\r\n"])
async def test_a_bad_address_leaves_nothing(scene: Scene, address: str) -> None:
    """For staff and for units."""
    before = scene.bodies()
    with pytest.raises(InvalidInputError):
        await scene.container.administering.add_staff(scene.organisation, somebody(scene.unit, address=address))
    with pytest.raises(InvalidInputError):
        await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=address)
    assert scene.bodies() == before


async def test_staff_serve_units_of_their_own_organisation(scene: Scene) -> None:
    """A slip of the operator must not put somebody into another organisation's mailbox."""
    foreign = await scene.container.administering.create_organisation("Grannkommunen")
    foreign_unit = await scene.container.administering.create_unit(foreign, "Mottagningen", mail_address=None)
    before = scene.bodies()
    for unit in (foreign_unit, UnitId("0" * 26), UnitId("../x")):
        with pytest.raises(InvalidInputError) as refused:
            await scene.container.administering.add_staff(scene.organisation, somebody(scene.unit, unit))
        assert refused.value.rule == "unit"
    assert scene.bodies() == before


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper(), "Anna@Example.com"])
async def test_an_address_signs_in_one_person(scene: Scene, address: str) -> None:
    """The second is refused, however it is written, and nothing of them stays; the first can sign in as before."""
    first = await scene.container.administering.add_staff(scene.organisation, somebody(scene.unit))
    other = await scene.container.administering.create_organisation("Grannkommunen")
    before = scene.bodies()
    for organisation in (scene.organisation, other):
        with pytest.raises(ConflictError):
            await scene.container.administering.add_staff(organisation, somebody(address=address, name="Någon Annan"))
    assert scene.bodies() == before
    session = await scene.container.staff_signing_in.sign_in(address, PASSWORD)
    assert isinstance(session, NewSession)
    assert getattr(session.principal, "staff", None) == first


async def test_staff_are_stored_without_name_address_or_password(scene: Scene) -> None:
    """Sealed, keyed and hashed; what stands in clear is role, units and ids."""
    await scene.container.administering.add_staff(scene.organisation, somebody(scene.unit))
    stored = scene.raw_records()
    for personal in ("Anna", ADDRESS, ADDRESS.upper(), PASSWORD):
        assert personal not in stored
    assert PASSWORD not in repr(somebody())
    assert "Anna" not in repr(somebody())


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_command_that_met_trouble_can_be_repeated(trouble: Trouble) -> None:
    """The login is written last: either it works, or the same address can be added again."""
    for tap in trouble():
        scene = await Scene.make()
        try:
            await scene.instance(tap).administering.add_staff(scene.organisation, somebody(scene.unit))
        except (Crashed, DependencyError):
            assert tap.was_reached
        if not scene.bodies("login|"):
            await scene.container.administering.add_staff(scene.organisation, somebody(scene.unit))
        session = await scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)
        assert isinstance(session, NewSession)
        assert session.principal.name == "Anna Exempel"


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_an_organisation_that_met_trouble_is_made_by_another_try(trouble: Trouble) -> None:
    """Under another id; what a crash left behind is a key that seals nothing."""
    for tap in trouble():
        scene = await Scene.make()
        try:
            await scene.instance(tap).administering.create_organisation("Grannkommunen")
        except (Crashed, DependencyError):
            made = await scene.container.administering.create_organisation("Grannkommunen")
            assert (await scene.container.keyring.current(made)).version == 1
