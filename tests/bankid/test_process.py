"""The simulator as a program: what it leaves on disk, what it says, and how it ends."""

import asyncio
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import pkcs12

from local.bankid.pki import P12_PASSWORD
from tests.support.bankid import ROOT, RunningBankId, running_bankid


async def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """Keys and the control token, from the first byte on."""
    async with running_bankid(tmp_path / "data") as bankid:
        assert stat.S_IMODE(bankid.data.stat().st_mode) == 0o700
        for file in bankid.data.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(bankid.token) >= 43


async def test_the_relying_partys_certificate_comes_as_p12_too(tmp_path: Path) -> None:
    """As BankID hands out its own; the same certificate as in PEM."""
    async with running_bankid(tmp_path) as bankid:
        key, certificate, _ = pkcs12.load_key_and_certificates(bankid.files.rp_p12().read_bytes(), P12_PASSWORD)
        assert key is not None
        assert certificate is not None
        subject = certificate.subject.rfc4514_string()
        assert "CN=FP Simulator 1" in subject
        assert "SIMULATOR - NOT REAL" in subject
        context = ssl.create_default_context(cafile=bankid.files.root)
        context.load_cert_chain(bankid.files.rp_certificate(), bankid.files.rp_key())


async def test_it_is_reachable_from_this_machine_alone(tmp_path: Path) -> None:
    """Whoever reaches it can be anybody."""
    async with running_bankid(tmp_path) as bankid:
        for url in (bankid.rp_url, bankid.control_url):
            assert url.split("//")[1].startswith("127.0.0.1:")


async def test_a_new_start_has_new_certificates_and_a_new_token(tmp_path: Path) -> None:
    """Nothing of the simulator is worth keeping, so nothing of it can be kept by mistake."""
    seen = []
    for _ in range(2):
        async with running_bankid(tmp_path) as bankid:
            seen.append((bankid.token, bankid.files.root.read_bytes(), bankid.files.rp_certificate().read_bytes()))
            async with bankid.client() as client:
                await client.ping()
    assert all(old != new for old, new in zip(*seen, strict=True))


def test_a_port_that_is_taken_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """It names the port and the option that moves it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for option, another in (("--rp-port", "--control-port"), ("--control-port", "--rp-port")):
            ended = subprocess.run(
                [sys.executable, "-m", "local.bankid", option, str(port), another, "0", "--data", str(tmp_path)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert ended.returncode == 2
            assert ended.stderr.count("\n") == 1
            assert f"127.0.0.1:{port} ({option})" in ended.stderr
            assert not ended.stdout


def test_a_data_directory_that_cannot_be_used_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "local.bankid", "--rp-port", "0", "--control-port", "0"),
            *("--data", str(tmp_path / "file")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--data" in ended.stderr


async def test_a_signal_ends_it_with_exit_code_0(tmp_path: Path) -> None:
    """Also while a client holds a connection open."""
    bankid = await asyncio.to_thread(RunningBankId.start, tmp_path)
    async with bankid.client() as client:
        await client.ping()
        assert await asyncio.to_thread(bankid.stop) == 0


async def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """The end of its standard input is the one sign of that which no signal can prevent."""
    bankid = await asyncio.to_thread(RunningBankId.start, tmp_path)
    assert bankid.process.stdin is not None
    bankid.process.stdin.close()
    assert await asyncio.to_thread(bankid.process.wait, 10) == 0
    assert bankid.process.stdout is not None
    bankid.process.stdout.close()
