"""The programs that stand in for Azure start, say what is wrong, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from azure.storage.blob import ContainerClient

from local import azurite as local_azurite
from local import cosmos as local_cosmos
from local import node_process
from local.azurite import Azurite
from local.cosmos import Cosmos

GONE_SECONDS = 10.0

STARTER = """
import sys, time
from pathlib import Path
from local import azurite
print(azurite.start(Path(sys.argv[1])).ports.blob, flush=True)
time.sleep(600)
"""


def answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


async def test_azurite_answers_on_all_three_ports_and_is_gone_afterwards(tmp_path: Path) -> None:
    """Whoever starts it may use it at once, and nothing runs on when the block is left."""
    async with local_azurite.azurite(tmp_path) as running:
        ports = (running.ports.blob, running.ports.queue, running.ports.table)
        urls = [f"http://127.0.0.1:{port}/" for port in ports]
        assert [answers(url) for url in urls] == [True, True, True]
        assert all(f"http://127.0.0.1:{port}/devstoreaccount1" in running.connection_string for port in ports)
    assert [answers(url) for url in urls] == [False, False, False]


async def test_cosmos_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    """The emulator holds everything in memory, so a block of its own is also a clean one."""
    async with local_cosmos.cosmos(tmp_path) as running:
        assert answers(running.endpoint)
    assert not answers(running.endpoint)


async def test_a_taken_port_of_azurite_is_named(tmp_path: Path, azurite: Azurite) -> None:
    """The person at the keyboard must learn which port to move."""
    with pytest.raises(node_process.PortTakenError) as caught:
        local_azurite.start(tmp_path, local_azurite.Ports(table=azurite.ports.table))
    assert caught.value.port == azurite.ports.table


async def test_a_taken_port_of_cosmos_is_named(tmp_path: Path, cosmos: Cosmos) -> None:
    """The same for the other store."""
    with pytest.raises(node_process.PortTakenError) as caught:
        local_cosmos.start(tmp_path, cosmos.port)
    assert caught.value.port == cosmos.port


@pytest.mark.parametrize("start", [local_azurite.start, local_cosmos.start], ids=["azurite", "cosmos"])
def test_without_node_the_error_says_what_to_install(
    start: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare machine gets a sentence to act on, and no traceback about a file that is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("node") is None
    assert callable(start)
    with pytest.raises(node_process.StartError, match="install Node 20 and run `make setup`"):
        start(tmp_path)


def test_data_in_azurite_outlives_a_restart(tmp_path: Path) -> None:
    """``make run`` keeps its data: the program gets the time to write it."""
    first = local_azurite.start(tmp_path)
    with ContainerClient.from_connection_string(first.connection_string, "kept") as client:
        client.create_container()
    first.stop()
    second = local_azurite.start(tmp_path)
    with ContainerClient.from_connection_string(second.connection_string, "kept") as client:
        is_kept = client.exists()
    second.stop()
    assert is_kept


def test_azurite_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    """SIGKILL lets nobody clean up; a forgotten Azurite would hold its ports until the next restart of the machine."""
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            STARTER,
            str(tmp_path),
        ],
        cwd=node_process.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with starter:
        assert starter.stdout is not None
        url = f"http://127.0.0.1:{int(starter.stdout.readline())}/"
        assert answers(url)
        os.kill(starter.pid, signal.SIGKILL)
    deadline = time.monotonic() + GONE_SECONDS
    while answers(url):
        assert time.monotonic() < deadline
        time.sleep(0.05)
