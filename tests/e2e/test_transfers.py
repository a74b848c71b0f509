"""Transfers through the real host that go wrong on the way."""

import hashlib
import os
import socket
import time

import httpx
import psutil

from bench.service import peak_bytes
from local.demo.client import Client
from tests.e2e.conftest import Running

SIZE = 24 * 1024 * 1024 + 5
TUS = {"Tus-Resumable": "1.0.0"}


def offset_of(client: Client, location: str) -> int:
    """What HEAD says."""
    return int(client.call("HEAD", location, expect=200, headers=TUS).headers["Upload-Offset"])


def append(client: Client, location: str, offset: int, content: bytes) -> None:
    """Send the rest."""
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    client.call("PATCH", location, expect=204, headers=headers, content=content)


def cut_upload(running: Running, client: Client, location: str, content: bytes) -> None:
    """Announce everything, send ``content``, and break the connection."""
    head = {
        **client.headers("PATCH"),
        **TUS,
        "Host": "127.0.0.1",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(SIZE),
    }
    lines = [f"PATCH {location} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    with socket.create_connection(("127.0.0.1", running.stack.ports.api)) as connection:
        connection.sendall("\r\n".join(lines).encode() + content)


def test_a_cut_upload_shows_nothing_and_goes_on_where_it_broke(running: Running) -> None:
    """What arrived counts; sending is refused until the rest has come; the file is whole in the end."""
    content = os.urandom(SIZE)
    staff = running.staff()
    message = running.draft(staff)
    location, file = staff.begin_upload(message, SIZE, "avbruten.bin")
    cut_upload(running, staff, location, content[: 11 * 1024 * 1024])
    until = time.monotonic() + 20
    while (offset := offset_of(staff, location)) == 0:
        assert time.monotonic() < until, "nothing of the cut upload was kept"
        time.sleep(0.1)
    assert 0 < offset <= 11 * 1024 * 1024
    staff.call("POST", f"{message}/send", expect=409)
    staff.call("GET", f"{message}/files/{file}", expect=404)
    assert staff.ask("POST", f"{message}/open")["files"] == []

    append(staff, location, offset, content[offset:])
    staff.ask("POST", f"{message}/send", expect=202)
    assert staff.download_sha256(f"{message}/files/{file}") == (hashlib.sha256(content).hexdigest(), SIZE)
    staff.close()


def test_a_range_of_the_file_is_what_stands_there(running: Running) -> None:
    """One range across the border of two parts."""
    content = os.urandom(SIZE)
    staff = running.staff()
    message = running.draft(staff)
    location, file = staff.begin_upload(message, SIZE, "hel.bin")
    append(staff, location, 0, content)
    start, end = 8 * 1024 * 1024 - 100, 8 * 1024 * 1024 + 20_000
    answer = staff.call("GET", f"{message}/files/{file}", expect=206, headers={"Range": f"bytes={start}-{end - 1}"})
    assert answer.content == content[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    staff.close()


def test_what_was_acknowledged_is_there_after_the_host_is_killed(running: Running) -> None:
    """Kill -9 in mid-upload: acknowledged bytes stay, the upload goes on at a new host, a sent message is readable."""
    content = os.urandom(SIZE)
    staff = running.staff()
    kept = running.draft(staff, "Den här är skickad")
    staff.ask("POST", f"{kept}/send", expect=202)
    message = running.draft(staff)
    location, file = staff.begin_upload(message, SIZE, "efter avbrott.bin")
    first = 9 * 1024 * 1024
    head = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    staff.call("PATCH", location, expect=204, headers=head, content=content[:first])
    running.kill_host()
    assert offset_of(staff, location) == first
    append(staff, location, first, content[first:])
    assert staff.download_sha256(f"{message}/files/{file}") == (hashlib.sha256(content).hexdigest(), SIZE)
    # A queue message that the dead host had taken stays invisible for minutes; the recovery timer is sooner.
    running.stack.move_clock(300)
    try:
        until = time.monotonic() + 30
        while staff.ask("GET", kept)["state"] != "delivered":
            assert time.monotonic() < until, "the sent message is delivered in the end"
            time.sleep(0.3)
    finally:
        running.stack.move_clock(0)
        staff.close()


def test_the_host_stays_small_while_a_large_file_passes(running: Running) -> None:
    """Memory follows the parts in flight and not the file: 256 MiB up, down and as a ZIP add less than 160 MiB."""
    size = 256 * 1024 * 1024
    block = os.urandom(1024 * 1024)
    staff = running.staff()
    message = running.draft(staff)
    location, file = staff.begin_upload(message, size, "stor.bin")
    process = psutil.Process(running.host.process.pid)
    before = peak_bytes(process)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    headers["Content-Length"] = str(size)
    staff.call("PATCH", location, expect=204, headers=headers, content=(block for _ in range(256)))
    staff.download_sha256(f"{message}/files/{file}")
    assert staff.download_sha256(f"{message}/files.zip")[1] > size
    assert peak_bytes(process) - before < 160 * 1024 * 1024
    staff.close()


def test_health_is_ready_and_names_every_dependency(running: Running) -> None:
    """All parts answer, with their latency and nothing else."""
    ready = httpx.get(f"{running.stack.api_url}/health/ready", timeout=30, trust_env=False).json()
    assert ready["ready"] is True, ready
    names = {"records", "blobs", "queues", "keys", "mail", "electronic-id"}
    assert {dependency["name"] for dependency in ready["dependencies"]} == names
