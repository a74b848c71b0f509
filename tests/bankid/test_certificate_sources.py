"""Our certificate from each place it may lie in, through the composition root and a real handshake."""

import base64
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from azure.keyvault.secrets.aio import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from local.bankid.pki import P12_PASSWORD
from shared.adapters.local_credential import LocalCredential
from shared.container import Container
from shared.domain.electronic_id import Pending
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.services.bankid_certificate import REFUSED_EVENT
from shared.settings import read_settings
from tests.support.bankid import RunningBankId
from tests.support.bankid_wire import REQUEST, SIGNING
from tests.support.key_vault import RunningKeyVault
from tests.support.memory_container import ENVIRONMENT


@pytest.fixture(scope="module")
def bankid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBankId]:
    running = RunningBankId.start(tmp_path_factory.mktemp("bankid"))
    yield running
    running.stop()


@asynccontextmanager
async def container(bankid: RunningBankId, **settings: str) -> AsyncIterator[Container]:
    """The real composition root over these settings."""
    values = {
        **ENVIRONMENT,
        "PIC_BANKID_URL": bankid.rp_url,
        "PIC_BANKID_ROOT": str(bankid.files.root),
        "PIC_BANKID_CERTIFICATE": str(bankid.files.rp_certificate()),
        "PIC_BANKID_KEY": str(bankid.files.rp_key()),
    }
    made = Container(read_settings({**values, **settings}))
    try:
        yield made
    finally:
        await made.close()


def bundle(bankid: RunningBankId) -> dict[str, str]:
    return {
        "PIC_BANKID_CERTIFICATE": str(bankid.files.rp_p12()),
        "PIC_BANKID_KEY": "",
        "PIC_BANKID_PASSPHRASE": P12_PASSWORD.decode(),
    }


async def in_the_vault(bankid: RunningBankId, vault: RunningKeyVault, form: str) -> dict[str, str]:
    """Put there as the vault itself keeps certificates; the names of the settings that find it."""
    key, own, _ = pkcs12.load_key_and_certificates(bankid.files.rp_p12().read_bytes(), P12_PASSWORD)
    assert isinstance(own, x509.Certificate)
    value = bankid.files.rp_key().read_text() + bankid.files.rp_certificate().read_text()
    if form == "x-pkcs12":
        content = pkcs12.serialize_key_and_certificates(b"rp", key, own, None, NoEncryption())  # type: ignore[arg-type]
        value = base64.b64encode(content).decode()
    async with SecretClient(
        vault.url, LocalCredential(), verify_challenge_resource=False, connection_verify=str(vault.ca_file)
    ) as secrets:
        await secrets.set_secret(f"bankid-{form}", value, content_type=f"application/{form}")
    return {
        "PIC_KEY_VAULT_URL": vault.url,
        "PIC_KEY_VAULT_CA": str(vault.ca_file),
        "PIC_BANKID_CERTIFICATE": "",
        "PIC_BANKID_KEY": "",
        "PIC_BANKID_VAULT_CERTIFICATE": f"bankid-{form}",
    }


@pytest.mark.parametrize("source", ["pem", "p12", "x-pkcs12", "x-pem-file"])
async def test_a_certificate_signs_us_in_wherever_it_lies(
    bankid: RunningBankId, key_vault: RunningKeyVault, source: str
) -> None:
    """The handshake is real; the evidence can name the certificate, and readiness the days it lasts."""
    settings: dict[str, str] = {}
    if source == "p12":
        settings = bundle(bankid)
    elif source != "pem":
        settings = await in_the_vault(bankid, key_vault, source)
    async with container(bankid, **settings) as made:
        await made.electronic_id.ping()
        for started in (await made.electronic_id.start(REQUEST), await made.electronic_id.sign(SIGNING)):
            assert isinstance(await made.electronic_id.collect(started.order_ref), Pending)
        certificate = await made.electronic_id.certificate()
        assert certificate is not None
        own = x509.load_pem_x509_certificate(bankid.files.rp_certificate().read_bytes())
        assert certificate.fingerprint == own.fingerprint(hashes.SHA256()).hex()
        states = {state.name: state for state in await made.readiness.check()}
        assert states["electronic-id"].is_ready
        assert states["electronic-id"].certificate_days == 30


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"PIC_BANKID_CERTIFICATE": "rp-expired.pem", "PIC_BANKID_KEY": "rp-expired-key.pem"}, "has ended"),
        ({"PIC_BANKID_KEY": "rp-second-key.pem"}, "does not belong"),
        ({"PIC_BANKID_ROOT": "customer-root.pem", "PIC_BANKID_KEY": "nowhere.pem"}, "the key cannot be read"),
        ({"PIC_BANKID_ROOT": "nowhere.pem"}, "the root cannot be read"),
        (
            {"PIC_BANKID_ENVIRONMENT": "test", "PIC_BANKID_URL": "https://appapi2.test.bankid.com/rp/v6.0/"},
            "not the one of this environment",
        ),
        (
            {"PIC_BANKID_ENVIRONMENT": "production", "PIC_BANKID_URL": "https://appapi2.bankid.com/rp/v6.0/"},
            "for another environment",
        ),
    ],
)
async def test_a_wrong_setup_asks_nothing_of_bankid(
    bankid: RunningBankId, settings: dict[str, str], fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also of the real one: no connection is made. Operators read why, and nothing of the certificate."""
    found = {name: str(bankid.data / value) if value.endswith(".pem") else value for name, value in settings.items()}
    async with container(bankid, **found) as made:
        for call in (made.electronic_id.ping, lambda: made.electronic_id.start(REQUEST)):
            with pytest.raises(ElectronicIdError) as caught:
                await call()
            assert caught.value.code is ElectronicIdFault.SETUP
            assert fault in str(caught.value.args)
        states = {state.name: state for state in await made.readiness.check()}
        assert (states["electronic-id"].is_ready, states["electronic-id"].certificate_days) == (False, None)
    (line,) = [record for record in caplog.records if record.name == "pic.events"]
    assert line.levelno == logging.WARNING
    assert REFUSED_EVENT in line.message
    assert fault in line.message
    assert not [word for word in ("simulat", str(Path(bankid.data)), "begin") if word in line.message.lower()]


async def test_the_wrong_passphrase_is_told_without_it(bankid: RunningBankId, caplog: pytest.LogCaptureFixture) -> None:
    """A secret in the wrong place must not reach a log."""
    async with container(bankid, **{**bundle(bankid), "PIC_BANKID_PASSPHRASE": "kanarie-5b1f"}) as made:
        with pytest.raises(ElectronicIdError) as caught:
            await made.electronic_id.ping()
    assert caught.value.args[1:] == ("the certificate, or what opens it, cannot be read",)
    assert "kanarie" not in caplog.text
