"""Two requests that bring bytes to the same upload at the same moment, and refusals while bytes are still coming."""

import base64
import hashlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from subprocess import run
from threading import Barrier

import httpx
import pytest

from local.demo.client import Client
from local.node_process import ROOT
from tests.e2e.conftest import Running

MIB = 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
TYPE = {"Content-Type": "application/offset+octet-stream"}


def patch(client: Client, location: str, offset: int, content: bytes | Iterator[bytes], **more: str) -> httpx.Response:
    """Whatever comes of it."""
    headers = {**client.headers("PATCH"), **TUS, **TYPE, "Upload-Offset": str(offset), **more}
    return client._http.request("PATCH", location, headers=headers, content=content)


def offset_of(client: Client, location: str) -> int:
    return int(client.call("HEAD", location, expect=200, headers=TUS).headers["Upload-Offset"])


def at_once(clients: list[Client], location: str, offset: int, contents: list[bytes]) -> list[int]:
    """Both send more than a part, wait for each other, and go on: the status of each."""
    both = Barrier(len(clients), timeout=60)

    def body(content: bytes) -> Iterator[bytes]:
        yield content[: 9 * MIB]
        both.wait()
        yield content[9 * MIB :]

    def send(client: Client, content: bytes) -> int:
        length = {"Content-Length": str(len(content))}
        return patch(client, location, offset, body(content), **length).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(send, clients, contents))


@pytest.mark.parametrize("begun", [b"", b"x" * (3 * MIB + 7)])
def test_of_two_at_once_one_wins_and_the_file_is_its(running: Running, begun: bytes) -> None:
    """204 and 409, whoever it is; not a byte of the other is in the file, though both were in the store at once."""
    size = len(begun) + 20 * MIB
    clients = [running.staff(), running.staff()]
    message = running.draft(clients[0])
    location, file = clients[0].begin_upload(message, size, "tva.bin")
    if begun:
        assert patch(clients[0], location, 0, begun).status_code == 204
    contents = [os.urandom(20 * MIB), os.urandom(20 * MIB)]
    statuses = at_once(clients, location, len(begun), contents)
    assert sorted(statuses) == [204, 409]
    whole = begun + contents[statuses.index(204)]
    assert clients[1].download_sha256(f"{message}/files/{file}") == (hashlib.sha256(whole).hexdigest(), size)
    for client in clients:
        client.close()


def test_who_loses_goes_on_from_where_the_other_came(running: Running) -> None:
    """409 is no end: HEAD tells what is there, and the rest is taken from whoever brings it."""
    size = 30 * MIB
    clients = [running.staff(), running.staff()]
    message = running.draft(clients[0])
    location, file = clients[0].begin_upload(message, size, "resten.bin")
    contents = [os.urandom(10 * MIB), os.urandom(12 * MIB)]
    statuses = at_once(clients, location, 0, contents)
    assert sorted(statuses) == [204, 409]
    kept, loser = contents[statuses.index(204)], clients[statuses.index(409)]
    assert offset_of(loser, location) == len(kept)
    rest = os.urandom(size - len(kept))
    assert patch(loser, location, len(kept), rest).status_code == 204
    assert loser.download_sha256(f"{message}/files/{file}") == (hashlib.sha256(kept + rest).hexdigest(), size)
    for client in clients:
        client.close()


def chunks(content: bytes) -> Iterator[bytes]:
    """A body that does not tell its length."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


def test_more_than_was_declared_is_told_while_it_comes(running: Running) -> None:
    """413 reaches a sender that has not ended yet; what fitted is kept, and the file is whole with it."""
    staff = running.staff()
    message = running.draft(staff)
    content = os.urandom(9 * MIB)
    location, file = staff.begin_upload(message, len(content) + 1, "for lang.bin")
    answer = patch(staff, location, 0, chunks(content + bytes(40 * MIB)))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:pic:problem:too-large")
    offset = offset_of(staff, location)
    assert len(content) - 65_536 * 16 <= offset <= len(content) + 1
    assert patch(staff, location, offset, (content + b"!")[offset:]).status_code == 204
    expected = hashlib.sha256((content + b"!") if offset <= len(content) else content + b"\0").hexdigest()
    assert staff.download_sha256(f"{message}/files/{file}")[0] == expected
    staff.close()


def test_beyond_the_limit_of_the_organisation_the_upload_ends_while_it_comes(running: Running) -> None:
    """413 reaches the sender, and the upload is gone: one of no known length could never be finished."""
    staff = running.staff()
    limit(running, 10 * MIB)
    try:
        message = running.draft(staff)
        location = deferred(staff, message)
        answer = patch(staff, location, 0, chunks(bytes(50 * MIB)))
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 10 * MIB)
        staff.call("HEAD", location, expect=404, headers=TUS)
        assert staff.ask("POST", f"{message}/open")["unfinished"] == []
    finally:
        limit(running, 0)
        staff.close()


def deferred(staff: Client, message: str) -> str:
    """An upload whose length is told later; where its bytes go."""
    parts = message.split("/")
    metadata = {"thread": parts[4], "message": parts[6], "filename": "okand.bin"}
    encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    headers = {**TUS, "Upload-Defer-Length": "1", "Upload-Metadata": encoded}
    return staff.call("POST", "/api/v1/uploads", expect=201, headers=headers).headers["Location"]


def limit(running: Running, largest: int) -> None:
    """As an operator sets it; 0 takes it away."""
    words = ["upload-limit", "--organisation", running.seeded.organisation, "--bytes", str(largest)]
    environment = {**os.environ, **running.stack.environment}
    run([sys.executable, "-m", "shared.operations", *words], cwd=ROOT, env=environment, check=True, capture_output=True)


def test_bytes_that_are_not_what_was_summed_up_are_refused_by_the_host(running: Running) -> None:
    """460, and none of the parts that were staged already counts; the right ones are taken."""
    staff = running.staff()
    message = running.draft(staff)
    content = os.urandom(18 * MIB)
    location, file = staff.begin_upload(message, len(content), "summa.bin")
    summed = {"Upload-Checksum": "sha256 " + "A" * 43 + "="}
    assert patch(staff, location, 0, content, **summed).status_code == 460
    assert offset_of(staff, location) == 0
    assert patch(staff, location, 0, content).status_code == 204
    assert staff.download_sha256(f"{message}/files/{file}") == (hashlib.sha256(content).hexdigest(), len(content))
    staff.close()
