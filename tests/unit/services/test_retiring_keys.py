"""Retiring old organisation keys: only what nothing names goes, and everything that is named stays readable."""

from datetime import timedelta

import pytest

from shared.domain.ids import OrganisationId
from shared.domain.places import PLATFORM
from shared.domain.principals import Staff
from shared.services.organisation_key_records import key_records, version_of
from shared.services.retiring_keys import SETTLED
from tests.support.memory_container import PASSWORD
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed
from tests.unit.services.test_rotating_keys import House


async def versions(scene: Scene, organisation: OrganisationId | None = None) -> list[int]:
    records = await key_records(scene.container.records, organisation or scene.organisation)
    return [version_of(record) for record in records]


async def rotated() -> House:
    """A second version has been the newest for long enough."""
    made = await House.make()
    await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    made.scene.container.clock.now += SETTLED
    return made


async def test_what_a_message_needs_is_kept_until_the_message_is_gone() -> None:
    """Text, file, subject, person, receipt: each names the version it was sealed under."""
    made = await rotated()
    retiring = made.scene.container.retiring_keys
    use = await retiring.retire(made.scene.organisation)
    assert (use.retired, use.kept) == ((), (1,))
    assert use.named[1] > 5
    assert use.named == (await retiring.count(made.scene.organisation)).named
    await made.is_readable()
    made.scene.container.clock.move(days=66)
    await made.scene.container.retaining.sweep()
    use = await retiring.retire(made.scene.organisation)
    assert (use.retired, use.kept, use.named[1]) == ((1,), (), 0)
    assert await versions(made.scene) == [2]


async def test_names_of_staff_are_sealed_anew_and_they_sign_in_as_before() -> None:
    """They are all that outlives a year."""
    made = await rotated()
    staff = await made.scene.staff(address="bo@example.com")
    made.scene.container.clock.move(days=66)
    await made.scene.container.retaining.sweep()
    await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    made.scene.container.clock.now += SETTLED
    assert (await made.scene.container.retiring_keys.retire(made.scene.organisation)).retired == (1, 2)
    instance = made.scene.instance()
    session = await instance.staff_signing_in.sign_in("bo@example.com", PASSWORD)
    found = await instance.sessions.principal_of(session.token)
    assert isinstance(found, Staff)
    assert (found.staff, found.name) == (staff.staff, staff.name)


async def test_a_version_may_still_seal_for_an_hour_after_its_successor() -> None:
    """Instances know the newest version for a while: one that was retired under them would lose what they seal."""
    made = await House.make()
    made.scene.container.clock.move(days=66)
    await made.scene.container.retaining.sweep()
    await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    made.scene.container.clock.now += SETTLED - timedelta(microseconds=1)
    assert (await made.scene.container.retiring_keys.retire(made.scene.organisation)).kept == (1,)
    made.scene.container.clock.now += timedelta(microseconds=1)
    assert (await made.scene.container.retiring_keys.retire(made.scene.organisation)).retired == (1,)


async def test_an_upload_that_is_under_way_keeps_its_version() -> None:
    """Its name and its data key lie in records that a message does not yet name."""
    scene = await Scene.make()
    staff = await scene.staff()
    thread = await scene.thread(staff)
    scene.container.clock.move(days=364)
    await scene.container.keyring.current(scene.organisation)
    await scene.container.rotating_keys.rotate_all(made_before=scene.container.clock())
    message = await scene.draft(staff, thread)
    before = (await scene.container.retiring_keys.count(scene.organisation)).named
    await scene.begin(staff, thread, message, 100)
    after = (await scene.container.retiring_keys.count(scene.organisation)).named
    assert after - before == {1: 3}  # The name, the type, the data key: this instance still seals under the first.
    scene.container.clock.now += SETTLED
    assert (await scene.container.retiring_keys.retire(scene.organisation)).kept == (1,)


async def test_only_the_organisations_own_is_counted() -> None:
    """Another one's version has the same number and another key."""
    made = await rotated()
    other = await made.scene.container.administering.create_organisation("Andra")
    made.scene.container.clock.move(days=1)
    await made.scene.container.rotating_keys.rotate_all(made_before=made.now)
    made.scene.container.clock.now += SETTLED
    assert (await made.scene.container.retiring_keys.retire(other)).retired == (1,)
    assert await versions(made.scene) == [1, 2, 3]
    await made.is_readable()


async def test_the_platforms_keys_are_not_retired() -> None:
    """Its values lie in many partitions of one record each."""
    made = await rotated()
    with pytest.raises(ValueError, match="platform"):
        await made.scene.container.retiring_keys.retire(PLATFORM)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_a_repeat_completes_it(trouble: str) -> None:
    """At every call of a port."""
    reached = 0
    for tap in TROUBLES[trouble]():
        made = await rotated()
        made.scene.container.clock.move(days=66)
        await made.scene.container.retaining.sweep()
        try:
            await made.scene.instance(tap).retiring_keys.retire(made.scene.organisation)
        except (Crashed, Exception):  # noqa: BLE001 - whatever it was, the next run mends it
            reached += 1
        await made.scene.container.retiring_keys.retire(made.scene.organisation)
        assert await versions(made.scene) == [2]
        assert (await made.scene.container.retiring_keys.count(made.scene.organisation)).named.keys() == {2}
    assert reached > 8
