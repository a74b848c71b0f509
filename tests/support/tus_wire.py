"""Uploads on the wire: what tests of the tus protocol send, and what they look at."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx

from tests.support.every_route import TUS
from tests.support.wire import Wire
from tests.support.world import Browser, World, encoded

MIB = 1024 * 1024
TYPE = {"content-type": "application/offset+octet-stream"}


async def begun(world: World, author: Browser, length: int) -> tuple[str, str]:
    """A draft with an upload of ``length`` bytes: the draft's path, and where the bytes go."""
    draft = await world.draft(author, await world.thread(author))
    created = await world.create_upload(author, draft, length)
    assert created.status_code == 201
    return draft, created.headers["location"]


async def offset_of(browser: Browser, location: str) -> int:
    answer = await browser.call("HEAD", location, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


async def content_of(author: Browser, draft: str) -> list[str]:
    """Digests of the files that the author sees in the draft's place: the stored ones."""
    opened = await author.call("POST", f"{draft}/open")
    return [file["sha256"] for file in opened.json().get("files", [])]


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def cut(
    world: World,
    browser: Browser,
    location: str,
    offset: int,
    *arrived: bytes,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Wire:
    """A PATCH of which these pieces arrive before the client is gone."""
    sent = {
        **TUS,
        **TYPE,
        "upload-offset": str(offset),
        "x-csrf-token": browser.csrf,
        "cookie": f"__Host-session={browser.cookies['__Host-session']}",
        **headers,
    }
    wire = Wire("PATCH", path=location, headers=[(k.encode(), v.encode()) for k, v in sent.items()])
    for content in arrived:
        wire.put(content, more=True)
    wire.leave()
    await world.app(wire.scope, wire.receive, wire.send)
    return wire


def checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    return {"upload-checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


async def create(
    author: Browser, draft: str, headers: dict[str, str], content: bytes | AsyncIterator[bytes] | None = None
) -> httpx.Response:
    """A creation with these headers, and a body or none."""
    parts = draft.split("/")
    metadata = {"thread": parts[4], "message": parts[6], "filename": "beslut.pdf"}
    more: dict[str, Any] = {} if content is None else {"content": content}
    return await author.call(
        "POST", "/api/v1/uploads", headers={**TUS, "upload-metadata": encoded(metadata), **headers}, **more
    )


async def patch(
    author: Browser, location: str, offset: int, content: bytes | AsyncIterator[bytes], **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await author.call(
        "PATCH", location, headers={**TUS, **TYPE, "upload-offset": str(offset), **named}, content=content
    )


async def a_draft(world: World) -> tuple[Browser, str]:
    staff = await world.staff()
    return staff, await world.draft(staff, await world.thread(staff))
