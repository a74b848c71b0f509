"""Organisation keys in memory: fetched once at a time, kept for a bounded time, checked before they are used."""

import asyncio
import gc
import time
from datetime import timedelta

import pytest

from shared.container import Container
from shared.crypto.organisation_keys import OrganisationKey
from shared.domain import places
from shared.domain.deadlines import current_deadline, deadline
from shared.domain.errors import DependencyError, IntegrityError, KeyUnavailableError
from shared.domain.ids import OrganisationId
from shared.domain.places import PLATFORM
from shared.domain.ports import Record, WrappedKey
from shared.services.keyring import LIFETIME, MAX_KEYS
from tests.support.scene import Scene
from tests.support.short_pages import ShortPages
from tests.support.taps import Tap, TappedKeys, fault


def unwraps(tap: Tap) -> int:
    """How often the vault was asked."""
    return len(tap.called("keys.unwrap"))


async def wrapped_of(scene: Scene, organisation: OrganisationId) -> Record:
    """The record of an organisation's first key."""
    place = places.organisation_key(organisation, 1)
    return await scene.container.records.get(place.partition, place.id)


async def add_version(container: Container, organisation: OrganisationId, version: int) -> None:
    """A newer key of the organisation, as a rotation would make it."""
    wrapped = await container.keys.wrap(f"organisation-{organisation}", bytes([version % 256]) * 32)
    key = OrganisationKey(organisation=organisation, version=version, secret=bytes([version % 256]) * 32)
    place = places.organisation_key(organisation, version)
    body = {"kek": wrapped.kek, "wrapped": wrapped.wrapped.hex(), "confirmation": key.confirmation()}
    await container.record_store.create(place.partition, place.id, body)


async def test_fifty_requests_at_once_ask_the_vault_once(scene: Scene) -> None:
    """A cold instance under load must not be a burst at the vault, which limits calls."""
    tap = Tap()
    keyring = scene.instance(tap).keyring
    keys = await asyncio.gather(*(keyring.of_version(scene.organisation, 1) for _ in range(50)))
    assert len({id(key) for key in keys}) == 1
    assert unwraps(tap) == 1


async def test_a_key_is_asked_for_again_after_its_lifetime(scene: Scene) -> None:
    """Neither earlier nor later, and never in between."""
    tap = Tap()
    keyring = scene.instance(tap).keyring
    for moved, asked in ((timedelta(), 1), (LIFETIME - timedelta(microseconds=1), 1), (timedelta(microseconds=1), 2)):
        scene.container.clock.now += moved
        await keyring.of_version(scene.organisation, 1)
        await keyring.current(scene.organisation)
        assert unwraps(tap) == asked


async def test_a_revocation_works_after_the_lifetime_at_the_latest(scene: Scene) -> None:
    """And nothing of the key stays in memory for a later dump."""
    keyring = scene.container.keyring
    await keyring.of_version(scene.organisation, 1)
    kek = (await wrapped_of(scene, scene.organisation)).body["kek"]
    assert isinstance(kek, str)
    scene.container.keys.disable(kek)
    scene.container.clock.now += LIFETIME - timedelta(microseconds=1)
    await keyring.of_version(scene.organisation, 1)
    scene.container.clock.now += timedelta(microseconds=1)
    with pytest.raises(KeyUnavailableError):
        await keyring.of_version(scene.organisation, 1)
    assert not keyring._cached
    scene.container.keys.enable(kek)
    await keyring.of_version(scene.organisation, 1)


async def test_expired_keys_leave_memory_with_the_next_question(scene: Scene) -> None:
    """An organisation that nobody works for any more is not kept until the cache is full."""
    keyring = scene.container.keyring
    await keyring.of_version(scene.organisation, 1)
    scene.container.clock.now += LIFETIME
    await keyring.of_version(PLATFORM, 1)
    assert list(keyring._cached) == [(PLATFORM, 1)]


async def test_so_many_keys_are_kept_and_the_oldest_goes(scene: Scene) -> None:
    """What a dump of memory could expose is bounded."""
    keyring = scene.container.keyring
    first = await scene.container.administering.create_organisation("Första")
    await keyring.of_version(first, 1)
    others = [await scene.container.administering.create_organisation(f"Nummer {n}") for n in range(MAX_KEYS)]
    for organisation in others:
        await keyring.of_version(organisation, 1)
    assert len(keyring._cached) == MAX_KEYS
    assert (first, 1) not in keyring._cached
    assert (others[0], 1) in keyring._cached


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered(scene: Scene) -> None:
    """The next request tries again."""
    tap = Tap()
    instance = scene.instance(tap)
    instance.keys = TappedKeys(scene.container.keys, Tap(at=1, act=fault))
    wanted = (instance.keyring.of_version(scene.organisation, 1) for _ in range(5))
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [DependencyError] * 5
    await instance.keyring.of_version(scene.organisation, 1)


class SlowKeys:
    """A vault that answers when told to."""

    def __init__(self, inner: TappedKeys) -> None:
        self.inner = inner
        self.go = asyncio.Event()
        self.deadlines: list[float | None] = []

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        self.deadlines.append(current_deadline())
        await self.go.wait()
        return await self.inner.unwrap(wrapped)


async def test_who_leaves_does_not_take_the_answer_from_the_others(scene: Scene) -> None:
    """A cancelled request is one of many; nor is its deadline theirs."""
    instance = scene.instance()
    slow = SlowKeys(TappedKeys(scene.container.keys, Tap()))
    vars(instance)["keys"] = slow
    with deadline(time.monotonic() + 0.001):
        leaving = asyncio.create_task(instance.keyring.of_version(scene.organisation, 1))
        await asyncio.sleep(0)
    staying = asyncio.create_task(instance.keyring.of_version(scene.organisation, 1))
    for _ in range(5):
        await asyncio.sleep(0)
    leaving.cancel()
    slow.go.set()
    assert (await staying).organisation == scene.organisation
    assert slow.deadlines == [None]
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failure_that_nobody_waits_for_makes_no_noise(scene: Scene) -> None:
    """All have left: the loop must not report an exception that was never retrieved."""
    reports: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    instance = scene.instance()
    instance.keys = TappedKeys(scene.container.keys, Tap(at=1, act=fault))
    leaving = asyncio.create_task(instance.keyring.of_version(scene.organisation, 1))
    await asyncio.sleep(0)
    leaving.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    gc.collect()
    assert reports == []
    assert not instance.keyring._flights


async def test_another_organisations_key_in_its_place_is_refused(scene: Scene) -> None:
    """Who can write records could lay a key there that they know; its confirmation does not fit."""
    other = await scene.container.administering.create_organisation("Andra")
    mine, theirs = await wrapped_of(scene, scene.organisation), await wrapped_of(scene, other)
    for body in (theirs.body, {**mine.body, "kek": theirs.body["kek"], "wrapped": theirs.body["wrapped"]}):
        mine = await scene.container.record_store.replace_if_match(mine, body)
        with pytest.raises(IntegrityError):
            await scene.instance().keyring.of_version(scene.organisation, 1)


@pytest.mark.parametrize(
    "damage",
    [
        {"confirmation": "00"},
        {"confirmation": "\udcff".encode("utf-8", "surrogatepass").hex()},
        {"confirmation": None},
        {"wrapped": "not hex"},
        {"wrapped": "00"},
        {"wrapped": 7},
        {"kek": None},
    ],
)
async def test_a_damaged_key_record_is_refused(scene: Scene, damage: dict[str, str | int | None]) -> None:
    """Whatever was changed: an error of integrity, and no key."""
    record = await wrapped_of(scene, scene.organisation)
    await scene.container.record_store.replace_if_match(record, {**record.body, **damage})
    instance = scene.instance()
    with pytest.raises(IntegrityError):
        await instance.keyring.of_version(scene.organisation, 1)
    assert not instance.keyring._cached


async def test_a_version_that_is_not_there_is_refused(scene: Scene) -> None:
    """Sealed data may name any."""
    with pytest.raises(IntegrityError):
        await scene.container.keyring.of_version(scene.organisation, 2)
    with pytest.raises(IntegrityError):
        await scene.container.keyring.current(OrganisationId("0" * 26))


async def test_new_things_are_sealed_under_the_newest_key(scene: Scene) -> None:
    """After a rotation within the lifetime; what is sealed under the old one stays readable."""
    keyring = scene.container.keyring
    assert (await keyring.current(scene.organisation)).version == 1
    await add_version(scene.container, scene.organisation, 2)
    assert (await keyring.current(scene.organisation)).version == 1
    scene.container.clock.now += LIFETIME
    assert (await keyring.current(scene.organisation)).version == 2
    assert (await keyring.of_version(scene.organisation, 1)).version == 1


async def test_the_newest_key_is_found_on_any_page(scene: Scene) -> None:
    """A page may end early."""
    await add_version(scene.container, scene.organisation, 2)
    await add_version(scene.container, scene.organisation, 10)
    instance = scene.instance()
    instance.records = ShortPages(scene.container.records)
    assert (await instance.keyring.current(scene.organisation)).version == 10


async def test_making_a_key_again_leaves_it_as_it_is(scene: Scene) -> None:
    """The operator's command may be repeated after a crash."""
    before = await wrapped_of(scene, scene.organisation)
    await scene.container.keyring.create(scene.organisation)
    assert (await wrapped_of(scene, scene.organisation)) == before
