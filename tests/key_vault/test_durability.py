"""What survives a restart, and how the process starts and ends."""

import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.key_vault import ROOT, RunningKeyVault, adapter, running_key_vault, sdk_client

KEY = bytes(range(32))


def port_of(vault: RunningKeyVault) -> int:
    return int(vault.url.rsplit(":", 1)[1])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.key_vault", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


async def test_keys_survive_a_power_cut(tmp_path: Path) -> None:
    """Everything wrapped before it unwraps after it, under old and new versions; states stay too."""
    vault = RunningKeyVault.start(tmp_path)
    keys = adapter(vault)
    async with sdk_client(vault) as client:
        await keys.create("kept")
        old = await keys.wrap("kept", KEY)
        await client.rotate_key("kept")
        new = await keys.wrap("kept", KEY)
        await keys.create("gone")
        await client.delete_key("gone")
        disabled = await keys.create("disabled")
        await client.update_key_properties("disabled", enabled=False)
    await keys.close()
    vault.kill()
    authority = vault.ca_file.read_bytes()

    async with running_key_vault(tmp_path, port=port_of(vault)) as again:
        assert again.ca_file.read_bytes() == authority
        keys = adapter(again)
        assert [await keys.unwrap(old), await keys.unwrap(new)] == [KEY, KEY]
        async with sdk_client(again) as client:
            assert (await client.get_key("disabled")).properties.enabled is False
            assert (await client.get_key("disabled")).id == disabled
            assert (await client.get_deleted_key("gone")).name == "gone"
        await keys.close()


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Private keys lie there in the clear."""
    async with running_key_vault(tmp_path / "vault") as vault:
        keys = adapter(vault)
        await keys.create("secret")
        await keys.close()
    directory = tmp_path / "vault"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*") if path.is_file()}
    assert modes.keys() == {
        "ca.pem",
        "ca-key.pem",
        "server.pem",
        "server-key.pem",
        "control-token",
        "secret.json",
    }
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_certificate_passes_strict_verification(key_vault: RunningKeyVault, host: str) -> None:
    """Python 3.13 verifies so by default; under both names of the machine, and under no other."""
    strict = ssl.create_default_context(cafile=key_vault.ca_file)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    address = ("127.0.0.1", port_of(key_vault))
    with socket.create_connection(address) as plain, strict.wrap_socket(plain, server_hostname=host) as secured:
        assert secured.version() == "TLSv1.3"
    with (
        socket.create_connection(address) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
        strict.wrap_socket(plain, server_hostname="vault.example"),
    ):
        pass


async def test_stops_when_told_and_answers_nobody_after(tmp_path: Path) -> None:
    """A signal is the usual end, so it is no failure; the port is free at once."""
    vault = RunningKeyVault.start(tmp_path)
    assert vault.stop() == 0
    async with running_key_vault(tmp_path, port=port_of(vault)) as again:
        assert port_of(again) == port_of(vault)


async def test_ends_with_its_parent(tmp_path: Path) -> None:
    """A killed test run or `make run` leaves no vault behind."""
    vault = RunningKeyVault.start(tmp_path)
    assert vault.process.stdin is not None
    vault.process.stdin.close()
    assert vault.process.wait(10) == 0
    vault.stop()


async def test_taken_port_is_one_line_and_exit_2(key_vault: RunningKeyVault, tmp_path: Path) -> None:
    """The line names the port and the setting that moves it."""
    port = port_of(key_vault)
    ended = run("--port", str(port), "--data", str(tmp_path))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port} (--port)" in ended.stderr


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_impossible_port_is_one_line_and_exit_2(tmp_path: Path, port: str) -> None:
    """No traceback for a slip of the keyboard."""
    ended = run(f"--port={port}", "--data", str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


def test_unusable_directory_is_one_line_and_exit_2(tmp_path: Path) -> None:
    """The same for a path that is a file."""
    (tmp_path / "file").write_text("")
    ended = run("--port", "0", "--data", str(tmp_path / "file"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--data" in ended.stderr


def test_listens_on_loopback_only(key_vault: RunningKeyVault) -> None:
    """Whoever shares the network has no business here."""
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f"{port_of(key_vault):04X}"
    addresses = [
        line.split()[1] for line in listening if line.split()[1].endswith(f":{port}") and line.split()[3] == "0A"
    ]
    assert addresses == [f"0100007F:{port}"]
