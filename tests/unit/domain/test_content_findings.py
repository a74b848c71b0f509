"""What a file gives away: by its name, its head, its tail and the marks inside, however it came in pieces."""

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.content_types import sniffed_types
from shared.domain.content_checks import ContentChecks, ContentPolicy, Finding, Scan, parse_findings
from shared.domain.content_findings import findings
from shared.domain.content_looks import HEAD_BYTES, TAIL_BYTES, ContentLook
from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.zip_directories import zip_entries

OCTETS = "application/octet-stream"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"x" * 64
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
PE = b"MZ\x90\0\x03" + bytes(120)
BIDI = "\u202e"


def zipped(*names: str, method: int = zipfile.ZIP_DEFLATED, content: bytes = b"x" * 50) -> bytes:
    """A ZIP archive with entries of these names, as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def flagged(archive: bytes) -> bytes:
    """The same with its entries marked as encrypted."""
    at = archive.index(b"PK\x01\x02") + 8
    return archive[:at] + b"\x01" + archive[at + 1 :]


def wide(name: str) -> bytes:
    return name.encode("utf-16-le")


def found(content: bytes, name: str, media_type: str = OCTETS, *, step: int = 1 << 20) -> set[Finding]:
    """The findings, with the content in pieces of ``step`` bytes."""
    look = ContentLook()
    for start in range(0, len(content), step):
        look.update(content[start : start + step])
    return set(findings(look, name=name, media_type=media_type, types=sniffed_types(look.head)))


HARMLESS: Mapping[str, tuple[bytes, str]] = {
    "a PDF": (PDF, "application/pdf"),
    "beslut.pdf": (PDF, OCTETS),
    "bild.PNG": (PNG, "image/png"),
    "bild.jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(64), "image/jpeg"),
    "text.txt": (b"BM skrev: hej\n" * 9, "text/plain"),
    "iso.txt": ("Mårten åt räksmörgås".encode("latin-1"), "text/plain"),
    "lista.csv": (b"a;b;c\n1;2;3\n", "text/csv"),
    "brev.docx": (zipped("[Content_Types].xml", "word/document.xml"), OCTETS),
    "gammal.doc": (OLE, "application/msword"),
    "gammal rtf.doc": (b"{\\rtf1\\ansi hej}", "application/msword"),
    "ritning.dwg": (b"AC1027" + bytes(64), OCTETS),
    "rapport.2024.pdf": (PDF, OCTETS),
    "beslut.docx.pdf": (PDF, OCTETS),
    "arkiv.zip": (zipped("a.txt", "b/c.pdf"), "application/zip"),
    "tomt.zip": (zipped(), "application/zip"),
    "utan": (bytes(range(256)), OCTETS),
    "tom.pdf": (b"", "application/pdf"),
    "MZ.txt": (b"MZ ringde och sa att", "text/plain"),
    "okänd.sie": (b"#FLAGGA 0\n#FORMAT PC8\n", OCTETS),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_common_files_give_no_warning(name: str) -> None:
    """A warning that stands at every file is read by nobody."""
    content, media_type = HARMLESS[name]
    assert found(content, name, media_type) == set()


CASES: Mapping[str, tuple[bytes, str, str, set[Finding]]] = {
    "png called pdf": (PNG, "a.pdf", "application/pdf", {Finding.TYPE_DIFFERS}),
    "text called pdf": (b"hej", "a.pdf", OCTETS, {Finding.TYPE_DIFFERS}),
    "html called xls": (b"<!DOCTYPE html><html>", "a.xls", OCTETS, {Finding.TYPE_DIFFERS}),
    "png called text": (PNG, "a.txt", "text/plain", {Finding.TYPE_DIFFERS}),
    "pdf declared png": (PDF, "utan", "image/png", {Finding.TYPE_DIFFERS}),
    "png with an archive behind it": (PNG + zipped("a.txt"), "a.png", "image/png", {Finding.TYPE_DIFFERS}),
    "program": (PE, "utan", OCTETS, {Finding.EXECUTABLE}),
    "ELF": (b"\x7fELF\x02\x01\x01" + bytes(60), "utan", OCTETS, {Finding.EXECUTABLE}),
    "Mach-O": (bytes.fromhex("cffaedfe07000001") + bytes(60), "utan", OCTETS, {Finding.EXECUTABLE}),
    "shell script": (b"#!/bin/sh\nrm -rf /\n", "läs mig", "text/plain", {Finding.EXECUTABLE}),
    "shortcut": (bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(60), "a", OCTETS, {Finding.EXECUTABLE}),
    "JavaScript by its name": (b"alert(1)", "a.js", OCTETS, {Finding.EXECUTABLE}),
    "HTML application": (b"<html>", "a.HTA", OCTETS, {Finding.EXECUTABLE}),
    "empty program": (b"", "a.exe", OCTETS, {Finding.EXECUTABLE}),
    "program in an archive": (zipped("x/setup.exe"), "a.zip", OCTETS, {Finding.EXECUTABLE}),
    "program called pdf": (
        PE, "faktura.pdf", "application/pdf", {Finding.EXECUTABLE, Finding.TYPE_DIFFERS}
    ),
    "two extensions": (PE, "faktura.pdf.exe", OCTETS, {Finding.EXECUTABLE, Finding.DOUBLE_EXTENSION}),
    "an extension far to the right": (PE, "faktura" + " " * 40 + ".scr", OCTETS, {Finding.EXECUTABLE, Finding.DOUBLE_EXTENSION}),
    "macros in OOXML": (zipped("word/document.xml", "word/vbaProject.bin"), "a.docx", OCTETS, {Finding.MACROS}),
    "macros in capitals": (zipped("word/VBAPROJECT.BIN"), "a.docx", OCTETS, {Finding.MACROS}),
    "macros of Excel 4": (zipped("xl/macrosheets/sheet1.xml"), "a.xlsx", OCTETS, {Finding.MACROS}),
    "macros in ODF": (zipped("Basic/script-lc.xml"), "a.odt", OCTETS, {Finding.MACROS}),
    "macros in OLE": (OLE + wide("_VBA_PROJECT") + bytes(90), "a.doc", OCTETS, {Finding.MACROS}),
    "macros by the name": (zipped("a.xml"), "a.docm", OCTETS, {Finding.MACROS}),
    "macros far from head and tail": (
        b"PK\x03\x04" + bytes(HEAD_BYTES) + b"word/vbaProject.bin" + bytes(2 * TAIL_BYTES),
        "a.docx", OCTETS, {Finding.MACROS, Finding.ARCHIVE_UNREAD},
    ),
    "a way out of the folder": (zipped("../../etc/passwd"), "a.zip", OCTETS, {Finding.ARCHIVE_NAMES}),
    "another way out": (zipped("a\\..\\..\\b.txt"), "a.zip", OCTETS, {Finding.ARCHIVE_NAMES}),
    "an absolute path": (zipped("/etc/passwd"), "a.zip", OCTETS, {Finding.ARCHIVE_NAMES}),
    "a drive": (zipped("C:/a.txt"), "a.zip", OCTETS, {Finding.ARCHIVE_NAMES}),
    "a name turned around": (zipped(f"faktura{BIDI}fdp.txt"), "a.zip", OCTETS, {Finding.ARCHIVE_NAMES}),
    "encrypted archive": (flagged(zipped("a.txt")), "a.zip", OCTETS, {Finding.PASSWORD_PROTECTED}),
    "encrypted Word": (OLE + wide("EncryptedPackage") + bytes(90), "a.docx", OCTETS, {Finding.PASSWORD_PROTECTED}),
    "encrypted 7z": (
        bytes.fromhex("377abcaf271c") + bytes(90) + bytes.fromhex("06f10701") + bytes(9), "a.7z", OCTETS,
        {Finding.PASSWORD_PROTECTED, Finding.ARCHIVE_UNREAD},
    ),
    "encrypted RAR 5": (
        b"Rar!\x1a\x07\x01\0" + bytes(4) + b"\x21\x04" + bytes(40), "a.rar", OCTETS,
        {Finding.PASSWORD_PROTECTED, Finding.ARCHIVE_UNREAD},
    ),
    "encrypted RAR 4": (
        b"Rar!\x1a\x07\0" + b"\0\0\x73\x80\0\x0d\0" + bytes(40), "a.rar", OCTETS,
        {Finding.PASSWORD_PROTECTED, Finding.ARCHIVE_UNREAD},
    ),
    "gzip": (b"\x1f\x8b\x08" + bytes(40), "a.gz", OCTETS, {Finding.ARCHIVE_UNREAD}),
    "tar": (bytes(257) + b"ustar\x0000" + bytes(248), "a.tar", OCTETS, {Finding.ARCHIVE_UNREAD}),
    "a cut ZIP": (zipped("a.txt")[:60], "a.zip", OCTETS, {Finding.ARCHIVE_UNREAD}),
    "too long a directory": (zipped(*(f"{n:0200}" for n in range(700))), "a.zip", OCTETS, {Finding.ARCHIVE_UNREAD}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("step", [1 << 20, 7])
def test_a_trick_is_found_however_it_arrives(case: str, step: int) -> None:
    """In one piece, and in pieces that cut every signature."""
    content, name, media_type, expected = CASES[case]
    assert found(content, name, media_type, step=step) == expected


def test_the_other_name_of_an_entry_counts_as_well() -> None:
    """Many programs take the name in the extra field (Info-ZIP, 0x7075) and not the one in front of it."""
    inner = b"\x01" + bytes(4) + b"../evil.sh"
    info = zipfile.ZipInfo("a.txt")
    info.extra = struct.pack("<HH", 0x7075, len(inner)) + inner
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"x")
    assert found(out.getvalue(), "a.zip") == {Finding.ARCHIVE_NAMES, Finding.EXECUTABLE}


def test_a_large_archive_of_zip64_is_read() -> None:
    """Its sizes stand in a record of their own before the usual one."""
    archive = zipped("../a.txt")
    end = archive.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<HII", archive, end + 10)
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert found(archive[:end] + record + locator + tail, "a.zip") == {Finding.ARCHIVE_NAMES}


def test_memory_is_bounded_and_the_ends_are_exact() -> None:
    """Whatever the length; and a copy goes its own way."""
    look, content = ContentLook(), bytes(range(251)) * 8000
    for start in range(0, len(content), 70_001):
        look.update(memoryview(content)[start : start + 70_001])
    assert look.length == len(content)
    assert (look.head, look.tail) == (content[:HEAD_BYTES], content[-TAIL_BYTES:])
    assert len(look._tail) <= 3 * TAIL_BYTES
    twin = look.copy()
    twin.update(b"more")
    assert (look.length, look.tail) == (len(content), content[-TAIL_BYTES:])
    assert twin.tail == (content + b"more")[-TAIL_BYTES:]


@given(st.binary(max_size=300), st.text(max_size=40), st.integers(1, 9))
def test_nothing_that_arrives_breaks_the_checks(content: bytes, name: str, step: int) -> None:
    """Also when it begins or ends as an archive does; and pieces make no difference."""
    for shaped in (
        content,
        b"PK\x03\x04" + content,
        content + zipped("a")[-60:],
        OLE[:8] + content,
        b"Rar!\x1a\x07" + content,
    ):
        assert found(shaped, name, step=step) == found(shaped, name)


@given(st.binary(max_size=60), st.data())
def test_a_damaged_directory_is_read_whole_or_not_at_all(noise: bytes, data: st.DataObject) -> None:
    """Any bytes of it may be others."""
    archive = bytearray(zipped("a/b.txt", "c.txt"))
    for byte in noise:
        archive[data.draw(st.integers(0, len(archive) - 1))] = byte
    entries = zip_entries(bytes(archive))
    assert entries is None or all(entry.names for entry in entries)


@given(st.frozensets(st.sampled_from(Finding)), st.sampled_from(Scan))
def test_what_is_kept_reads_back(some: frozenset[Finding], scan: Scan) -> None:
    """And a policy refuses what it names, and malware always."""
    checks = ContentChecks(findings=tuple(sorted(some)), scan=scan)
    assert ContentChecks.of(checks.text()) == checks
    policy = ContentPolicy(refused=frozenset({Finding.MACROS}))
    assert ContentPolicy.of(policy.body()) == policy
    expected = {"content-malware"} if scan is Scan.FOUND else set()
    assert set(policy.refusals(checks)) == expected | ({"content-macros"} if Finding.MACROS in some else set())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings":["x"],"scan":"off"}', '{"findings":[],"scan":"x"}'])
def test_what_was_never_kept_does_not_read(text: str) -> None:
    """A record is written by us alone."""
    with pytest.raises(IntegrityError):
        ContentChecks.of(text)
    with pytest.raises(IntegrityError):
        ContentPolicy.of({"refused": ["x"]})


def test_words_of_an_operator() -> None:
    """Empty means that nothing is refused."""
    assert parse_findings("macros, executable") == {Finding.MACROS, Finding.EXECUTABLE}
    assert parse_findings("") == frozenset()
    with pytest.raises(InvalidInputError):
        parse_findings("macros,viruses")
