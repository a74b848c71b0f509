"""Connections that go wrong, as a client meets them: over real TLS, each kind of fault."""

import ssl
from pathlib import Path

import httpx
import pytest

from local.bankid.fault_kinds import ConnectionFault
from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId, running_bankid


async def asked(bankid: RunningBankId, *, seconds: float = 10) -> httpx.Response:
    """The health check on a connection of its own."""
    async with bankid.wire() as wire:
        return await wire.get("auth", timeout=seconds)


def version(answer: httpx.Response) -> str:
    tls: ssl.SSLObject = answer.extensions["network_stream"].get_extra_info("ssl_object")
    return tls.version() or ""


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (ConnectionFault.RESET_BEFORE_HANDSHAKE, None),
        (ConnectionFault.EXPIRED_CERTIFICATE, "certificate has expired"),
        (ConnectionFault.WRONG_NAME, "IP address mismatch"),
        (ConnectionFault.FOREIGN_ROOT, "CERTIFICATE_VERIFY_FAILED"),
        (ConnectionFault.TLS_1_1_ONLY, None),
    ],
)
async def test_nothing_is_sent_on_such_a_connection(
    bankid: RunningBankId, app: RemoteBankId, kind: ConnectionFault, why: str | None
) -> None:
    """The next one is right again."""
    await app.fault(kind)
    with pytest.raises(httpx.ConnectError, match=why):
        await asked(bankid)
    assert await app.struck() == [(kind.value, "")]
    assert (await asked(bankid)).status_code == 405


async def test_every_third_handshake_hangs(bankid: RunningBankId, app: RemoteBankId) -> None:
    """As on BankID's test host: silence, not a refusal."""
    await app.fault(ConnectionFault.HANDSHAKE_HANGS, every=3, times=None)
    for _ in range(2):
        assert (await asked(bankid)).status_code == 405
        assert (await asked(bankid)).status_code == 405
        with pytest.raises(httpx.ConnectTimeout):
            await asked(bankid, seconds=0.5)


async def test_a_connection_may_end_before_the_request(bankid: RunningBankId, app: RemoteBankId) -> None:
    """The client had its handshake, and cannot know whether the request was read: it was not."""
    await app.fault(ConnectionFault.RESET_BEFORE_REQUEST)
    async with bankid.wire() as wire:
        with pytest.raises((httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)):
            await wire.post("auth", json={"endUserIp": "192.0.2.7"})
    assert await app.orders() == []


@pytest.mark.parametrize(
    ("kind", "expected"), [(ConnectionFault.TLS_1_2_ONLY, "TLSv1.2"), (ConnectionFault.TLS_1_3_ONLY, "TLSv1.3")]
)
async def test_either_version_of_tls_can_be_the_only_one(
    bankid: RunningBankId, app: RemoteBankId, kind: ConnectionFault, expected: str
) -> None:
    """The whole of a sign-in and the refusal of a stranger, on both."""
    await app.fault(kind, times=None)
    assert version(await asked(bankid)) == expected
    async with bankid.wire() as wire:
        ref = (await wire.post("auth", json={"endUserIp": "192.0.2.7"})).json()["orderRef"]
        await app.scan(ref)
        await app.approve(ref)
        assert (await wire.post("collect", json={"orderRef": ref})).json()["status"] == "complete"
    for which in (None, "rp-foreign", "rp-expired"):
        async with bankid.wire(which) as wire:
            with pytest.raises(httpx.TransportError):
                await wire.get("auth")


async def test_tls_1_1_is_what_it_says(bankid: RunningBankId, app: RemoteBankId) -> None:
    """A client that would still speak it is answered: the refusal above is the client's own."""
    await app.fault(ConnectionFault.TLS_1_1_ONLY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=bankid.files.root)
    context.load_cert_chain(bankid.files.rp_certificate(), bankid.files.rp_key())
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    async with httpx.AsyncClient(base_url=bankid.rp_url, verify=context, trust_env=False) as client:
        answer = await client.get("auth")
    assert (answer.status_code, version(answer)) == (405, "TLSv1.1")


async def test_faults_can_be_there_from_the_start(tmp_path: Path) -> None:
    """For a demonstration, or for a host that has always been like this."""
    fault = '{"kind": "foreign-root", "times": 2}'
    async with running_bankid(tmp_path, options=("--fault", fault)) as bankid, bankid.remote() as app:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await asked(bankid)
        assert (await asked(bankid)).status_code == 405
        assert await app.struck() == [("foreign-root", "")] * 2
