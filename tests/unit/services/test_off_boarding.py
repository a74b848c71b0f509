"""An organisation leaves: with every copy of every record and blob there ever was, nothing of it opens again."""

import copy
from datetime import timedelta

import pytest

from shared.crypto.pseudonyms import subject_of
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import (
    ConflictError,
    DependencyError,
    IntegrityError,
    KeyDestroyedError,
    KeyUnavailableError,
    NotFoundError,
)
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UnitId
from shared.domain.personal_number import parse_personal_number
from shared.domain.principals import Principal, Staff
from shared.services.custody import FRESH, service_key_name
from shared.services.keyring import LIFETIME
from shared.services.organisation_key_records import key_records
from tests.support.memory_container import MemoryContainer
from tests.support.scene import TOLVAN, Scene, accept_agreement
from tests.support.taps import TROUBLES, Crashed, Tap

CONTENT = b"Beslutet om insats"
NAME = "Andra kommunen"


class House:
    """Two organisations that have each sent the same person a message with a file; the second one leaves."""

    def __init__(self, scene: Scene, leaving: OrganisationId) -> None:
        self.scene = scene
        self.leaving = leaving
        self.sent: dict[OrganisationId, tuple[Staff, ThreadId, MessageId, FileId]] = {}

    @classmethod
    async def make(cls) -> "House":
        scene = await Scene.make()
        administering = scene.container.administering
        made = cls(scene, await administering.create_organisation(NAME))
        await accept_agreement(scene.container, made.leaving)
        unit = await administering.create_unit(made.leaving, "Mottagningen", mail_address=None)
        await made.send(scene.organisation, scene.unit)
        await made.send(made.leaving, unit)
        return made

    async def send(self, organisation: OrganisationId, unit: UnitId) -> None:
        staff = await self.scene.staff(organisation=organisation, units=(unit,))
        home = Scene(container=self.scene.container, organisation=organisation, unit=unit)
        thread = await home.thread(staff)
        message = await home.draft(staff, thread, text="Hej")
        file = await home.upload(staff, thread, message, CONTENT)
        await home.send(staff, thread, message)
        self.sent[organisation] = (staff, thread, message, file)

    async def opens(self, container: MemoryContainer | None = None, *, organisation: OrganisationId) -> None:
        """Text and file, for both sides. Raises what reading raises."""
        container = container or self.scene.container
        staff, thread, message, file = self.sent[organisation]
        readers: tuple[Principal, ...] = (self.scene.person(), staff)
        for reader in readers:
            assert (await container.retrieving.open(reader, thread, message)).text == "Hej"
            found = await container.retrieving.fetch(reader, thread, message, file)
            wanted = ByteRange(start=0, end=len(CONTENT))
            assert b"".join([bytes(piece) async for piece in found.read(wanted)]) == CONTENT

    async def others_live_on(self) -> None:
        await self.opens(organisation=self.scene.organisation)
        shown = await self.scene.container.sharing.list_of_person(self.scene.person(), continuation=None)
        assert self.sent[self.scene.organisation][1] in [thread.thread for thread in shown.threads]

    def copied(self) -> "tuple[object, ...]":
        """Every record and every blob, staged ones too, as a thief or a backup keeps them."""
        container = self.scene.container
        return (
            copy.deepcopy(container.record_store._partitions),
            copy.deepcopy(container.blobs._content),
            copy.deepcopy(container.blobs._staged),
        )

    def restored(self, copied: "tuple[object, ...]") -> MemoryContainer:
        """A service of its own on those copies, with all our settings and the right to use the vault."""
        fresh = MemoryContainer()
        records, content, staged = copied
        vars(fresh.record_store)["_partitions"] = copy.deepcopy(records)
        vars(fresh.blobs)["_content"] = copy.deepcopy(content)
        vars(fresh.blobs)["_staged"] = copy.deepcopy(staged)
        vars(fresh)["keys"] = self.scene.container.keys
        vars(fresh)["clock"] = self.scene.container.clock
        return fresh


@pytest.fixture
async def house() -> House:
    return await House.make()


async def test_every_copy_from_before_is_unreadable_and_the_others_live_on(house: House) -> None:
    """Copies of every record, wraps and all, and of every blob: from before, and from after."""
    await house.scene.container.rotating_keys.rotate_all(made_before=house.scene.container.clock())
    before = house.copied()
    await house.opens(house.restored(before), organisation=house.leaving)
    done = await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    assert (done.versions, done.is_key_deleted, done.recoverable_until, done.own_key) == (1, True, None, None)
    house.scene.container.clock.now += FRESH
    for copied in (before, house.copied()):
        restored = house.restored(copied)
        with pytest.raises(KeyUnavailableError):
            await house.opens(restored, organisation=house.leaving)
        records = await key_records(restored.records, house.leaving)
        for record in records:
            with pytest.raises((KeyUnavailableError, IntegrityError)):
                await restored.keyring.of_version(house.leaving, int(record.id[-6:]))
        await house.opens(restored, organisation=house.scene.organisation)
    await house.others_live_on()


async def test_wraps_alone_are_of_no_use_even_if_the_key_comes_back(house: House) -> None:
    """Somebody recovers the vault's key: of ours, no record holds anything to unwrap."""
    keys = house.scene.container.keys
    kept = keys._keys[service_key_name(house.leaving)]
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    keys._keys[service_key_name(house.leaving)] = kept
    after = house.copied()
    restored = house.restored(after)
    custody = f"organisation|{house.leaving}"
    record = await restored.records.get(custody, "custody")
    await restored.record_store.replace_if_match(record, {**record.body, "destroyed_at": None})
    with pytest.raises(IntegrityError):
        await house.opens(restored, organisation=house.leaving)


async def test_every_instance_stops_within_a_second(house: House) -> None:
    """Also one that holds the key in memory for a quarter of an hour to come, and nothing is left of it there."""
    warm = house.scene.instance()
    await warm.keyring.current(house.leaving)
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    house.scene.container.clock.now += FRESH - timedelta(microseconds=1)
    await warm.keyring.current(house.leaving)
    house.scene.container.clock.now += timedelta(microseconds=1)
    with pytest.raises(KeyDestroyedError):
        await warm.keyring.current(house.leaving)
    assert not [organisation for organisation, _ in warm.keyring._cached if organisation == house.leaving]
    assert FRESH < LIFETIME / 100


async def test_looking_costs_one_read_a_second_whatever_the_load(house: House) -> None:
    """And an instance that cannot look uses no key: it fails closed."""
    tap = Tap()
    instance = house.scene.instance(tap)
    for _ in range(100):
        await instance.keyring.of_version(house.leaving, 1)
    looks = [call for call in tap.calls if call.at.endswith(" custody")]
    assert len(looks) == 1
    house.scene.container.clock.now += FRESH

    async def is_down() -> None:
        raise DependencyError

    tap._at, tap._act = len(tap.calls) + 1, is_down
    with pytest.raises(DependencyError):
        await instance.keyring.of_version(house.leaving, 1)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_a_repeat_completes_it(trouble: str) -> None:
    """A crash or a fault at every call of a port."""
    reached = 0
    for tap in TROUBLES[trouble]():
        house = await House.make()
        try:
            await house.scene.instance(tap).off_boarding.destroy(house.leaving, name=NAME)
        except (Crashed, Exception):  # noqa: BLE001 - whatever it was, the next run mends it
            reached += 1
        before = house.copied()
        assert (await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)).is_key_deleted
        house.scene.container.clock.now += FRESH
        with pytest.raises(KeyDestroyedError):
            await house.opens(organisation=house.leaving)
        with pytest.raises(KeyUnavailableError):
            await house.opens(house.restored(before), organisation=house.leaving)
        await house.others_live_on()
    assert reached >= 5


async def test_a_rotation_at_any_moment_brings_nothing_back() -> None:
    """It may be under way while the organisation leaves; a run afterwards passes by."""
    for at in range(1, 30):
        house = await House.make()
        house.scene.container.clock.move(days=1)

        async def destroy(house: House = house) -> None:
            await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)

        tap = Tap(at=at, act=destroy)
        rotating = house.scene.instance(tap).rotating_keys
        await rotating.rotate(house.leaving, made_before=house.scene.container.clock())
        if not tap.was_reached:
            break
        house.scene.container.clock.now += FRESH
        with pytest.raises(KeyDestroyedError):
            await house.opens(house.restored(house.copied()), organisation=house.leaving)
        done = await house.scene.container.rotating_keys.rotate(
            house.leaving, made_before=house.scene.container.clock()
        )
        assert done.organisations == 0
    assert at > 8


async def test_nothing_new_can_be_made_in_its_place(house: House) -> None:
    """Setting it up again makes no key, and nobody of it signs in or writes."""
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    house.scene.container.clock.now += FRESH
    with pytest.raises(KeyDestroyedError):
        await house.scene.container.keyring.create(house.leaving)
    staff, thread, _, _ = house.sent[house.leaving]
    with pytest.raises(KeyDestroyedError):
        await house.scene.container.sending.draft(staff, thread, text="Hej", retention_days=30)


async def test_its_records_and_blobs_go_with_their_own_end(house: House) -> None:
    """No key is needed for that, so nothing of it is left for ever."""
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    house.scene.container.clock.move(days=366)
    await house.scene.container.retaining.sweep()
    assert house.scene.blob_names() == set()
    assert not house.scene.bodies("thread|", "mailbox|", "upload|")


async def test_the_persons_list_goes_on_without_it(house: House) -> None:
    """What others sent is shown; a person must not pay for one organisation that left."""
    number = parse_personal_number(TOLVAN, today=house.scene.container.clock().date())
    assert house.scene.person().subject == subject_of(number, house.scene.container.settings.peppers)
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    house.scene.container.clock.now += FRESH
    shown = await house.scene.container.sharing.list_of_person(house.scene.person(), continuation=None)
    assert [thread.thread for thread in shown.threads] == [house.sent[house.scene.organisation][1]]


@pytest.mark.parametrize("name", ["Exempelkommunen", "", NAME.lower()])
async def test_only_by_its_own_name(house: House, name: str) -> None:
    """An id is easily mistyped; the name stands beside it. Nothing is done, nothing logged."""
    before = house.scene.raw_records()
    with pytest.raises(ConflictError):
        await house.scene.container.off_boarding.destroy(house.leaving, name=name)
    with pytest.raises(NotFoundError):
        await house.scene.container.off_boarding.destroy(OrganisationId("0" * 26), name=NAME)
    assert house.scene.raw_records() == before
    await house.opens(organisation=house.leaving)
