"""The whole hierarchy through the real SDK: rotation, an organisation's own vault, withdrawal, destruction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.adapters.key_vault import KeyVaultKeys
from shared.adapters.local_credential import LocalCredential
from shared.domain.errors import DependencyError, KeyDestroyedError, KeyUnavailableError
from shared.domain.ids import OrganisationId
from shared.services.custody import FRESH, service_key_name
from shared.services.keyring import LIFETIME
from shared.services.organisation_key_records import key_records, read_version
from tests.support.key_vault import RunningKeyVault, running_key_vault, sdk_client
from tests.support.memory_container import MemoryContainer


class VaultContainer(MemoryContainer):
    """Records in memory; keys in the emulator, by the adapter and the SDK as in production."""

    def __init__(self, adapter: KeyVaultKeys) -> None:
        super().__init__()
        self._adapter = adapter

    @cached_property
    def keys(self) -> KeyVaultKeys:  # type: ignore[override]
        return self._adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The service's vault, an organisation's, two organisations, and a cold instance whenever one is asked for."""

    ours: RunningKeyVault
    theirs: RunningKeyVault
    container: VaultContainer
    other: OrganisationId
    organisation: OrganisationId

    @property
    def address(self) -> str:
        return f"{self.theirs.url}/keys/pic"

    async def opens(self, organisation: OrganisationId, *versions: int) -> None:
        """Every version, by an instance that has nothing in memory. Raises what the keyring raises."""
        cold = VaultContainer(self.container.keys)
        vars(cold)["records"], vars(cold)["clock"] = self.container.records, self.container.clock
        for version in versions:
            assert (await cold.keyring.of_version(organisation, version)).version == version

    async def keks(self) -> set[str]:
        records = await key_records(self.container.records, self.organisation)
        return {read_version(self.organisation, record).wrapped.kek for record in records}


@asynccontextmanager
async def made_in(directory: Path, *arguments: str) -> AsyncIterator[House]:
    async with (
        running_key_vault(directory / "ours", *arguments) as ours,
        running_key_vault(directory / "theirs") as theirs,
    ):
        trusted = directory / "both.pem"
        trusted.write_bytes(ours.ca_file.read_bytes() + theirs.ca_file.read_bytes())
        keys = KeyVaultKeys(
            vault_url=ours.url,
            credential=LocalCredential(),
            vaults={urlsplit(theirs.url).netloc: LocalCredential()},
            ca_file=str(trusted),
            verify_challenge_resource=False,
            key_size_bits=2048,
        )
        container = VaultContainer(keys)
        await container.administering.prepare_platform()
        other = await container.administering.create_organisation("Första")
        organisation = await container.administering.create_organisation("Andra")
        container.clock.move(days=1)
        try:
            yield House(ours=ours, theirs=theirs, container=container, other=other, organisation=organisation)
        finally:
            await keys.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with made_in(tmp_path) as made:
        yield made


async def test_a_rotation_renews_in_the_vault_and_old_versions_stay_readable(house: House) -> None:
    """A second version of each key, everything under it, and nothing more the second time."""
    instant = house.container.clock()
    done = await house.container.rotating_keys.rotate_all(made_before=instant)
    assert (done.renewed, done.wrapped, done.added, done.refused, done.faults) == (3, 3, 3, 0, [])
    assert await house.keks() == {(await house.container.keys.describe(service_key_name(house.organisation))).kek}
    await house.opens(house.organisation, 1, 2)
    await house.ours.reset_counters()
    again = await house.container.rotating_keys.rotate_all(made_before=instant)
    assert (again.renewed, again.wrapped, again.added) == (0, 0, 0)
    counters = await house.ours.counters()
    assert not {"rotate_key", "unwrap_key", "create_key"} & counters.keys()


async def test_two_instances_that_rotate_at_once_end_with_everything_readable(house: House) -> None:
    """Against the real compare-and-set of the records and a vault that takes its time."""
    instant = house.container.clock()
    both = await asyncio.gather(
        *(house.container.rotating_keys.rotate(house.organisation, made_before=instant) for _ in range(2))
    )
    assert sum(done.added for done in both) == 1
    await house.container.rotating_keys.rotate(house.organisation, made_before=instant)
    assert len(await house.keks()) == 1
    await house.opens(house.organisation, 1, 2)


async def test_a_throttled_vault_is_waited_for(house: House) -> None:
    """429 with Retry-After, for a rotation and for a cold instance."""
    await house.ours.fault("throttle", calls=2, seconds=1)
    done = await house.container.rotating_keys.rotate(house.organisation, made_before=house.container.clock())
    assert (done.renewed, done.refused) == (1, 0)
    await house.ours.fault("throttle", operation="unwrap_key", calls=2)
    await house.opens(house.organisation, 1, 2)


async def test_an_own_key_in_another_vault_is_checked_used_withdrawn_and_given_back(house: House) -> None:
    """Withdrawn: the grant, then the key itself. The other organisation notices nothing, and nothing is lost."""
    async with sdk_client(house.theirs) as administrator:
        key = await administrator.create_rsa_key("pic", size=2048)
        report = await house.container.own_keys.use(house.organisation, house.address)
        assert report.faults == ()
        assert report.hints == ("small", "software")
        assert await house.keks() == {key.id}
        await house.opens(house.organisation, 1)

        await house.theirs.fault("deny")
        with pytest.raises(KeyUnavailableError):
            await house.opens(house.organisation, 1)
        await house.opens(house.other, 1)
        await house.theirs.end_faults()
        await house.opens(house.organisation, 1)

        await administrator.update_key_properties("pic", enabled=False)
        with pytest.raises(KeyUnavailableError):
            await house.opens(house.organisation, 1)
        await administrator.update_key_properties("pic", enabled=True)
        await house.opens(house.organisation, 1)

        renewed = await administrator.rotate_key("pic")
        await house.container.rotating_keys.rotate_all(made_before=house.container.clock())
        assert await house.keks() == {renewed.id}
    house.theirs.kill()
    with pytest.raises(DependencyError):
        await asyncio.wait_for(house.opens(house.organisation, 1), timeout=30)
    await house.opens(house.other, 1, 2)


async def test_a_warm_instance_stops_at_the_end_of_the_lifetime(house: House) -> None:
    """Not for ever: the key is in memory for so long."""
    await house.container.keyring.of_version(house.organisation, 1)
    await house.ours.fault("deny", key=service_key_name(house.organisation))
    await house.container.keyring.of_version(house.organisation, 1)
    house.container.clock.now += LIFETIME
    with pytest.raises(KeyUnavailableError):
        await house.container.keyring.of_version(house.organisation, 1)
    await house.container.keyring.of_version(house.other, 1)
    await house.ours.end_faults()
    await house.container.keyring.of_version(house.organisation, 1)


@pytest.mark.parametrize("is_protected", [True, False])
async def test_destroying_deletes_the_key_and_copies_of_the_wraps_open_nothing(
    tmp_path: Path, *, is_protected: bool
) -> None:
    """Every wrap there was, tried against the vault itself. With purge protection the day of the purge is told."""
    async with made_in(tmp_path, *(() if is_protected else ("--no-purge-protection",))) as house:
        await house.container.rotating_keys.rotate_all(made_before=house.container.clock())
        records = await key_records(house.container.records, house.organisation)
        wraps = [read_version(house.organisation, record).wrapped for record in records]
        for versions in (2, 0):
            done = await house.container.off_boarding.destroy(house.organisation, name="Andra")
            assert (done.versions, done.is_key_deleted) == (versions, True)
            assert (done.recoverable_until is not None) is is_protected
        for wrapped in wraps:
            with pytest.raises(KeyUnavailableError):
                await house.container.keys.unwrap(wrapped)
        house.container.clock.now += FRESH
        with pytest.raises(KeyDestroyedError):
            await house.opens(house.organisation, 1)
        await house.opens(house.other, 1, 2)


async def test_without_the_right_to_delete_the_wraps_go_and_it_is_told(house: House) -> None:
    """The app's own identity may not delete keys; an operator repeats it with one that may."""
    await house.ours.fault("deny", operation="delete_key")
    done = await house.container.off_boarding.destroy(house.organisation, name="Andra")
    assert (done.versions, done.is_key_deleted) == (1, False)
    await house.ours.end_faults()
    assert (await house.container.off_boarding.destroy(house.organisation, name="Andra")).is_key_deleted


class WithdrawnConsent(LocalCredential):
    """The organisation's tenant gives our application no token any more."""

    async def get_token(self, *_: str, **__: object) -> AccessToken:
        raise ClientAuthenticationError


async def test_consent_that_is_withdrawn_is_a_key_that_is_withdrawn(house: House) -> None:
    """In the tenant of the organisation. In our own, where nobody withdraws anything, it is a fault."""
    keys = KeyVaultKeys(
        vault_url=house.ours.url,
        credential=WithdrawnConsent(),
        vaults={urlsplit(house.theirs.url).netloc: WithdrawnConsent()},
        verify_challenge_resource=False,
        ca_file=str(house.ours.data.parent / "both.pem"),
    )
    try:
        with pytest.raises(KeyUnavailableError):
            await keys.describe(house.address)
        with pytest.raises(DependencyError) as refused:
            await keys.describe(service_key_name(house.organisation))
        assert not isinstance(refused.value, KeyUnavailableError)
    finally:
        await keys.close()
