"""The operations as the unchanged SDK sees them, and the bodies of refusals as Key Vault writes them."""

import base64
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.keys import KeyOperation, KeyType
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm

from tests.support.key_vault import RunningKeyVault, sdk_client

KEY = bytes(range(32))
OAEP_256 = KeyWrapAlgorithm.rsa_oaep_256


async def refusal(
    vault: RunningKeyVault, token: str, method: str, path: str, body: object = None
) -> tuple[int, str, str | None]:
    """Status, code and inner code of an answer without the SDK between."""
    async with vault.http() as http:
        headers = {"Authorization": f"Bearer {token}"}
        response = await http.request(method, f"{path}?api-version=7.6", headers=headers, json=body)
    error = response.json()["error"]
    assert isinstance(error["message"], str)
    return response.status_code, error["code"], error.get("innererror", {}).get("code")


@pytest.mark.parametrize("size", [2048, 3072, 4096])
async def test_keys_of_every_size_are_made(client: KeyClient, size: int) -> None:
    """The three sizes of the real vault."""
    key = await client.create_rsa_key(f"size-{size}", size=size)
    modulus: bytes = vars(key.key)["n"]
    assert (key.key_type, len(modulus) * 8) == (KeyType.rsa, size)
    assert (await client.get_key(key.name)).id == key.id


async def test_hardware_key_keeps_its_type(client: KeyClient) -> None:
    """Production asks for RSA-HSM; here that is a word."""
    key = await client.create_rsa_key("hardware", size=2048, hardware_protected=True)
    assert key.key_type == KeyType.rsa_hsm
    assert (await client.rotate_key("hardware")).key_type == KeyType.rsa_hsm


@pytest.mark.parametrize(
    "body",
    [
        {"kty": "EC", "crv": "P-256"},
        {"kty": "oct"},
        {},
        {"kty": "RSA", "key_size": 1024},
        {"kty": "RSA", "key_size": "2048"},
        {"kty": "RSA", "public_exponent": 3},
        {"kty": "RSA", "key_ops": ["fly"]},
        {"kty": "RSA", "key_ops": "wrapKey"},
        {"kty": "RSA", "attributes": {"exp": 2000000000}},
        {"kty": "RSA", "attributes": {"enabled": "yes"}},
        {"kty": "RSA", "tags": {"a": 1}},
        {"kty": "RSA", "release_policy": {}},
        [],
    ],
)
async def test_what_cannot_be_made_is_refused(key_vault: RunningKeyVault, token: str, body: object) -> None:
    """Nothing that is asked for is silently left out."""
    answer = await refusal(key_vault, token, "POST", "/keys/impossible/create", body)
    assert answer == (400, "BadParameter", None)


async def test_expiry_is_not_simulated_and_says_so(client: KeyClient) -> None:
    """A date that nobody watches would be worse than none."""
    with pytest.raises(HttpResponseError, match="exp is not simulated"):
        await client.create_rsa_key("expiring", size=2048, expires_on=datetime(2030, 1, 1, tzinfo=UTC))


async def test_old_version_unwraps_after_rotation(client: KeyClient) -> None:
    """What lies in records stays readable; new wraps go under the new version."""
    old = await client.create_rsa_key("rotating", size=2048, tags={"purpose": "kek"})
    wrapped = await client.get_cryptography_client("rotating").wrap_key(OAEP_256, KEY)
    new = await client.rotate_key("rotating")
    assert wrapped.key_id == old.id
    assert (await client.get_key("rotating")).id == new.id != old.id
    assert new.properties.tags == {"purpose": "kek"}
    assert (await client.get_key("rotating", old.properties.version)).id == old.id
    versions = [each.id async for each in client.list_properties_of_key_versions("rotating")]
    assert versions == [old.id, new.id]
    under_old = client.get_cryptography_client("rotating", key_version=old.properties.version)
    assert (await under_old.unwrap_key(OAEP_256, wrapped.encrypted_key)).key == KEY
    under_new = client.get_cryptography_client("rotating", key_version=new.properties.version)
    with pytest.raises(HttpResponseError) as refused:
        await under_new.unwrap_key(OAEP_256, wrapped.encrypted_key)
    assert refused.value.status_code == 400


async def test_vault_wraps_by_itself(key_vault: RunningKeyVault, client: KeyClient, token: str) -> None:
    """The SDK wraps with the public part; a client without the right to read the key lets the vault do it."""
    key = await client.create_rsa_key("remote", size=2048)
    async with key_vault.http() as http:
        response = await http.post(
            f"/keys/remote/{key.properties.version}/wrapkey?api-version=7.6",
            headers={"Authorization": f"Bearer {token}"},
            json={"alg": "RSA-OAEP-256", "value": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
        )
    assert response.json()["kid"] == key.id
    answer = await refusal(
        key_vault,
        token,
        "POST",
        f"/keys/remote/{key.properties.version}/unwrapkey",
        {"alg": "RSA-OAEP", "value": response.json()["value"]},
    )
    assert answer == (400, "BadParameter", None)
    unwrapping = client.get_cryptography_client("remote")
    wrapped = base64.urlsafe_b64decode(response.json()["value"] + "==")
    assert (await unwrapping.unwrap_key(OAEP_256, wrapped)).key == KEY


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"alg": "RSA-OAEP-256"},
        {"alg": "RSA-OAEP-256", "value": ""},
        {"alg": "RSA-OAEP-256", "value": 7},
        {"alg": "RSA-OAEP-256", "value": "å"},
        {"alg": "RSA-OAEP-256", "value": "a+/b"},
        {"alg": "RSA-OAEP-256", "value": "AAAAA"},
        {"alg": "RSA-OAEP-256", "value": "A" * 400},
        {"alg": "RSA1_5", "value": "AAAA"},
        {"alg": "A256KW", "value": "AAAA"},
    ],
)
async def test_bad_wrapping_request_is_a_bad_parameter(
    key_vault: RunningKeyVault, client: KeyClient, token: str, body: object
) -> None:
    """400 and nothing else: the adapter takes that for an integrity failure."""
    key = await client.create_rsa_key("strict", size=2048)
    for operation in ("wrapkey", "unwrapkey"):
        path = f"/keys/strict/{key.properties.version}/{operation}"
        assert await refusal(key_vault, token, "POST", path, body) == (400, "BadParameter", None)


async def test_disabled_version_is_refused_with_its_reason(
    key_vault: RunningKeyVault, client: KeyClient, token: str
) -> None:
    """403 KeyDisabled for use; the key can still be looked at, and enabled again."""
    key = await client.create_rsa_key("disabled", size=2048)
    version = key.properties.version
    body = {"alg": "RSA-OAEP-256", "value": "AAAA"}
    changed = await client.update_key_properties("disabled", version, enabled=False)
    assert changed.properties.enabled is False
    for operation in ("wrapkey", "unwrapkey"):
        answer = await refusal(key_vault, token, "POST", f"/keys/disabled/{version}/{operation}", body)
        assert answer == (403, "Forbidden", "KeyDisabled")
    assert (await client.get_key("disabled")).properties.enabled is False
    await client.update_key_properties("disabled", enabled=True)
    assert (await client.get_key("disabled")).properties.enabled is True


async def test_key_is_used_only_for_what_it_was_made_for(
    key_vault: RunningKeyVault, client: KeyClient, token: str
) -> None:
    """``key_ops`` binds, as in production where a KEK may wrap and unwrap only."""
    key = await client.create_rsa_key("wrapping-only", size=2048, key_operations=[KeyOperation.wrap_key])
    assert key.key_operations == ["wrapKey"]
    body = {"alg": "RSA-OAEP-256", "value": "AAAA"}
    path = f"/keys/wrapping-only/{key.properties.version}/unwrapkey"
    assert await refusal(key_vault, token, "POST", path, body) == (403, "Forbidden", "KeyOperationForbidden")


async def test_deleted_key_can_be_looked_at_and_recovered_but_not_used_nor_replaced(
    key_vault: RunningKeyVault, client: KeyClient, token: str
) -> None:
    """Soft delete: its name stays taken, all its versions come back."""
    old = await client.create_rsa_key("deleted", size=2048)
    new = await client.rotate_key("deleted")
    deleted = await client.delete_key("deleted")
    assert deleted.recovery_id == f"{key_vault.url}/deletedkeys/deleted"
    assert deleted.scheduled_purge_date is not None
    with pytest.raises(ResourceNotFoundError):
        await client.get_key("deleted")
    assert (await client.get_deleted_key("deleted")).id == new.id
    assert "deleted" in [each.name async for each in client.list_deleted_keys()]
    assert "deleted" not in [each.name async for each in client.list_properties_of_keys()]
    answer = await refusal(key_vault, token, "POST", "/keys/deleted/create", {"kty": "RSA"})
    assert answer == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    with pytest.raises(HttpResponseError, match="purge protection"):
        await client.purge_deleted_key("deleted")
    assert (await client.recover_deleted_key("deleted")).id == new.id
    versions = [each.id async for each in client.list_properties_of_key_versions("deleted")]
    assert versions == [old.id, new.id]
    with pytest.raises(ResourceNotFoundError):
        await client.get_deleted_key("deleted")


async def test_unprotected_vault_purges_for_good(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without purge protection the name is free again, and nothing of the key stays on disk."""
    vault = RunningKeyVault.start(tmp_path_factory.mktemp("unprotected"), "--no-purge-protection")
    async with sdk_client(vault) as client:
        key = await client.create_rsa_key("purged", size=2048)
        assert key.properties.recovery_level == "Recoverable+Purgeable"
        await client.delete_key("purged")
        await client.purge_deleted_key("purged")
        with pytest.raises(ResourceNotFoundError):
            await client.get_deleted_key("purged")
        assert list((vault.data / "keys").iterdir()) == []
        assert (await client.create_rsa_key("purged", size=2048)).id != key.id
    assert vault.stop() == 0


async def test_lists_come_in_pages(client: KeyClient) -> None:
    """The SDK follows the links; each key once, in order of name."""
    names = [f"paged-{number}" for number in range(5)]
    for name in reversed(names):
        await client.create_rsa_key(name, size=2048)
    pages = [
        [key.name async for key in page] async for page in client.list_properties_of_keys(max_page_size=2).by_page()
    ]
    listed = [name for page in pages for name in page]
    assert all(len(page) == 2 for page in pages[:-1])
    assert [name for name in listed if name.startswith("paged-")] == names
    assert listed == sorted(listed)


@pytest.mark.parametrize("query", ["maxresults=0", "maxresults=26", "maxresults=a", "$skiptoken=-1", "$skiptoken=x"])
async def test_page_outside_the_limits_is_refused(key_vault: RunningKeyVault, token: str, query: str) -> None:
    """25 is Key Vault's own limit."""
    async with key_vault.http() as http:
        response = await http.get(f"/keys?api-version=7.6&{query}", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 400


async def test_what_is_not_there_is_not_found(key_vault: RunningKeyVault, client: KeyClient, token: str) -> None:
    """404 KeyNotFound, for a name and for a version."""
    await client.create_rsa_key("present", size=2048)
    for path in ("/keys/absent", f"/keys/present/{'0' * 32}", "/keys/absent/versions", "/deletedkeys/present"):
        assert await refusal(key_vault, token, "GET", path) == (404, "KeyNotFound", None)


async def test_names_compare_without_case(client: KeyClient) -> None:
    """As in Key Vault: two spellings are one key, under the first."""
    first = await client.create_rsa_key("Spelling", size=2048)
    assert (await client.get_key("spelling")).id == first.id
    second = await client.create_rsa_key("SPELLING", size=2048)
    assert second.name == "Spelling"


async def test_what_is_not_simulated_says_so(client: KeyClient, key_vault: RunningKeyVault, token: str) -> None:
    """501, at once: no guess at what Azure would do."""
    await client.create_rsa_key("other-uses", size=2048)
    with pytest.raises(HttpResponseError) as refused:
        await client.get_cryptography_client("other-uses").decrypt(EncryptionAlgorithm.rsa_oaep_256, bytes(256))
    assert refused.value.status_code == 501
    for method, path in [("GET", "/certificates/a"), ("POST", "/keys/other-uses/backup"), ("PUT", "/keys/other-uses")]:
        assert await refusal(key_vault, token, method, path, {}) == (501, "NotSimulated", None)


async def test_request_without_version_of_the_api_is_refused(key_vault: RunningKeyVault, token: str) -> None:
    """As in Key Vault."""
    async with key_vault.http() as http:
        response = await http.get("/keys", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 400


async def test_large_body_is_refused(key_vault: RunningKeyVault, token: str) -> None:
    """No request of this API needs more than a few hundred bytes."""
    answer = await refusal(key_vault, token, "POST", "/keys/large/create", {"kty": "R" * 70000})
    assert answer == (413, "RequestEntityTooLarge", None)
