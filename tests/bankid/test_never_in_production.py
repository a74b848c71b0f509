"""The simulator identifies whoever one likes: nothing but a local environment ever asks it."""

import base64
import hashlib

import pytest

from local.bankid.fault_kinds import ConnectionFault
from local.bankid.remote import RemoteBankId
from shared.adapters.bankid import BankIdClient
from shared.container import Container
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.settings import SettingsError, read_settings
from tests.support.bankid import RunningBankId

ONE, TWO, THREE = (base64.b64encode(hashlib.sha256(bytes([each])).digest()).decode() for each in (1, 2, 3))
DEPLOYED = {
    "PIC_PUBLIC_URL": "https://portal.example",
    "PIC_RECORDS": "tables",
    "PIC_STORAGE__blobServiceUri": "https://pic.blob.core.windows.net",
    "PIC_STORAGE__queueServiceUri": "https://pic.queue.core.windows.net",
    "PIC_STORAGE__tableServiceUri": "https://pic.table.core.windows.net",
    "PIC_KEY_VAULT_URL": "https://pic.vault.azure.net",
    "PIC_SUBJECT_PEPPERS": f"1:{ONE}",
    "PIC_ADDRESS_PEPPER": TWO,
    "PIC_PASSWORD_PEPPERS": f"1:{THREE}",
    "PIC_SMTP_HOST": "smtp.example",
    "PIC_MAIL_FROM": "no-reply@pic.example",
}
HOSTS = {"test": "appapi2.test.bankid.com", "production": "appapi2.bankid.com"}


def settings_with(bankid: RunningBankId, environment: str, url: str, *, claims: str | None = None) -> dict[str, str]:
    """A deployment whose every file is the simulator's. ``claims``: which BankID it says that it asks."""
    return {
        **DEPLOYED,
        "PIC_ENVIRONMENT": environment,
        "PIC_BANKID_ENVIRONMENT": claims or environment,
        "PIC_BANKID_URL": url,
        "PIC_BANKID_ROOT": str(bankid.files.root),
        "PIC_BANKID_CERTIFICATE": str(bankid.files.rp_certificate()),
        "PIC_BANKID_KEY": str(bankid.files.rp_key()),
    }


@pytest.mark.parametrize("environment", ["test", "production"])
@pytest.mark.parametrize("claims", [None, "simulator"])
def test_its_address_is_refused(bankid: RunningBankId, environment: str, claims: str | None) -> None:
    """Under its own name, and under that of the real one."""
    with pytest.raises(SettingsError) as refused:
        read_settings(settings_with(bankid, environment, bankid.rp_url, claims=claims))
    assert any("PIC_BANKID" in fault for fault in refused.value.faults)
    assert bankid.rp_url not in str(refused.value)


@pytest.mark.parametrize("environment", ["test", "production"])
def test_its_files_stop_the_start(bankid: RunningBankId, environment: str) -> None:
    """Root and certificate are known by their names, also among others in one file; nothing of them is told."""
    values = settings_with(bankid, environment, f"https://{HOSTS[environment]}/rp/v6.0/")
    with pytest.raises(SettingsError) as refused:
        read_settings(values)
    told = "is for tests, or of the simulator, and not for PIC_BANKID_ENVIRONMENT"
    assert refused.value.faults == (f"PIC_BANKID_ROOT {told}", f"PIC_BANKID_CERTIFICATE {told}")
    assert "SIMULATOR" not in str(refused.value)


@pytest.mark.parametrize("environment", ["test", "production"])
async def test_its_root_and_its_certificate_are_refused(
    bankid: RunningBankId, app: RemoteBankId, environment: str
) -> None:
    """Should its files come to lie where the real ones belong, nobody is connected to: not even the simulator itself."""
    values = settings_with(bankid, environment, f"https://{HOSTS[environment]}/rp/v6.0/")
    container = Container(read_settings(values, lambda _: None))  # they come after the start
    client = BankIdClient(base_url=bankid.rp_url, credentials=container.bankid_certificate.open)
    # A wire that trips: any connection at all would be struck.
    await app.fault(ConnectionFault.RESET_BEFORE_HANDSHAKE, times=None)
    for electronic_id in (client, container.electronic_id):
        with pytest.raises(ElectronicIdError) as refused:
            await electronic_id.ping()
        assert refused.value.code is ElectronicIdFault.SETUP
    assert await app.struck() == []
    await client.close()
    await container.close()
