"""The adapter against a vault that refuses, throttles, hangs or is gone; and what it costs the vault."""

import asyncio
import time
from pathlib import Path

import pytest
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm

from shared.adapters.key_vault import KeyVaultKeys
from shared.adapters.local_credential import LocalCredential
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError, IntegrityError, KeyUnavailableError
from shared.domain.ports import WrappedKey
from tests.support.key_vault import RunningKeyVault, adapter, running_key_vault

KEY = bytes(range(32))


async def prepared(keys: KeyVaultKeys, name: str) -> WrappedKey:
    await keys.create(name)
    return await keys.wrap(name, KEY)


async def test_four_outages_in_a_row_are_absorbed_within_5_seconds(
    key_vault: RunningKeyVault, keys: KeyVaultKeys
) -> None:
    """A vault that moves gives a few 503; the SDK's own policy gives up after three."""
    wrapped = await prepared(keys, "outages")
    await key_vault.fault("unavailable", operation="unwrap_key", calls=4)
    begun = time.monotonic()
    assert await keys.unwrap(wrapped) == KEY
    assert time.monotonic() - begun < 5
    assert (await key_vault.counters())["unwrap_key"] == 5


async def test_throttling_is_waited_out_as_long_as_the_vault_asks(
    key_vault: RunningKeyVault, keys: KeyVaultKeys
) -> None:
    """Asking again earlier would only keep the vault throttled."""
    wrapped = await prepared(keys, "throttled")
    await key_vault.fault("throttle", operation="unwrap_key", calls=1, seconds=2)
    begun = time.monotonic()
    assert await keys.unwrap(wrapped) == KEY
    assert 2 <= time.monotonic() - begun < 5
    assert (await key_vault.counters())["unwrap_key"] == 2


async def test_throttling_beyond_the_budget_fails_at_once(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """Nobody waits a minute for a page; nor 18 s for what is known to take a minute."""
    wrapped = await prepared(keys, "throttled-long")
    await key_vault.fault("throttle", seconds=60)
    begun = time.monotonic()
    with pytest.raises(DependencyError) as refused:
        await keys.unwrap(wrapped)
    assert time.monotonic() - begun < 5
    assert not isinstance(refused.value, KeyUnavailableError)


async def test_dead_vault_fails_within_20_seconds(tmp_path: Path) -> None:
    """Unreachable, out of order, and hanging: each one operation, all its attempts, waits and reads included."""
    begun = time.monotonic()
    async with (
        running_key_vault(tmp_path / "gone") as gone,
        running_key_vault(tmp_path / "broken") as broken,
        running_key_vault(tmp_path / "hanging") as hanging,
    ):
        all_keys = [adapter(vault) for vault in (gone, broken, hanging)]
        wrapped = [await prepared(keys, "dead") for keys in all_keys]
        await asyncio.to_thread(gone.kill)
        await broken.fault("unavailable")
        await hanging.fault("delay", seconds=60)
        begun = time.monotonic()
        outcomes = await asyncio.gather(
            *(keys.unwrap(each) for keys, each in zip(all_keys, wrapped, strict=True)), return_exceptions=True
        )
        took = time.monotonic() - begun
        assert (await broken.counters())["get_key"] > 1
        for keys in all_keys:
            await keys.close()
    assert [type(each) for each in outcomes] == [DependencyError] * 3
    assert 10 < took < 20


async def test_hanging_vault_is_asked_again(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """One lost answer must not cost the whole budget."""
    wrapped = await prepared(keys, "hanging")
    await key_vault.fault("delay", operation="unwrap_key", calls=1, seconds=30)
    assert await keys.unwrap(wrapped) == KEY


async def test_deadline_of_the_request_goes_before_the_budget(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """The one who waits decides how long."""
    wrapped = await prepared(keys, "impatient")
    await key_vault.fault("unavailable")
    begun = time.monotonic()
    with deadline(begun + 1), pytest.raises(DependencyError):
        await keys.unwrap(wrapped)
    assert time.monotonic() - begun < 2


async def test_refused_access_is_an_unavailable_key(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """An organisation that withdraws our role; others go on. Not retried: it would not change."""
    wrapped, other = await prepared(keys, "refused"), await prepared(keys, "not-refused")
    await key_vault.fault("deny", key="refused")
    await key_vault.reset_counters()
    for use in (keys.unwrap(wrapped), keys.wrap("refused", KEY), keys.create("refused")):
        with pytest.raises(KeyUnavailableError):
            await use
    # The SDK reads the key before its first unwrap; a refusal of that does not keep it from trying.
    assert await key_vault.counters() == {"get_key": 3, "unwrap_key": 1}
    assert await keys.unwrap(other) == KEY


async def test_right_to_read_is_not_needed_to_unwrap(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """An organisation may grant the bare unwrapping."""
    wrapped = await prepared(keys, "unreadable")
    await key_vault.fault("deny", operation="get_key")
    assert await keys.unwrap(wrapped) == KEY


async def test_refused_ping_is_an_error(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """Readiness without rights would be a lie."""
    await key_vault.fault("deny", operation="list_keys")
    with pytest.raises(KeyUnavailableError):
        await keys.ping()


async def test_cost_to_the_vault(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """Operations with the private key are what Key Vault rations: one an unwrap, none a wrap."""
    wrapped = await prepared(keys, "cost")
    await key_vault.reset_counters()
    await keys.wrap("cost", KEY)
    assert await key_vault.counters() == {"get_key": 1}
    await keys.unwrap(wrapped)
    await key_vault.reset_counters()
    await keys.unwrap(wrapped)
    await keys.unwrap(wrapped)
    assert await key_vault.counters() == {"unwrap_key": 2}
    await key_vault.reset_counters()
    await keys.create("cost")
    assert await key_vault.counters() == {"get_key": 1}


async def test_clients_kept_are_bounded(key_vault: RunningKeyVault) -> None:
    """Key versions come and go for years; only the latest ones are remembered."""
    keys = adapter(key_vault, max_clients=2)
    wrapped = [await prepared(keys, f"bounded-{number}") for number in range(3)]
    for each in (*wrapped, wrapped[1]):
        await keys.unwrap(each)
    await key_vault.reset_counters()
    await keys.unwrap(wrapped[2])
    await keys.unwrap(wrapped[1])
    assert await key_vault.counters() == {"unwrap_key": 2}
    await keys.unwrap(wrapped[0])
    await keys.unwrap(wrapped[2])
    assert await key_vault.counters() == {"get_key": 2, "unwrap_key": 4}
    await keys.close()


async def test_two_processes_that_create_at_once_both_get_a_usable_key(key_vault: RunningKeyVault) -> None:
    """The vault has no "create if absent"; a second version does no harm."""
    first, second = adapter(key_vault), adapter(key_vault)
    await key_vault.fault("delay", operation="create_key", seconds=0.3)
    await asyncio.gather(first.create("raced"), second.create("raced"))
    await key_vault.end_faults()
    wrapped = [await first.wrap("raced", KEY), await second.wrap("raced", KEY)]
    assert wrapped[0].kek == wrapped[1].kek == await first.create("raced")
    assert [await second.unwrap(wrapped[0]), await first.unwrap(wrapped[1])] == [KEY, KEY]
    await first.close()
    await second.close()


async def test_what_unwraps_to_another_length_is_refused(keys: KeyVaultKeys, client: KeyClient) -> None:
    """Whoever knows the public key can wrap anything under it; it must not become a key of ours."""
    kek = await keys.create("short")
    result = await client.get_cryptography_client("short").wrap_key(KeyWrapAlgorithm.rsa_oaep_256, bytes(16))
    with pytest.raises(IntegrityError):
        await keys.unwrap(WrappedKey(kek=kek, wrapped=result.encrypted_key))


async def test_challenge_for_another_resource_is_a_failed_dependency(key_vault: RunningKeyVault) -> None:
    """With verification on, an address that is no Key Vault gets no token."""
    keys = KeyVaultKeys(vault_url=key_vault.url, credential=LocalCredential(), ca_file=str(key_vault.ca_file))
    with pytest.raises(DependencyError):
        await keys.ping()
    await keys.close()


async def test_vault_with_an_unknown_authority_is_not_spoken_to(key_vault: RunningKeyVault) -> None:
    """Without the emulator's authority its certificate is worth nothing."""
    keys = KeyVaultKeys(vault_url=key_vault.url, credential=LocalCredential(), verify_challenge_resource=False)
    await key_vault.reset_counters()
    with deadline(time.monotonic() + 1), pytest.raises(DependencyError):
        await keys.ping()
    assert await key_vault.counters() == {}
    await keys.close()


async def test_errors_carry_nothing(key_vault: RunningKeyVault, keys: KeyVaultKeys) -> None:
    """Instances of our errors end in logs."""
    await key_vault.fault("deny", key="quiet")
    with pytest.raises(KeyUnavailableError) as refused:
        await keys.wrap("quiet", KEY)
    assert refused.value.args == ()


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"kind": "flood"}',
        '{"kind": "deny", "calls": 0}',
        '{"kind": "deny", "x": 1}',
        '{"kind": "delay", "seconds": -1}',
        '{"kind": "deny", "key": 1}',
    ],
)
async def test_misspelt_fault_is_refused(key_vault: RunningKeyVault, body: str) -> None:
    """A fault that never strikes would make a test say what it does not show."""
    token = (key_vault.data / "control-token").read_text()
    async with key_vault.http() as http:
        response = await http.post("/emulator/faults", content=body, headers={"x-emulator-token": token})
    assert response.status_code == 400


async def test_answers_are_not_held_back(keys: KeyVaultKeys) -> None:
    """A listener that asyncio does not know for TCP keeps Nagle's algorithm: 40 ms on every answer, at the least."""
    await keys.create("quick")
    took = []
    for _ in range(10):
        begun = time.monotonic()
        await keys.wrap("quick", KEY)
        took.append(time.monotonic() - begun)
    assert min(took) < 0.03
