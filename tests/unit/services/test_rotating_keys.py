"""Rotating keys: everything stays readable, whatever happens in between, and a repeat makes nothing more."""

from datetime import datetime, timedelta

import pytest

from shared.crypto.data_keys import wrapped_key_version
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import KeyUnavailableError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.domain.places import PLATFORM
from shared.domain.principals import Staff
from shared.services.custody import service_key_name
from shared.services.keyring import LIFETIME
from shared.services.organisation_key_records import KeyVersion, key_records, read_version
from shared.services.rotating_keys import KeyRotation
from tests.support.scene import Instance, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, meetings

CONTENT = b"Beslutet om insats"
YEAR = timedelta(days=365)


class House:
    """An organisation with one delivered message and its file, a year later."""

    def __init__(self, scene: Scene, staff: Staff, thread: ThreadId, message: MessageId, file: FileId) -> None:
        self.scene = scene
        self.staff = staff
        self.thread = thread
        self.message = message
        self.file = file

    @classmethod
    async def make(cls) -> "House":
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        message = await scene.draft(staff, thread, text="Hej")
        file = await scene.upload(staff, thread, message, CONTENT)
        await scene.send(staff, thread, message)
        scene.container.clock.move(days=300)
        return cls(scene, staff, thread, message, file)

    @property
    def now(self) -> datetime:
        return self.scene.container.clock()

    async def versions(self, organisation: OrganisationId | None = None) -> list[KeyVersion]:
        of = organisation or self.scene.organisation
        return [read_version(of, record) for record in await key_records(self.scene.container.records, of)]

    async def kek(self) -> str:
        """The current version in the vault."""
        return (await self.scene.container.keys.describe(service_key_name(self.scene.organisation))).kek

    async def is_readable(self, instance: Instance | None = None) -> None:
        """By an instance that knows nothing yet, from the vault and the records alone."""
        instance = instance or self.scene.instance()
        person = self.scene.person()
        assert (await instance.retrieving.open(person, self.thread, self.message)).text == "Hej"
        found = await instance.retrieving.fetch(person, self.thread, self.message, self.file)
        wanted = ByteRange(start=0, end=len(CONTENT))
        assert b"".join([bytes(piece) async for piece in found.read(wanted)]) == CONTENT

    async def is_rotated(self, *, versions: int = 2) -> None:
        """All under the current KEK, the newest organisation key made now, and everything readable."""
        found = await self.versions()
        assert [each.version for each in found] == list(range(1, versions + 1))
        assert {each.wrapped.kek for each in found} == {await self.kek()}
        await self.is_readable()


async def house() -> House:
    return await House.make()


async def test_young_keys_are_left_alone() -> None:
    """The timer runs every night."""
    made = await house()
    before = made.scene.raw_records()
    done = await made.scene.container.rotating_keys.rotate_all(made_before=made.now - YEAR)
    assert done == KeyRotation(organisations=2)
    assert made.scene.raw_records() == before


async def test_old_keys_are_renewed_once_and_no_content_is_sealed_anew() -> None:
    """Of every organisation and of the platform: a new KEK over everything, and a new key for what is new."""
    made = await house()
    first = await made.versions()
    sealed = made.scene.bodies("thread|")
    blobs = dict(made.scene.container.blobs._content)
    done = await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    assert done == KeyRotation(organisations=2, renewed=2, wrapped=2, added=2)
    assert (await made.kek()) != first[0].wrapped.kek
    await made.is_rotated()
    assert {place: made.scene.bodies("thread|")[place] for place in sealed} == sealed
    assert dict(made.scene.container.blobs._content) == blobs
    assert len(await made.versions(PLATFORM)) == 2


async def test_the_same_rotation_again_finds_nothing_to_do() -> None:
    """An operator repeats it with the instant that it printed."""
    made = await house()
    instant = made.now
    await made.scene.container.rotating_keys.rotate_all(made_before=instant)
    after = made.scene.raw_records()
    made.scene.container.clock.move(hours=1)
    again = await made.scene.container.rotating_keys.rotate_all(made_before=instant)
    assert again == KeyRotation(organisations=2)
    assert made.scene.raw_records() == after


async def test_what_is_new_is_sealed_under_the_new_key_within_the_lifetime() -> None:
    """On an instance that knows the older one as the newest; and what that sealed meanwhile stays readable."""
    made = await house()
    instance = made.scene.instance()
    assert (await instance.keyring.current(made.scene.organisation)).version == 1
    await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    made.scene.container.clock.now += LIFETIME
    draft = await instance.sending.draft(made.staff, made.thread, text="Hej igen", retention_days=30)
    record = made.scene.bodies(f"thread|{made.thread}")
    keys = [body["text_key"] for at, body in record.items() if at.id == f"message|{draft.message}"]
    assert [wrapped_key_version(key) for key in keys] == [2]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_everything_is_readable_and_a_repeat_completes_it(trouble: str) -> None:
    """A crash or a fault at every call of a port, before it did its work and after."""
    reached = 0
    for tap in TROUBLES[trouble]():
        made = await house()
        instant = made.now
        rotating = made.scene.instance(tap).rotating_keys
        try:
            await rotating.rotate(made.scene.organisation, made_before=instant)
        except (Crashed, Exception):  # noqa: BLE001 - whatever it was, the next run mends it
            reached += 1
        await made.is_readable()
        made.scene.container.clock.move(minutes=1)
        assert not (await made.scene.container.rotating_keys.rotate_all(made_before=instant)).faults
        await made.is_rotated()
    assert reached > 10


async def test_two_rotations_at_once_end_as_one() -> None:
    """Two instances whose timers run together, or an operator beside one: at every call."""
    reached = 0
    made = await house()

    async def rotate() -> None:
        await made.scene.container.rotating_keys.rotate(made.scene.organisation, made_before=made.now)

    for landed in (False, True):
        for tap in meetings(rotate, landed=landed):
            made = await house()
            rotating = made.scene.instance(tap).rotating_keys
            await rotating.rotate(made.scene.organisation, made_before=made.now)
            reached += tap.was_reached
            await made.is_readable()
            # What one of them wrapped while the other renewed once more is under that at the next run.
            await made.scene.container.rotating_keys.rotate(made.scene.organisation, made_before=made.now)
            await made.is_rotated()
    assert reached > 10


async def test_reading_goes_on_at_every_moment_of_a_rotation() -> None:
    """By an instance that is cold each time."""
    made = await house()

    async def read() -> None:
        await made.is_readable()

    for tap in meetings(read, landed=True):
        made = await house()
        await made.scene.instance(tap).rotating_keys.rotate(made.scene.organisation, made_before=made.now)


async def test_a_version_that_the_vault_made_itself_is_followed() -> None:
    """Its own rotation policy: everything goes under it, and none is made beside it."""
    made = await house()
    made.scene.container.keys.rotate(service_key_name(made.scene.organisation))
    done = await made.scene.container.rotating_keys.rotate(made.scene.organisation, made_before=made.now - YEAR)
    assert (done.renewed, done.wrapped) == (0, 1)
    await made.is_rotated(versions=1)


async def test_an_older_version_that_is_withdrawn_is_told_and_keeps_nothing_else_back() -> None:
    """It cannot be wrapped anew until its KEK is back; what seals from now on is in order."""
    made = await house()
    (first,) = await made.versions()
    made.scene.container.keys.rotate(service_key_name(made.scene.organisation))
    made.scene.container.keys.disable(first.wrapped.kek)
    done = await made.scene.container.rotating_keys.rotate(made.scene.organisation, made_before=made.now)
    assert (done.refused, done.added) == (1, 1)
    with pytest.raises(KeyUnavailableError):
        await made.is_readable()
    made.scene.container.keys.enable(first.wrapped.kek)
    done = await made.scene.container.rotating_keys.rotate(made.scene.organisation, made_before=made.now)
    assert (done.refused, done.wrapped) == (0, 1)
    await made.is_rotated()


async def test_one_organisation_in_trouble_does_not_hold_up_the_others() -> None:
    """Its damaged record is a fault, told; its key that is withdrawn is counted."""
    made = await house()
    scene = made.scene
    damaged = await scene.container.administering.create_organisation("Andra")
    withdrawn = await scene.container.administering.create_organisation("Tredje")
    (record,) = await key_records(scene.container.records, damaged)
    await scene.container.record_store.replace_if_match(record, {**record.body, "confirmation": "00"})
    (record,) = await key_records(scene.container.records, withdrawn)
    scene.container.keys.disable(read_version(withdrawn, record).wrapped.kek)
    scene.container.clock.move(days=1)
    done = await scene.container.rotating_keys.rotate_all(made_before=made.now)
    assert (done.organisations, done.refused, len(done.faults)) == (4, 1, 1)
    await made.is_rotated()


class MayNotRenew(Tap):
    """The right to make new versions is not ours: an operator's, or the vault's own policy."""

    async def through(self, call, run):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        if call.name == "keys.renew":
            raise KeyUnavailableError
        return await super().through(call, run)


async def test_without_the_right_to_renew_the_organisation_key_rotates_all_the_same() -> None:
    """And that a KEK is overdue is told."""
    made = await house()
    rotating = made.scene.instance(MayNotRenew()).rotating_keys
    done = await rotating.rotate(made.scene.organisation, made_before=made.now)
    assert (done.refused, done.renewed, done.added) == (1, 0, 1)
    await made.is_rotated()
