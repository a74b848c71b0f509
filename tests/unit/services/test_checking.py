"""Content before it is stored: warned of, refused, scanned; and what is left of a file that is not taken."""

import os
from contextlib import suppress
from itertools import pairwise

import pytest

from shared.adapters.memory_scanner import KNOWN, MemoryScanner
from shared.container import Container
from shared.domain.content_checks import ContentChecks, ContentPolicy, Finding, Scan
from shared.domain.errors import ConflictError, ContentRefusedError, DependencyError, NotFoundError, PicError
from shared.domain.ids import MessageId, OrganisationId, ThreadId
from shared.domain.principals import Principal, Staff
from shared.domain.scanning import Scanning
from shared.domain.tus import Append, Content
from shared.domain.upload_rule import UploadState
from shared.services.uploading import NewUpload
from shared.services.uploads import Upload
from tests.support.scene import Scene, append, new_upload, pieces
from tests.support.taps import TROUBLES, Crashed, Trouble, meetings

PDF = b"%PDF-1.7\n" + bytes(100)
SCRIPT = b"#!/bin/sh\n" + b"echo hej\n" * 9
MALWARE = b"%PDF-1.7\n " + KNOWN + b" and more"


async def a_draft(scene: Scene) -> tuple[Staff, ThreadId, MessageId]:
    """Somebody with an empty draft."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    return staff, thread, await scene.draft(staff, thread)


def scanned(container: Container, *, is_required: bool = True) -> MemoryScanner:
    """Give the application a scanner."""
    scanner = MemoryScanner()
    container.scanning = Scanning(scanner=scanner, is_required=is_required)
    return scanner


async def refusing(scene: Scene, *findings: Finding) -> None:
    """Let the organisation refuse these."""
    await scene.decide(content=ContentPolicy(refused=frozenset(findings)))


async def uploaded(container: Container, author: Principal, upload: Upload, *data: bytes) -> Upload:
    """As many requests as there are data."""
    for piece in data:
        offset = (await container.uploading.find(author, upload.upload)).progress.offset
        upload = await append(container, author, upload.upload, offset, piece)
    return upload


async def checks_of(scene: Scene, reader: Principal, thread: ThreadId, message: MessageId) -> list[ContentChecks]:
    opened = await scene.container.retrieving.open(reader, thread, message)
    return sorted((file.checks for file in opened.files), key=lambda checks: len(checks.findings))


async def nothing_left(scene: Scene) -> bool:
    """Once the jobs have run."""
    await scene.container.run_queues()
    files = [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
    return not (scene.blob_names() or scene.bodies("upload|") or files)


async def test_both_sides_are_warned(scene: Scene) -> None:
    """The sender before sending, the recipient before opening the file; and that it was not scanned."""
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, SCRIPT)
    await scene.upload(staff, thread, message, PDF)
    expected = [
        ContentChecks(findings=(), scan=Scan.OFF),
        ContentChecks(findings=(Finding.TYPE_DIFFERS, Finding.EXECUTABLE), scan=Scan.OFF),
    ]
    assert await checks_of(scene, staff, thread, message) == expected
    await scene.send(staff, thread, message)
    assert await checks_of(scene, scene.person(), thread, message) == expected


async def test_a_finding_is_sealed_where_it_is_kept(scene: Scene) -> None:
    """It tells something of the content."""
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, SCRIPT)
    assert "executable" not in scene.raw_records()
    assert '"checks": "f1.1.' in scene.raw_records()


async def test_a_file_from_before_there_were_checks_is_shown(scene: Scene) -> None:
    """As one that nobody has scanned."""
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, SCRIPT)
    place, body = next(item for item in scene.bodies("thread|").items() if item[0].id.startswith("file|"))
    record = await scene.container.records.get(place.partition, place.id)
    await scene.container.record_store.replace_if_match(record, {k: v for k, v in body.items() if k != "checks"})
    assert await checks_of(scene, staff, thread, message) == [ContentChecks(findings=(), scan=Scan.OFF)]


@pytest.mark.parametrize("cuts", [(), (1,), (4, 9, 40)])
async def test_what_the_organisation_refuses_is_not_taken(scene: Scene, cuts: tuple[int, ...]) -> None:
    """The upload ends with its last byte, nothing of it stays, the draft goes on; and the log has the reason."""
    await refusing(scene, Finding.EXECUTABLE)
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(SCRIPT))
    edges = (0, *cuts, len(SCRIPT))
    data = [SCRIPT[start:end] for start, end in pairwise(edges)]
    with pytest.raises(ContentRefusedError) as refused:
        await uploaded(scene.container, staff, begun, *data)
    assert refused.value.rules == ("content-executable",)
    assert await nothing_left(scene)
    with pytest.raises(NotFoundError):
        await scene.container.uploading.find(staff, begun.upload)
    event = scene.events("message:file:refuse")[0]
    assert (event["by"], event["file"], event["reason"]) == ("system", begun.file, "content-executable")
    await scene.upload(staff, thread, message, PDF)
    await scene.send(staff, thread, message)


async def test_an_empty_file_is_refused_by_its_name(scene: Scene) -> None:
    """It is stored when it begins, so it ends there as well."""
    await refusing(scene, Finding.EXECUTABLE)
    staff, thread, message = await a_draft(scene)
    with pytest.raises(ContentRefusedError):
        await scene.container.uploading.begin(
            staff, NewUpload(thread=thread, message=message, name="a.exe", media_type="a/b", length=0)
        )
    assert await nothing_left(scene)


async def test_a_policy_is_of_one_organisation_and_may_change(scene: Scene) -> None:
    """From the next file on; an organisation that is not there has none."""
    await refusing(scene, Finding.TYPE_DIFFERS, Finding.EXECUTABLE)
    await refusing(scene, Finding.MACROS)
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, SCRIPT)
    other = await scene.container.administering.create_organisation("Grannkommunen")
    assert await scene.container.checking.policy(other) == ContentPolicy()
    assert await scene.container.checking.policy(scene.organisation) == ContentPolicy(
        refused=frozenset({Finding.MACROS})
    )
    with pytest.raises(NotFoundError):
        await scene.container.organisation_settings.change(
            OrganisationId("0" * 26), lambda settings: settings, by="system"
        )


async def test_malware_is_refused_whatever_the_policy(scene: Scene) -> None:
    """In one request, in several, and in several that reached different instances."""
    scanner = scanned(scene.container)
    staff, thread, message = await a_draft(scene)
    other = scene.instance()
    other.scanning = scene.container.scanning
    half = len(MALWARE) // 2
    for data, last in (
        ((MALWARE,), scene.container),
        ((MALWARE[:half], MALWARE[half:]), scene.container),
        ((MALWARE[:half], MALWARE[half:]), other),
    ):
        begun = await scene.begin(staff, thread, message, len(MALWARE))
        await uploaded(scene.container, staff, begun, *data[:-1])
        with pytest.raises(ContentRefusedError) as refused:
            await uploaded(last, staff, begun, data[-1])
        assert refused.value.rules == ("content-malware",)
        assert await nothing_left(scene)
    assert scanner.scans == 3


async def test_a_whole_file_is_scanned_once_and_beside_its_sealing(scene: Scene) -> None:
    """Nothing is read back for the scanner; one that came in pieces is read back once."""
    scanner = scanned(scene.container)
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, PDF)
    begun = await scene.begin(staff, thread, message, len(PDF))
    await uploaded(scene.container, staff, begun, PDF[:50], PDF[50:])
    await scene.upload(staff, thread, message, b"")
    assert scanner.scans == 3
    expected = [Scan.CLEAN] * 3
    assert [checks.scan for checks in await checks_of(scene, staff, thread, message)] == expected


async def test_a_scan_that_breaks_beside_the_sealing_is_made_again(scene: Scene) -> None:
    """From the sealed parts: a scanner lets go of senders that are slow, and that is nobody's fault."""
    scanner = scanned(scene.container)
    scanner.breaks = 1
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, PDF)
    assert [found.scan for found in await checks_of(scene, staff, thread, message)] == [Scan.CLEAN]
    assert scanner.scans == 2


async def test_a_part_of_a_file_is_not_scanned_in_vain(scene: Scene) -> None:
    """A request that says that it brings less than the file costs the scanner nothing."""
    scanner = scanned(scene.container)
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(PDF))
    for start, end in pairwise((0, 20, len(PDF))):
        content = Content(declared_bytes=end - start, checksum=None)
        asked = Append(offset=start, length=None, content=content)
        await scene.container.uploading.append(staff, begun.upload, asked, pieces(PDF[start:end]))
    assert scanner.begun == scanner.scans == 1


async def test_what_a_failed_request_brought_is_not_looked_at(scene: Scene) -> None:
    """Only what counts as having arrived is what the file gives away."""
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(SCRIPT))
    await append(scene.container, staff, begun.upload, 0, SCRIPT[:1])
    with pytest.raises(DependencyError):
        await append(scene.container, staff, begun.upload, 1, b"XX", DependencyError())
    await append(scene.container, staff, begun.upload, 1, SCRIPT[1:])
    expected = (Finding.TYPE_DIFFERS, Finding.EXECUTABLE)
    assert [found.findings for found in await checks_of(scene, staff, thread, message)] == [expected]


async def test_a_verdict_is_never_that_of_other_bytes(scene: Scene) -> None:
    """Two requests race for the same offset with different bytes: what is stored is what was judged."""
    scanned(scene.container)
    staff, thread, message = await a_draft(scene)
    clean = MALWARE.replace(KNOWN, b"x" * len(KNOWN))
    raced: list[Upload] = []

    async def other() -> None:
        with suppress(PicError):
            await append(scene.container, staff, raced[-1].upload, 0, clean)

    outcomes = set()
    for tap in meetings(other):
        begun = await scene.begin(staff, thread, message, len(MALWARE))
        raced.append(begun)
        instance = scene.instance(tap)
        instance.scanning = scene.container.scanning
        with suppress(ContentRefusedError, ConflictError, NotFoundError):
            await append(instance, staff, begun.upload, 0, MALWARE)
        stored = [body for body in scene.bodies("upload|").values() if body["upload"] == begun.upload]
        if stored and stored[0]["state"] == UploadState.STORED:
            assert await scene.content(staff, thread, message, begun.file) == clean
            outcomes.add("clean")
        else:
            outcomes.add("gone")
    assert outcomes == {"clean", "gone"}


async def test_a_scanner_that_is_away_keeps_a_file_waiting(scene: Scene) -> None:
    """Nothing is lost and nothing is let through: who repeats the last request, or sends, has it stored later."""
    scanner = scanned(scene.container)
    scanner.is_down = True
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(PDF))
    with pytest.raises(DependencyError):
        await append(scene.container, staff, begun.upload, 0, PDF)
    assert (await scene.container.uploading.find(staff, begun.upload)).progress.state is UploadState.FULL
    with pytest.raises(DependencyError):
        await scene.container.sending.send(staff, thread, message)
    assert await checks_of(scene, staff, thread, message) == []
    scanner.is_down = False
    await scene.send(staff, thread, message)
    assert [found.scan for found in await checks_of(scene, scene.person(), thread, message)] == [Scan.CLEAN]


async def test_malware_that_is_found_when_the_draft_is_sent_leaves_it(scene: Scene) -> None:
    """The draft can then be sent without it."""
    scanner = scanned(scene.container)
    scanner.is_down = True
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(MALWARE))
    with pytest.raises(DependencyError):
        await append(scene.container, staff, begun.upload, 0, MALWARE)
    scanner.is_down = False
    with pytest.raises(ContentRefusedError):
        await scene.container.sending.send(staff, thread, message)
    assert await nothing_left(scene)
    await scene.send(staff, thread, message)


async def test_the_sweep_refuses_as_well(scene: Scene) -> None:
    """Nobody came back for a file whose scanner was away."""
    scanner = scanned(scene.container)
    scanner.is_down = True
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(MALWARE))
    with pytest.raises(DependencyError):
        await append(scene.container, staff, begun.upload, 0, MALWARE)
    scanner.is_down = False
    scene.container.clock.move(days=7, hours=2)
    await scene.container.retaining.sweep()
    assert await nothing_left(scene)


@pytest.mark.parametrize("is_down", [True, False])
async def test_a_scanner_that_may_be_away_lets_pass_and_it_shows(scene: Scene, *, is_down: bool) -> None:
    """Also a file that it finds too large; malware that it knows it still stops."""
    scanner = scanned(scene.container, is_required=False)
    scanner.is_down, scanner.most_bytes = is_down, 60
    staff, thread, message = await a_draft(scene)
    await scene.upload(staff, thread, message, PDF)
    await scene.send(staff, thread, message)
    expected = Scan.UNREACHABLE if is_down else Scan.TOO_LARGE
    assert [found.scan for found in await checks_of(scene, scene.person(), thread, message)] == [expected]


async def test_what_is_too_large_to_be_scanned_is_refused_where_it_must_be(scene: Scene) -> None:
    """It will not become smaller, so it need not be tried again."""
    scanned(scene.container).most_bytes = 60
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(PDF))
    with pytest.raises(ContentRefusedError) as refused:
        await append(scene.container, staff, begun.upload, 0, PDF)
    assert refused.value.rules == ("content-not-scanned",)
    assert await nothing_left(scene)


async def test_a_file_over_several_parts_is_judged_whole(scene: Scene) -> None:
    """Read back part by part, on an instance that saw nothing of it."""
    scanned(scene.container)
    content = os.urandom(9 * 1024 * 1024) + KNOWN
    staff, thread, message = await a_draft(scene)
    begun = await scene.begin(staff, thread, message, len(content))
    await uploaded(scene.container, staff, begun, content[:5_000_000])
    other = scene.instance()
    other.scanning = scene.container.scanning
    with pytest.raises(ContentRefusedError):
        await uploaded(other, staff, begun, content[5_000_000:])
    assert await nothing_left(scene)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_refusal_that_meets_trouble_is_finished(trouble: Trouble) -> None:
    """Wherever it stopped: nobody ever sees the file, and a sweep leaves nothing of it."""
    for tap in trouble():
        scene = await Scene.make()
        await refusing(scene, Finding.EXECUTABLE)
        staff, thread, message = await a_draft(scene)
        begun = await scene.container.uploading.begin(staff, new_upload(thread, message, len(SCRIPT)))
        with suppress(Crashed, PicError, ExceptionGroup):
            await append(scene.instance(tap), staff, begun.upload, 0, SCRIPT)
        assert await checks_of(scene, staff, thread, message) == []
        scene.container.clock.move(days=8)
        await scene.container.retaining.sweep()
        assert await nothing_left(scene)
        await scene.send(staff, thread, message)
