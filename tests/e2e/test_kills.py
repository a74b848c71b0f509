"""The host dies by kill -9 in the middle of uploads: what was acknowledged is there, what was not is invisible.

A crash at every single call of a store is tried in ``tests/unit/services`` (``test_upload_crashes``,
``test_upload_machine``). Here the real host dies at moments that a seed chooses, and right after the last byte, when
records and blob are being committed.
"""

import contextlib
import hashlib
import os
import random
import socket

import pytest

from local.demo.client import Client
from tests.e2e.conftest import Running
from tests.support.world import encoded

MIB = 1024 * 1024
SIZE = 20 * MIB + 3
TUS = {"Tus-Resumable": "1.0.0"}
TYPE = {"Content-Type": "application/offset+octet-stream"}


def offset_of(client: Client, location: str) -> int:
    return int(client.call("HEAD", location, expect=200, headers=TUS).headers["Upload-Offset"])


def killed_under_way(
    running: Running, client: Client, call: str, headers: dict[str, str], content: bytes, *, length: int
) -> None:
    """Announce ``length`` bytes, send ``content`` of them, and let the host die before anything is answered."""
    method, path = call.split()
    head = {**client.headers(method), **TUS, **TYPE, "Host": "127.0.0.1", "Content-Length": str(length), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    with socket.create_connection(("127.0.0.1", running.stack.ports.api)) as connection:
        connection.sendall("\r\n".join(lines).encode() + content)
        running.kill_host()
        with contextlib.suppress(ConnectionError):
            assert b" 204 " not in connection.recv(64), "it was too quick to be killed"


@pytest.mark.parametrize("seed", [1, 2])
def test_an_upload_survives_kills_at_any_moment(running: Running, seed: int) -> None:
    """Between kills it goes on from what HEAD says; the file is whole in the end."""
    chance = random.Random(seed)  # noqa: S311 - a failure is to be repeated
    content = os.urandom(SIZE)
    staff = running.staff()
    message = running.draft(staff)
    location, file = staff.begin_upload(message, SIZE, "dödad.bin")
    acknowledged = 0
    for sent in (chance.randrange(1, 8 * MIB), chance.randrange(8 * MIB, SIZE // 2)):
        headers = {"Upload-Offset": str(acknowledged)}
        body = content[acknowledged : acknowledged + sent]
        killed_under_way(running, staff, f"PATCH {location}", headers, body, length=SIZE - acknowledged)
        assert offset_of(staff, location) == acknowledged, "nothing was acknowledged, so nothing counts"
        assert staff.ask("POST", f"{message}/open")["files"] == []
        more = chance.randrange(1, 3 * MIB)
        piece = content[acknowledged : acknowledged + more]
        headers = {**TUS, **TYPE, "Upload-Offset": str(acknowledged)}
        staff.call("PATCH", location, expect=204, headers=headers, content=piece)
        acknowledged += more
    headers = {"Upload-Offset": str(acknowledged)}
    with contextlib.suppress(AssertionError):  # Whether it was committed before it died is open; it is whole or not.
        killed_under_way(
            running, staff, f"PATCH {location}", headers, content[acknowledged:], length=SIZE - acknowledged
        )
    at = offset_of(staff, location)
    assert at in {acknowledged, SIZE}
    headers = {**TUS, **TYPE, "Upload-Offset": str(at)}
    staff.call("PATCH", location, expect=204, headers=headers, content=content[at:])
    assert staff.download_sha256(f"{message}/files/{file}") == (hashlib.sha256(content).hexdigest(), SIZE)
    staff.close()


def test_a_creation_that_died_with_its_bytes_can_be_removed(running: Running) -> None:
    """Its sender never learnt its address; the draft shows it, lets go of it, and can be sent."""
    staff = running.staff()
    message = running.draft(staff)
    parts = message.split("/")
    metadata = encoded({"thread": parts[4], "message": parts[6], "filename": "dödad.bin"})
    headers = {"Upload-Length": str(SIZE), "Upload-Metadata": metadata}
    killed_under_way(running, staff, "POST /api/v1/uploads", headers, os.urandom(9 * MIB), length=SIZE)
    opened = staff.ask("POST", f"{message}/open")
    assert opened["files"] == []
    for unfinished in opened["unfinished"]:
        assert unfinished["received"] == 0
        staff.call("DELETE", f"{message}/files/{unfinished['file']}", expect=204)
    staff.ask("POST", f"{message}/send", expect=202)
    staff.close()
