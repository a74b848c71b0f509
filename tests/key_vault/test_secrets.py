"""Secrets as the unchanged SDK sees them, and certificates as our adapter reads them."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets.aio import SecretClient

from shared.adapters.local_credential import LocalCredential
from shared.adapters.vault_certificates import PEM, PKCS12, VaultCertificates
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError
from tests.support.key_vault import RunningKeyVault, running_key_vault


def sdk(vault: RunningKeyVault) -> SecretClient:
    """As an administrator calls it."""
    return SecretClient(
        vault.url, LocalCredential(), verify_challenge_resource=False, connection_verify=str(vault.ca_file)
    )


def reading(vault: RunningKeyVault) -> VaultCertificates:
    """As the container wires it locally."""
    return VaultCertificates(
        vault_url=vault.url,
        credential=LocalCredential(),
        ca_file=str(vault.ca_file),
        verify_challenge_resource=False,
    )


@pytest.fixture
async def secrets(key_vault: RunningKeyVault) -> AsyncIterator[SecretClient]:
    async with sdk(key_vault) as client:
        yield client


@pytest.fixture
async def certificates(key_vault: RunningKeyVault) -> AsyncIterator[VaultCertificates]:
    await key_vault.reset_counters()
    certificates = reading(key_vault)
    yield certificates
    await certificates.close()
    await key_vault.end_faults()


@pytest.fixture
def root(tmp_path: Path) -> str:
    file = tmp_path / "root.pem"
    file.write_bytes(b"a root")
    return str(file)


async def test_a_secret_comes_back_as_it_was_set(secrets: SecretClient) -> None:
    """With its content type, its tags and an address that names its version."""
    made = await secrets.set_secret("Plain", "värde", content_type="text/plain", tags={"a": "b"})
    found = await secrets.get_secret("plain")
    assert (found.value, found.id, found.name) == ("värde", made.id, "Plain")
    assert (found.properties.content_type, found.properties.tags) == ("text/plain", {"a": "b"})
    assert found.properties.enabled is True
    assert found.properties.created_on == made.properties.created_on
    bare = await secrets.set_secret("bare", "x")
    assert bare.properties.content_type is None


async def test_every_setting_is_a_version_of_its_own(secrets: SecretClient) -> None:
    """The newest is current; the older ones stay."""
    first, second = [await secrets.set_secret("versions", value) for value in ("one", "two")]
    assert first.properties.version != second.properties.version
    assert (await secrets.get_secret("versions")).value == "two"
    assert (await secrets.get_secret("versions", first.properties.version)).value == "one"


async def test_what_is_not_there_or_disabled_is_refused_as_the_vault_refuses(secrets: SecretClient) -> None:
    """404 and 403, with Key Vault's codes."""
    with pytest.raises(ResourceNotFoundError) as missing:
        await secrets.get_secret("nowhere")
    assert "SecretNotFound" in str(missing.value)
    await secrets.set_secret("off", "x", enabled=False)
    with pytest.raises(HttpResponseError) as disabled:
        await secrets.get_secret("off")
    assert (disabled.value.status_code, "disabled" in str(disabled.value)) == (403, True)
    with pytest.raises(ResourceNotFoundError):
        await secrets.get_secret("off", "0" * 32)
    with pytest.raises(HttpResponseError) as too_long:
        await secrets.set_secret("long", "x" * 25_601)
    assert too_long.value.status_code == 400


async def test_secrets_outlive_a_restart(tmp_path: Path) -> None:
    """Readable by their owner alone."""
    async with running_key_vault(tmp_path) as vault, sdk(vault) as client:
        await client.set_secret("kept", "x", content_type=PEM)
    (file,) = await asyncio.to_thread(lambda: list((tmp_path / "secrets").iterdir()))
    assert file.stat().st_mode & 0o077 == 0
    async with running_key_vault(tmp_path) as vault, sdk(vault) as client:
        assert (await client.get_secret("kept")).properties.content_type == PEM


async def test_a_bundle_is_read_from_its_base64(
    secrets: SecretClient, certificates: VaultCertificates, root: str
) -> None:
    """PKCS #12 without a passphrase, as the vault keeps certificates."""
    content = bytes(range(256))
    made = await secrets.set_secret("rp", base64.b64encode(content).decode(), content_type=PKCS12)
    await secrets.set_secret("rp", "newer", content_type=PKCS12)
    material = await certificates.read(root_file=root, name="rp", version=made.properties.version)
    assert (material.root, material.certificate, material.key) == (b"a root", content, None)
    assert (material.is_bundle, material.passphrase) == (True, None)
    assert "newer" not in repr(material)


async def test_pem_is_read_as_both(secrets: SecretClient, certificates: VaultCertificates, root: str) -> None:
    """Key and chain stand in one text."""
    await secrets.set_secret("rp-pem", "key and chain", content_type=PEM)
    material = await certificates.read(root_file=root, name="rp-pem", version=None)
    assert (material.certificate, material.key) == (b"key and chain", b"key and chain")
    assert not material.is_bundle


async def test_what_is_no_certificate_cannot_be_read(
    secrets: SecretClient, certificates: VaultCertificates, root: str
) -> None:
    """Missing, disabled, of another type, or not base64: whoever judges it says so. A missing root does as well."""
    await secrets.set_secret("password", "x", content_type="text/plain")
    await secrets.set_secret("rp-off", "x", content_type=PEM, enabled=False)
    await secrets.set_secret("rp-torn", "å*", content_type=PKCS12)
    for name in ("nowhere", "password", "rp-off", "rp-torn"):
        material = await certificates.read(root_file=root, name=name, version=None)
        assert (material.root, material.certificate, material.key) == (b"a root", None, None)
    assert (await certificates.read(root_file=root + "-elsewhere", name="nowhere", version=None)).root is None


async def test_a_vault_in_trouble_is_asked_again_and_then_a_fault(
    key_vault: RunningKeyVault, secrets: SecretClient, certificates: VaultCertificates, root: str
) -> None:
    """By the same policy as for keys; trouble never means that there is no certificate."""
    await secrets.set_secret("rp-late", "x", content_type=PEM)
    await key_vault.fault("unavailable", operation="get_secret", calls=2)
    assert (await certificates.read(root_file=root, name="rp-late", version=None)).certificate == b"x"
    assert (await key_vault.counters())["get_secret"] == 3
    await key_vault.fault("unavailable", operation="get_secret")
    with deadline(time.monotonic() + 0.5), pytest.raises(DependencyError):
        await certificates.read(root_file=root, name="rp-late", version=None)
