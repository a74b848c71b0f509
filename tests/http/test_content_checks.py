"""Checks of content over HTTP, with a scanner behind its own protocol: the sender's upload to the recipient's warning."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from shared.domain.content_checks import ContentPolicy, Finding
from tests.support.fake_clamd import EICAR, FakeClamd, Fault, fake_clamd
from tests.support.problems import problem_of
from tests.support.world import Browser, World, world

PDF = b"%PDF-1.7\n" + bytes(1000)
TUS = {"tus-resumable": "1.0.0"}


@pytest.fixture
async def clamd() -> AsyncIterator[FakeClamd]:
    async with fake_clamd() as running:
        yield running


@pytest.fixture
async def scanning(clamd: FakeClamd) -> AsyncIterator[World]:
    """An application with a scanner."""
    async with world(PIC_CLAMD_ADDRESS=f"127.0.0.1:{clamd.port}", PIC_CLAMD_SECONDS="1") as here:
        yield here


async def a_draft(here: World) -> tuple[Browser, str]:
    staff = await here.staff()
    return staff, await here.draft(staff, await here.thread(staff))


async def files_of(reader: Browser, message: str) -> list[tuple[list[str], str]]:
    """Warnings and scan of each file, as a reader gets them."""
    opened = await reader.json("POST", f"{message}/open")
    return [(file["warnings"], file["scan"]) for file in opened["files"]]


async def test_a_clean_file_says_so_to_the_recipient(scanning: World, clamd: FakeClamd) -> None:
    """The scanner saw every byte of it, once, in pieces of the size they came in."""
    staff, draft = await a_draft(scanning)
    await scanning.upload(staff, draft, PDF)
    await scanning.send(staff, draft)
    assert await files_of(await scanning.person(), draft) == [([], "clean")]
    assert clamd.sizes == [len(PDF)]


@pytest.mark.parametrize("cut", [None, 3, 1000])
async def test_malware_is_refused_and_gone(scanning: World, cut: int | None) -> None:
    """422 with the rule; the upload is no more, in however many requests it came; the draft can be sent."""
    content = PDF + EICAR + PDF
    staff, draft = await a_draft(scanning)
    created = await scanning.create_upload(staff, draft, len(content))
    location = created.headers["location"]
    if cut is not None:
        assert (await scanning.append(staff, location, 0, content[:cut])).status_code == 204
    refused = problem_of(await scanning.append(staff, location, cut or 0, content[cut or 0 :]), 422, "content-refused")
    assert (refused["rule"], refused["rules"]) == ("content-malware", ["content-malware"])
    assert (await staff.call("HEAD", location, headers=TUS)).status_code == 404
    opened = await staff.json("POST", f"{draft}/open")
    assert (opened["files"], opened["unfinished"]) == ([], [])
    await scanning.container.run_queues()
    assert scanning.container.blobs._content == {}
    assert scanning.container.blobs._staged == {}
    await scanning.send(staff, draft)


async def test_a_body_without_a_length_is_scanned_as_it_comes(scanning: World, clamd: FakeClamd) -> None:
    """Chunked, and larger than anything that is held: what the scanner got is the size of what was read."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(256 * 1024)

    staff, draft = await a_draft(scanning)
    created = await scanning.create_upload(staff, draft, 16 * 1024 * 1024)
    assert (await scanning.append(staff, created.headers["location"], 0, body())).status_code == 204
    assert clamd.sizes == [16 * 1024 * 1024]
    assert clamd.largest_piece <= 256 * 1024


@pytest.mark.parametrize("fault", ["silent", "cut", "error", "stalled", "nonsense"])
async def test_a_scanner_that_fails_keeps_the_file_back(scanning: World, clamd: FakeClamd, fault: Fault) -> None:
    """503 with Retry-After; all bytes are kept, and the empty last request has it scanned and stored."""
    clamd.fault = fault
    staff, draft = await a_draft(scanning)
    created = await scanning.create_upload(staff, draft, len(PDF))
    location = created.headers["location"]
    answer = await scanning.append(staff, location, 0, PDF)
    problem_of(answer, 503, "dependency-failed")
    assert int(answer.headers["retry-after"]) > 0
    told = await staff.call("HEAD", location, headers=TUS)
    assert told.headers["upload-offset"] == str(len(PDF))
    assert (await files_of(staff, draft)) == []
    clamd.fault = ""
    assert (await scanning.append(staff, location, len(PDF), b"")).status_code == 204
    assert await files_of(staff, draft) == [([], "clean")]


async def test_a_file_over_the_scanners_limit_is_refused(scanning: World, clamd: FakeClamd) -> None:
    """By default; no later attempt would end otherwise."""
    clamd.most_bytes = 500
    staff, draft = await a_draft(scanning)
    created = await scanning.create_upload(staff, draft, len(PDF))
    answer = await scanning.append(staff, created.headers["location"], 0, PDF)
    assert problem_of(answer, 422, "content-refused")["rule"] == "content-not-scanned"


async def test_where_a_scanner_may_fail_the_recipient_sees_that_it_did(clamd: FakeClamd) -> None:
    """Large, unreachable, or no scanner at all: three words, and each of them is told."""
    clamd.most_bytes = 500
    address = f"127.0.0.1:{clamd.port}"
    seen = []
    for settings in (
        {"PIC_CLAMD_ADDRESS": address, "PIC_CLAMD_FAILURE": "pass"},
        {"PIC_CLAMD_ADDRESS": "unix:/nowhere/clamd", "PIC_CLAMD_FAILURE": "pass"},
        {},
    ):
        async with world(**settings) as here:
            staff, draft = await a_draft(here)
            await here.upload(staff, draft, PDF)
            await here.send(staff, draft)
            seen += await files_of(await here.person(), draft)
    assert seen == [([], "too-large"), ([], "unreachable"), ([], "off")]


async def test_warnings_reach_the_recipient_and_refusals_the_sender(world: World) -> None:
    """Each organisation draws the line; the words are the same on both sides of it."""
    staff, draft = await a_draft(world)
    await world.upload(staff, draft, b"#!/bin/sh\n", name="beslut.pdf.sh")
    await world.send(staff, draft)
    words = ["executable", "double-extension"]
    assert sorted((await files_of(await world.person(), draft))[0][0]) == sorted([*words, "type-differs"])
    policy = ContentPolicy(refused=frozenset({Finding.EXECUTABLE, Finding.DOUBLE_EXTENSION}))
    await world.decide(content=policy)
    next_draft = await world.draft(staff, await world.thread(staff))
    created = await world.create_upload(staff, next_draft, 10, name="beslut.pdf.sh")
    refused = problem_of(
        await world.append(staff, created.headers["location"], 0, b"#!/bin/sh\n"), 422, "content-refused"
    )
    assert refused["rules"] == [f"content-{word}" for word in words]


async def test_uploads_at_once_are_told_apart(scanning: World) -> None:
    """Each has a connection to the scanner of its own."""
    staff, draft = await a_draft(scanning)
    contents = [os.urandom(50_000) + (EICAR if number % 2 else b"") for number in range(8)]

    async def one(content: bytes) -> int:
        created = await scanning.create_upload(staff, draft, len(content), name="a.bin")
        return (await scanning.append(staff, created.headers["location"], 0, content)).status_code

    assert await asyncio.gather(*map(one, contents)) == [204, 422] * 4
    assert len(await files_of(staff, draft)) == 4
