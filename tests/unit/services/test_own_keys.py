"""An organisation's key in its own vault: looked at before it is used, and in the organisation's hand afterwards."""

from dataclasses import replace

import pytest

from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import KeyDestroyedError, KeyUnavailableError, NotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.ports import KeyTraits
from shared.services.custody import service_key_name
from shared.services.keyring import LIFETIME
from shared.services.organisation_key_records import key_records, read_version
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed
from tests.unit.services.test_off_boarding import NAME, House

ADDRESS = "https://kommunen.vault.azure.net/keys/pic"
TRAITS = KeyTraits(kek="", kind="RSA-HSM", size_bits=3072, wraps=True, is_purgeable=False)


@pytest.fixture
async def house() -> House:
    made = await House.make()
    made.scene.container.keys.add(ADDRESS)
    return made


async def keks(scene: Scene, organisation: OrganisationId) -> set[str]:
    """Under which every version lies, without the version of the KEK."""
    records = await key_records(scene.container.records, organisation)
    return {read_version(organisation, record).wrapped.kek.rpartition("/")[0] for record in records}


async def test_everything_goes_under_the_own_key_and_stays_readable(house: House) -> None:
    """Old versions too: then the service's own key opens nothing of it."""
    container = house.scene.container
    await container.rotating_keys.rotate_all(made_before=container.clock())
    container.clock.move(hours=1)
    await container.rotating_keys.rotate_all(made_before=container.clock())
    report = await container.own_keys.use(house.leaving, ADDRESS)
    assert (report.faults, report.hints) == ((), ())
    assert report.rotation is not None
    assert (report.rotation.wrapped, report.rotation.refused) == (2, 0)
    assert await keks(house.scene, house.leaving) == {ADDRESS}
    container.keys.delete(service_key_name(house.leaving))
    await house.opens(house.restored(house.copied()), organisation=house.leaving)


async def test_rotation_follows_the_own_key_and_never_makes_one_there(house: House) -> None:
    """The organisation renews it; what it wraps goes under the new version with the next run."""
    container = house.scene.container
    await container.own_keys.use(house.leaving, ADDRESS)
    container.clock.move(days=400)
    kek = container.keys.rotate(ADDRESS)
    done = await container.rotating_keys.rotate(house.leaving, made_before=container.clock())
    assert (done.renewed, done.wrapped, done.added) == (0, 1, 1)
    records = await key_records(container.records, house.leaving)
    assert {read_version(house.leaving, record).wrapped.kek for record in records} == {kek}


async def test_taking_the_key_back_closes_everything_within_the_lifetime_and_giving_it_opens_it(house: House) -> None:
    """Nothing is lost, and nobody else notices."""
    container = house.scene.container
    await container.own_keys.use(house.leaving, ADDRESS)
    await house.opens(organisation=house.leaving)
    container.keys.delete(ADDRESS)
    container.clock.now += LIFETIME
    with pytest.raises(KeyUnavailableError) as refused:
        await house.opens(organisation=house.leaving)
    assert not isinstance(refused.value, KeyDestroyedError)
    shown = await container.sharing.list_of_person(house.scene.person(), continuation=None)
    assert [thread.thread for thread in shown.threads] == [house.sent[house.scene.organisation][1]]
    await house.others_live_on()
    container.keys.recover(ADDRESS)
    await house.opens(organisation=house.leaving)
    assert len((await container.sharing.list_of_person(house.scene.person(), continuation=None)).threads) == 2


async def test_a_download_under_way_ends_within_the_lifetime_when_the_key_is_taken_back(house: House) -> None:
    """It would go on for as long as its reader takes; given back, the rest can be had by a range."""
    container = house.scene.container
    await container.own_keys.use(house.leaving, ADDRESS)
    content = bytes(3_000_000)
    staff, thread, _, _ = house.sent[house.leaving]
    message = await house.scene.draft(staff, thread)
    file = await house.scene.upload(staff, thread, message, content)
    found = await container.retrieving.fetch(staff, thread, message, file)
    reading = found.read(found.whole)
    received = [bytes(await anext(reading))]
    container.keys.delete(ADDRESS)
    container.clock.now += LIFETIME
    with pytest.raises(KeyUnavailableError):
        received.append(bytes(await anext(reading)))
    container.keys.recover(ADDRESS)
    start = sum(map(len, received))
    assert 0 < start < len(content)
    rest = found.read(ByteRange(start=start, end=len(content)))
    assert start + sum([len(piece) async for piece in rest]) == len(content)


async def test_a_person_with_nothing_else_is_told_that_a_key_is_away(house: House) -> None:
    """An empty list would say that nothing was ever sent."""
    container = house.scene.container
    for organisation in house.sent:
        container.keys.delete(service_key_name(organisation))
    container.clock.now += LIFETIME
    with pytest.raises(KeyUnavailableError):
        await container.sharing.list_of_person(house.scene.person(), continuation=None)


async def test_going_back_to_the_services_key(house: House) -> None:
    """The other way round, as long as the own key is still there to unwrap."""
    container = house.scene.container
    await container.own_keys.use(house.leaving, ADDRESS)
    container.clock.move(seconds=1)
    await container.own_keys.give_back(house.leaving)
    container.keys.delete(ADDRESS)
    await house.opens(house.restored(house.copied()), organisation=house.leaving)
    assert [event["vault"] for event in house.scene.events("organisation:key:custody")] == ["organisation", "service"]


@pytest.mark.parametrize(
    ("traits", "faults", "hints"),
    [
        (TRAITS, (), ()),
        (replace(TRAITS, kind="RSA", size_bits=2048, is_purgeable=True), (), ("purge-protection", "small", "software")),
        (replace(TRAITS, kind="EC-HSM", size_bits=0), ("kind",), ("small",)),
        (replace(TRAITS, size_bits=1024), ("size",), ("small",)),
        (replace(TRAITS, wraps=False), ("operations",), ()),
    ],
)
async def test_what_a_key_must_be(
    house: House, traits: KeyTraits, faults: tuple[str, ...], hints: tuple[str, ...]
) -> None:
    """One that is not fit changes nothing; what is only unwise is said."""
    house.scene.container.keys.add(ADDRESS, traits)
    report = await house.scene.container.own_keys.use(house.leaving, ADDRESS)
    assert (report.faults, report.hints) == (faults, hints)
    assert (await keks(house.scene, house.leaving) == {ADDRESS}) is (not faults)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("https://kommunen.vault.azure.net/keys/other", "refused"),
        (f"{ADDRESS}/{'0' * 32}", "address"),
        ("http://kommunen.vault.azure.net/keys/pic", "address"),
        ("https://user@kommunen.vault.azure.net/keys/pic", "address"),
        ("https://kommunen.vault.azure.net/keys/../secrets/pic", "address"),
        ("https://kommunen.vault.azure.net/keys/pic?x=1", "address"),
        ("organisation-platform", "address"),
        ("", "address"),
    ],
)
async def test_what_is_no_key_of_an_organisation_is_refused(house: House, address: str, fault: str) -> None:
    """Above all another organisation's key in our own vault, by its name."""
    report = await house.scene.container.own_keys.use(house.leaving, address)
    assert report.faults == (fault,)
    assert house.scene.events("organisation:key:custody") == []


async def test_a_key_that_does_not_unwrap_what_it_wrapped_is_refused(house: House) -> None:
    """Found before anything lies under it."""
    keys = house.scene.container.keys

    class Forgetful:
        def __getattr__(self, name: str) -> object:
            return getattr(keys, name)

        async def unwrap(self, _: object) -> bytes:
            return bytes(32)

    instance = house.scene.instance()
    vars(instance)["keys"] = Forgetful()
    assert (await instance.own_keys.examine(ADDRESS)).faults == ("round-trip",)


async def test_only_organisations_with_keys_that_are_not_destroyed(house: House) -> None:
    """Nothing is made for an id that nobody has."""
    own = house.scene.container.own_keys
    with pytest.raises(NotFoundError):
        await own.use(OrganisationId("0" * 26), ADDRESS)
    await house.scene.container.off_boarding.destroy(house.leaving, name=NAME)
    for attempt in (own.use(house.leaving, ADDRESS), own.give_back(house.leaving)):
        with pytest.raises(KeyDestroyedError):
            await attempt


async def test_who_leaves_with_an_own_key_is_told_of_it(house: House) -> None:
    """Ours is destroyed with the wraps that lay under it before; theirs only they can destroy."""
    container = house.scene.container
    await container.own_keys.use(house.leaving, ADDRESS)
    done = await container.off_boarding.destroy(house.leaving, name=NAME)
    assert (done.is_key_deleted, done.own_key) == (True, ADDRESS)
    with pytest.raises(KeyUnavailableError):
        await container.keys.describe(service_key_name(house.leaving))


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_a_repeat_completes_it(trouble: str) -> None:
    """The command again, or the timer: everything is readable in between and under the own key afterwards."""
    reached = 0
    for number, tap in enumerate(TROUBLES[trouble]()):
        house = await House.make()
        container = house.scene.container
        container.keys.add(ADDRESS)
        try:
            await house.scene.instance(tap).own_keys.use(house.leaving, ADDRESS)
            is_done = True
        except (Crashed, Exception):  # noqa: BLE001 - whatever it was, the next run mends it
            reached += 1
            is_done = False
        await house.opens(house.restored(house.copied()), organisation=house.leaving)
        if number % 2 and (await container.custodies.read(house.leaving)).key == ADDRESS:
            await container.rotating_keys.rotate_all(made_before=container.clock() - LIFETIME)
        elif not is_done:
            await container.own_keys.use(house.leaving, ADDRESS)
        assert await keks(house.scene, house.leaving) == {ADDRESS}
        await house.opens(house.restored(house.copied()), organisation=house.leaving)
    assert reached > 7
