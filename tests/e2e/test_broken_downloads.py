"""Downloads through the real host that break, and the clients that take them up again."""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from azure.storage.blob import BlobClient, BlobServiceClient

from local.demo.client import Client
from shared.crypto.ranges import sealed_length
from shared.services.part_reading import FIRST_BYTES
from tests.e2e.conftest import Running
from tests.support import chromium
from tests.support.byteranges import parts_of
from tests.support.fault_proxy import Cut, Pass, fault_proxy
from tests.support.resuming import CLIENTS, ResumingClient

MIB = 1024 * 1024
PART = 8 * MIB
SIZE = 24 * MIB + 5


@pytest.fixture(scope="module")
def content() -> bytes:
    """What is downloaded."""
    return os.urandom(SIZE)


@pytest.fixture(scope="module")
def stored(running: Running, content: bytes) -> Iterator[tuple[Client, str]]:
    """A member of staff, and where their draft's file is."""
    staff = running.staff()
    message = running.draft(staff)
    yield staff, f"{message}/files/{upload(staff, message, content, 'stor.bin')}"
    staff.close()


def upload(staff: Client, message: str, content: bytes, name: str) -> str:
    location, file = staff.begin_upload(message, len(content), name)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    staff.call("PATCH", location, expect=204, headers=headers, content=content)
    return file


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_broken_download_goes_on_where_it_broke(
    running: Running, stored: tuple[Client, str], content: bytes, tmp_path: Path, name: str
) -> None:
    """Cut twice after 10 MiB; a client that began anew would never have more than that. Asked again, it adds nothing."""
    staff, path = stored
    into = tmp_path / "stor.bin"
    async with fault_proxy(running.stack.ports.api) as proxy:
        proxy.faults += [Cut(after_bytes=10 * MIB), Cut(after_bytes=10 * MIB), Pass()]
        cookie = staff.headers("GET")["Cookie"]
        client = ResumingClient(name, f"http://127.0.0.1:{proxy.port}{path}", cookie, into)
        lengths = []
        for _ in range(2):
            assert not await client.run()
            lengths.append(into.stat().st_size)
        assert 9 * MIB < lengths[0] < 10 * MIB < lengths[1] < 20 * MIB
        assert await client.run()
        assert hashlib.sha256(into.read_bytes()).digest() == hashlib.sha256(content).digest()
        await client.run()  # 416: some versions of curl call that a fault, and none adds to the file.
        assert into.stat().st_size == SIZE
        assert proxy.requests == [f"GET {path}"] * 4


async def test_chromium_goes_on_by_itself(
    running: Running, stored: tuple[Client, str], content: bytes, tmp_path: Path
) -> None:
    """A download that breaks twice is whole in the end, and nobody did anything. Where there is no Chromium, a stand-in."""
    staff, path = stored
    async with fault_proxy(running.stack.ports.api) as proxy:
        proxy.faults += [Cut(after_bytes=10 * MIB), Cut(after_bytes=10 * MIB), Pass()]
        held = [cookie.partition("=")[::2] for cookie in staff.headers("GET")["Cookie"].split("; ")]
        url = f"http://127.0.0.1:{proxy.port}{path}"
        if chromium.PROGRAM is None:
            client = ResumingClient("browser", url, staff.headers("GET")["Cookie"], tmp_path / "stor.bin")
            while not await client.run():
                pass
            got = (tmp_path / "stor.bin").read_bytes()
        else:
            async with chromium.chromium() as browser:
                same = {"url": url, "secure": True, "httpOnly": True}
                cookies = [{"name": name, "value": value, **same} for name, value in held]
                await browser.command("Storage.setCookies", cookies=cookies)
                state, file = await browser.download(url)
                assert (state, file.name) == ("completed", "stor.bin")
                got = file.read_bytes()
        assert proxy.requests == [f"GET {path}"] * 3
        assert ["range: bytes=" in head for head in proxy.heads] == [False, True, True]
        assert ["if-range: " in head for head in proxy.heads] == [False, True, True]
    assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()


def test_several_ranges_through_the_host(stored: tuple[Client, str], content: bytes) -> None:
    """Across parts, in one answer of the length that it states."""
    staff, path = stored
    asked = f"bytes=0-9,{PART - 5}-{PART + 4},-7"
    answer = staff.call("GET", path, expect=206, headers={"Range": asked})
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    expected = [(0, content[:10]), (PART - 5, content[PART - 5 : PART + 5]), (SIZE - 7, content[-7:])]
    assert parts_of(answer.headers["Content-Type"], answer.content) == expected
    head = staff.call("HEAD", path, expect=200)
    assert head.headers["Content-Length"] == str(SIZE)
    assert head.headers["Accept-Ranges"] == "bytes"
    assert staff.call("GET", path, expect=304, headers={"If-None-Match": head.headers["ETag"]}).content == b""


@contextmanager
def blob_of(running: Running, file: str) -> Iterator[BlobClient]:
    """Where the file's content lies."""
    with BlobServiceClient.from_connection_string(running.stack.environment["PIC_STORAGE"]) as service:
        for container in service.list_containers():
            at = service.get_container_client(container.name)
            for name in at.list_blob_names():
                if file in name:
                    yield at.get_blob_client(name)
                    return
    raise LookupError


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def read_until_cut(running: Running, staff: Client, path: str) -> tuple[httpx.Headers, bytes]:
    """What arrives before the connection breaks."""
    got = bytearray()

    def read() -> httpx.Headers:
        with httpx.stream(
            "GET", f"{running.stack.api_url}{path}", headers=staff.headers("GET"), trust_env=False, timeout=60
        ) as answer:
            heads.append(answer.headers)
            for piece in answer.iter_raw():
                got.extend(piece)
        return answer.headers

    heads: list[httpx.Headers] = []
    with pytest.raises(httpx.RemoteProtocolError):
        read()
    return heads[0], bytes(got)


@pytest.mark.parametrize("at", [FIRST_BYTES + MIB, sealed_length(PART) + 100])
def test_damaged_content_breaks_the_connection(running: Running, at: int) -> None:
    """What verified arrives and nothing else; never does a short file look whole. Repaired, it can be had."""
    content = os.urandom(2 * PART)
    staff = running.staff()
    message = running.draft(staff)
    file = upload(staff, message, content, "skadad.bin")
    path = f"{message}/files/{file}"
    with blob_of(running, file) as blob:
        whole = blob.download_blob().readall()
        blob.upload_blob(flipped(whole, at), overwrite=True)
        headers, got = read_until_cut(running, staff, path)
        blob.upload_blob(whole, overwrite=True)
    assert headers["Content-Length"] == str(len(content))
    assert got
    assert got == content[: FIRST_BYTES if at < PART else PART][: len(got)]
    rest = staff.call("GET", path, expect=206, headers={"Range": f"bytes={len(got)}-", "If-Range": headers["ETag"]})
    assert got + rest.content == content
    staff.close()


def test_all_files_as_one_zip(running: Running) -> None:
    """Through the host: of the length that it states, whole; and cut where a file in it is damaged."""
    staff = running.staff()
    message = running.draft(staff)
    contents = {"ett.bin": os.urandom(9 * MIB), "två.txt": "åäö".encode(), "tom": b""}
    files = [upload(staff, message, content, name) for name, content in contents.items()]
    answer = staff.call("GET", f"{message}/files.zip", expect=200)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert {name: found.read(name) for name in found.namelist()} == contents
    with blob_of(running, files[1]) as blob:
        blob.upload_blob(flipped(blob.download_blob().readall(), 60), overwrite=True)
    headers, got = read_until_cut(running, staff, f"{message}/files.zip")
    assert headers["Content-Length"] == str(len(answer.content))
    assert len(got) < len(answer.content)
    assert not zipfile.is_zipfile(io.BytesIO(got))
    staff.close()
