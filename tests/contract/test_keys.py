"""What every adapter of the ``Keys`` port promises: on memory, and on the real client against the emulator."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

import pytest
from azure.keyvault.keys.aio import KeyClient

from shared.adapters.memory_keys import MemoryKeys
from shared.domain.errors import IntegrityError, KeyUnavailableError
from shared.domain.ports import Keys, WrappedKey
from tests.support.key_vault import RunningKeyVault, adapter, sdk_client

KEY = bytes(range(32))
_names = count()


class Administrator(Protocol):
    """What the owner of the vault does to keys behind our back."""

    async def disable(self, kek: str) -> None: ...
    async def enable(self, kek: str) -> None: ...
    async def rotate(self, name: str) -> None: ...
    async def delete(self, name: str) -> None: ...
    async def recover(self, name: str) -> None: ...


class Spoil(Protocol):
    def __call__(self, wrapped: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class MemoryAdministrator:
    keys: MemoryKeys

    async def disable(self, kek: str) -> None:
        self.keys.disable(kek)

    async def enable(self, kek: str) -> None:
        self.keys.enable(kek)

    async def rotate(self, name: str) -> None:
        self.keys.rotate(name)

    async def delete(self, name: str) -> None:
        self.keys.delete(name)

    async def recover(self, name: str) -> None:
        self.keys.recover(name)


@dataclass(frozen=True, slots=True)
class VaultAdministrator:
    client: KeyClient

    async def disable(self, kek: str) -> None:
        await self._set(kek, enabled=False)

    async def enable(self, kek: str) -> None:
        await self._set(kek, enabled=True)

    async def _set(self, kek: str, *, enabled: bool) -> None:
        name, version = kek.split("/")[-2:]
        await self.client.update_key_properties(name, version, enabled=enabled)

    async def rotate(self, name: str) -> None:
        await self.client.rotate_key(name)

    async def delete(self, name: str) -> None:
        await self.client.delete_key(name)

    async def recover(self, name: str) -> None:
        await self.client.recover_deleted_key(name)


@dataclass(frozen=True, slots=True)
class Subject:
    keys: Keys
    administrator: Administrator
    name: str


@pytest.fixture(params=["memory", "key vault"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    name = f"organisation-{next(_names)}"
    if request.param == "memory":
        memory = MemoryKeys()
        yield Subject(memory, MemoryAdministrator(memory), name)
        return
    running: RunningKeyVault = request.getfixturevalue("key_vault")
    keys = adapter(running)
    async with sdk_client(running) as client:
        yield Subject(keys, VaultAdministrator(client), name)
    await keys.close()


async def test_unwrapping_gives_back_what_was_wrapped(subject: Subject) -> None:
    """The one purpose; and what leaves is not the key itself."""
    await subject.keys.create(subject.name)
    wrapped = await subject.keys.wrap(subject.name, KEY)
    assert KEY not in wrapped.wrapped
    assert await subject.keys.unwrap(wrapped) == KEY


async def test_wrapping_twice_gives_two_results_that_both_unwrap(subject: Subject) -> None:
    """Equal keys must not show as equal records."""
    await subject.keys.create(subject.name)
    first, second = await subject.keys.wrap(subject.name, KEY), await subject.keys.wrap(subject.name, KEY)
    assert first.wrapped != second.wrapped
    assert [await subject.keys.unwrap(first), await subject.keys.unwrap(second)] == [KEY, KEY]


async def test_creating_again_gives_the_existing_key(subject: Subject) -> None:
    """Setting up an organisation may be repeated; a new version each time would pile up."""
    kek = await subject.keys.create(subject.name)
    assert await subject.keys.create(subject.name) == kek
    assert (await subject.keys.wrap(subject.name, KEY)).kek == kek


async def test_creating_many_times_at_once_gives_one_key(subject: Subject) -> None:
    """Two requests that set up the same organisation must not end with different keys."""
    keks = await asyncio.gather(*(subject.keys.create(subject.name) for _ in range(5)))
    assert set(keks) == {(await subject.keys.wrap(subject.name, KEY)).kek}


async def test_kek_names_the_concrete_version(subject: Subject) -> None:
    """After a rotation new wraps go under the new version, and what was wrapped before still unwraps."""
    before = await subject.keys.create(subject.name)
    old = await subject.keys.wrap(subject.name, KEY)
    await subject.administrator.rotate(subject.name)
    after = await subject.keys.create(subject.name)
    new = await subject.keys.wrap(subject.name, KEY)
    assert (old.kek, new.kek) == (before, after)
    assert before != after
    assert [await subject.keys.unwrap(old), await subject.keys.unwrap(new)] == [KEY, KEY]


async def test_wrapped_key_of_another_version_is_refused(subject: Subject) -> None:
    """A record whose KEK was changed must not open."""
    await subject.keys.create(subject.name)
    old = await subject.keys.wrap(subject.name, KEY)
    await subject.administrator.rotate(subject.name)
    new = await subject.keys.wrap(subject.name, KEY)
    with pytest.raises(IntegrityError):
        await subject.keys.unwrap(WrappedKey(kek=new.kek, wrapped=old.wrapped))


async def test_wrapped_key_of_another_organisation_is_refused(subject: Subject) -> None:
    """One organisation's key must be of no use to another's records."""
    await subject.keys.create(subject.name)
    other = await subject.keys.create(f"{subject.name}-other")
    wrapped = await subject.keys.wrap(subject.name, KEY)
    with pytest.raises(IntegrityError):
        await subject.keys.unwrap(replace(wrapped, kek=other))


@pytest.mark.parametrize(
    "spoil", [lambda w: w[:-1], lambda w: w + b"\0", lambda w: w[:9] + bytes([w[9] ^ 1]) + w[10:], lambda _: b""]
)
async def test_spoiled_wrapped_key_is_refused(subject: Subject, spoil: Spoil) -> None:
    """Cut, extended, flipped, empty: all one error."""
    await subject.keys.create(subject.name)
    wrapped = await subject.keys.wrap(subject.name, KEY)
    with pytest.raises(IntegrityError):
        await subject.keys.unwrap(replace(wrapped, wrapped=spoil(wrapped.wrapped)))


async def test_disabled_key_can_neither_wrap_nor_unwrap_until_it_is_enabled(subject: Subject) -> None:
    """Disabling is how an organisation withdraws our access; the SDK alone would go on wrapping."""
    kek = await subject.keys.create(subject.name)
    wrapped = await subject.keys.wrap(subject.name, KEY)
    assert await subject.keys.unwrap(wrapped) == KEY
    await subject.administrator.disable(kek)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.wrap(subject.name, KEY)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.unwrap(wrapped)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.create(subject.name)
    await subject.administrator.enable(kek)
    assert await subject.keys.unwrap(wrapped) == KEY
    assert (await subject.keys.wrap(subject.name, KEY)).kek == kek


async def test_disabling_an_old_version_leaves_the_current_one(subject: Subject) -> None:
    """Versions are withdrawn one by one."""
    old_kek = await subject.keys.create(subject.name)
    old = await subject.keys.wrap(subject.name, KEY)
    await subject.administrator.rotate(subject.name)
    await subject.administrator.disable(old_kek)
    new = await subject.keys.wrap(subject.name, KEY)
    assert await subject.keys.unwrap(new) == KEY
    with pytest.raises(KeyUnavailableError):
        await subject.keys.unwrap(old)


async def test_deleted_key_is_unavailable_until_it_is_recovered(subject: Subject) -> None:
    """Deleting a KEK makes everything under it unreadable; a creation must not quietly begin anew."""
    await subject.keys.create(subject.name)
    wrapped = await subject.keys.wrap(subject.name, KEY)
    await subject.administrator.delete(subject.name)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.unwrap(wrapped)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.wrap(subject.name, KEY)
    with pytest.raises(KeyUnavailableError):
        await subject.keys.create(subject.name)
    await subject.administrator.recover(subject.name)
    assert await subject.keys.unwrap(wrapped) == KEY


async def test_a_renewed_key_has_one_more_version(subject: Subject) -> None:
    """New wraps go under it, and what was wrapped before still unwraps."""
    before = await subject.keys.create(subject.name)
    old = await subject.keys.wrap(subject.name, KEY)
    after = await subject.keys.renew(subject.name)
    assert before != after
    assert (await subject.keys.describe(subject.name)).kek == (await subject.keys.wrap(subject.name, KEY)).kek == after
    assert await subject.keys.unwrap(old) == KEY


async def test_a_key_is_described(subject: Subject) -> None:
    """Of the kind that wraps; and not at all when it is disabled or was never made."""
    kek = await subject.keys.create(subject.name)
    traits = await subject.keys.describe(subject.name)
    assert (traits.kek, traits.kind.partition("-")[0], traits.wraps) == (kek, "RSA", True)
    assert traits.size_bits in {2048, 3072}
    await subject.administrator.disable(kek)
    for name in (subject.name, f"{subject.name}-never"):
        with pytest.raises(KeyUnavailableError):
            await subject.keys.describe(name)


async def test_a_destroyed_key_unwraps_nothing_and_destroying_again_is_no_error(subject: Subject) -> None:
    """All versions of it; and another key beside it goes on."""
    other = f"{subject.name}-other"
    await subject.keys.create(subject.name)
    await subject.keys.create(other)
    beside = await subject.keys.wrap(other, KEY)
    wraps = [await subject.keys.wrap(subject.name, KEY)]
    await subject.keys.renew(subject.name)
    wraps.append(await subject.keys.wrap(subject.name, KEY))
    assert await subject.keys.destroy(subject.name) == await subject.keys.destroy(subject.name)
    assert await subject.keys.destroy(f"{subject.name}-never") is None
    for wrapped in wraps:
        with pytest.raises(KeyUnavailableError):
            await subject.keys.unwrap(wrapped)
    assert await subject.keys.unwrap(beside) == KEY


async def test_a_vault_that_the_settings_do_not_name_is_never_asked(subject: Subject) -> None:
    """Nor is a version where a key is wanted; no key is made, renewed or destroyed outside our own vault."""
    address = "https://other.vault.azure.net/keys/pic"
    kek = await subject.keys.create(subject.name)
    with pytest.raises((ValueError, KeyUnavailableError)):
        await subject.keys.wrap(kek, KEY)
    for key in (address, f"{address}/{'0' * 32}"):
        with pytest.raises(KeyUnavailableError):
            await subject.keys.wrap(key, KEY)
        with pytest.raises(KeyUnavailableError):
            await subject.keys.describe(key)
        for change in (subject.keys.create, subject.keys.renew, subject.keys.destroy):
            with pytest.raises((ValueError, KeyUnavailableError)):
                await change(key)


async def test_key_that_never_was_is_unavailable(subject: Subject) -> None:
    """Neither a way to plaintext nor a reason to make a key."""
    with pytest.raises(KeyUnavailableError):
        await subject.keys.wrap(subject.name, KEY)
    kek = await subject.keys.create(subject.name)
    for unknown in (kek[:-1] + ("0" if kek[-1] != "0" else "1"), kek.rpartition("/")[0], "", "kek"):
        with pytest.raises(KeyUnavailableError):
            await subject.keys.unwrap(WrappedKey(kek=unknown, wrapped=bytes(256)))


async def test_key_in_another_vault_is_unavailable(subject: Subject) -> None:
    """A changed record must not send a wrapped key, and our token with it, to an address of its own choice."""
    kek = await subject.keys.create(subject.name)
    wrapped = await subject.keys.wrap(subject.name, KEY)
    place = kek.partition("/keys/")[2]
    with pytest.raises(KeyUnavailableError):
        await subject.keys.unwrap(replace(wrapped, kek=f"https://other.vault.azure.net/keys/{place}"))


@pytest.mark.parametrize("name", ["", "a" * 128, "a/b", "a b", "å", "a\n", "a|b", "..", "a_b"])
async def test_name_outside_the_rule_is_refused(subject: Subject, name: str) -> None:
    """Names become part of an address."""
    with pytest.raises(ValueError, match=r"^\d+$"):
        await subject.keys.create(name)
    with pytest.raises(ValueError, match=r"^\d+$"):
        await subject.keys.wrap(name, KEY)


async def test_longest_name_works(subject: Subject) -> None:
    """127 characters is Key Vault's limit."""
    name = subject.name.ljust(127, "x")
    await subject.keys.create(name)
    assert await subject.keys.unwrap(await subject.keys.wrap(name, KEY)) == KEY


@pytest.mark.parametrize("length", [0, 31, 33])
async def test_only_keys_of_32_bytes_are_wrapped(subject: Subject, length: int) -> None:
    """The port wraps keys; whatever else comes is a mistake of ours."""
    await subject.keys.create(subject.name)
    with pytest.raises(ValueError, match=rf"^{length}$"):
        await subject.keys.wrap(subject.name, bytes(length))


async def test_ping_returns_when_the_vault_answers(subject: Subject) -> None:
    """Readiness asks this; it needs no key to exist."""
    await subject.keys.ping()
