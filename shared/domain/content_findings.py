"""The rules by which a file's name, declared type, head and tail give findings (``shared.domain.content_checks``).

They are for warnings that people act on, so a rule that often cries wolf is worse than none: a type differs only
where the name or the declared type claims one of which we know how it begins.
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.content_checks import Finding
from shared.domain.content_looks import OLE_ENCRYPTED, ZIP_HEAD, ContentLook
from shared.domain.texts import misleads
from shared.domain.zip_directories import ZipEntry, zip_entries


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXECUTABLES: Final = frozenset(
    [
        "apk",
        "app",
        "appimage",
        "application",
        "appref-ms",
        "bat",
        "bin-sh",
        "chm",
        "cmd",
        "com",
        "command",
        "cpl",
        "deb",
        "dll",
        "dmg",
        "exe",
        "gadget",
        "hta",
        "inf",
        "iso",
        "img",
        "jar",
        "js",
        "jse",
        "lnk",
        "msc",
        "msi",
        "msix",
        "msp",
        "pif",
        "pkg",
        "ps1",
        "psm1",
        "py",
        "reg",
        "rpm",
        "scf",
        "scr",
        "sh",
        "sys",
        "url",
        "vbe",
        "vbs",
        "vhd",
        "vhdx",
        "wsf",
        "wsh",
        "xll",
    ]
)
"""Extensions that a double click runs, mounts or installs on some system."""

_DOCUMENTS: Final = frozenset(
    [
        "avi",
        "bmp",
        "csv",
        "doc",
        "docx",
        "eml",
        "gif",
        "heic",
        "htm",
        "html",
        "jpeg",
        "jpg",
        "mov",
        "mp3",
        "mp4",
        "msg",
        "odp",
        "ods",
        "odt",
        "pdf",
        "png",
        "ppt",
        "pptx",
        "rtf",
        "svg",
        "tif",
        "tiff",
        "txt",
        "webp",
        "xls",
        "xlsx",
        "xml",
        "zip",
    ]
)
_MACRO_DOCUMENTS: Final = frozenset(
    ["docm", "dotm", "potm", "ppam", "ppsm", "pptm", "sldm", "xlam", "xlsb", "xlsm", "xltm"]
)
_ARCHIVES: Final = frozenset(
    ["7z", "arj", "bz2", "cab", "gz", "lha", "lz", "lzh", "rar", "tar", "tgz", "xz", "z", "zst"]
)
_TEXTS: Final = frozenset(["csv", "htm", "html", "ics", "json", "log", "md", "svg", "txt", "vcf", "xml", "yaml", "yml"])

_ZIP_BASED: Final = frozenset({"zip"})
_OFFICE: Final = frozenset(["docm", "docx", "dotm", "dotx", "pptm", "pptx", "xlsb", "xlsm", "xlsx", "xltm", "xltx"])
_OLE_BASED: Final = frozenset({"doc", "xls", "ppt"})
_BEGINNINGS: Final = {
    "pdf": frozenset({"pdf"}),
    "png": frozenset({"png"}),
    "gif": frozenset({"gif"}),
    "webp": frozenset({"webp"}),
    "bmp": frozenset({"bmp"}),
    "rtf": frozenset({"rtf"}),
    "7z": frozenset({"7z"}),
    "rar": frozenset({"rar"}),
    "gz": frozenset({"gz"}),
    **dict.fromkeys(("jpg", "jpeg"), frozenset({"jpg", "jpeg"})),
    **dict.fromkeys(("tif", "tiff"), frozenset({"tif", "tiff"})),
    **dict.fromkeys(("zip", "odt", "ods", "odp", "epub"), _ZIP_BASED),
    **dict.fromkeys(_OFFICE, _ZIP_BASED),
    # Old Office opens RTF under its own extension, and writers made use of that.
    "doc": _OLE_BASED | {"rtf"},
    **dict.fromkeys(("xls", "ppt", "msg"), _OLE_BASED),
}
"""Which beginnings a claimed extension may have, by the extensions that the sniffer gives."""

_CLAIMS: Final = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tif",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/html": "html",
}

_PROGRAM_HEADS: Final = (
    b"\x7fELF",
    b"#!",
    b"\xef\xbb\xbf#!",
    bytes.fromhex("feedface"),
    bytes.fromhex("feedfacf"),
    bytes.fromhex("cefaedfe"),
    bytes.fromhex("cffaedfe"),
    bytes.fromhex("cafebabe"),  # Mach-O for several processors, and classes of Java
    bytes.fromhex("4c0000000114020000000000c000000000000046"),  # a shortcut of Windows
)
_ARCHIVE_HEADS: Final = (
    bytes.fromhex("377abcaf271c"),
    b"Rar!\x1a\x07",
    b"\x1f\x8b",
    b"BZh",
    bytes.fromhex("fd377a585a00"),
    bytes.fromhex("28b52ffd"),
    b"MSCF\0\0\0\0",
)
_7Z_HEAD: Final = _ARCHIVE_HEADS[0]
_7Z_AES: Final = bytes.fromhex("06f10701")
_RAR_4: Final = b"Rar!\x1a\x07\0"
_RAR_5: Final = b"Rar!\x1a\x07\x01\0"
_RAR_4_HEADERS_ENCRYPTED: Final = 0x80
_RAR_5_ENCRYPTION: Final = 4
_TAR_MAGIC: Final = slice(257, 262)

_MANY_BLANKS: Final = re.compile(r"\s{4,}")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_STRONG_BYTES: Final = 3
_STRONG_BYTES_OF_TEXT: Final = 4
"""A signature that is shorter than that says nothing: a text may begin with ``BM`` or ``II``."""


@dataclass(frozen=True, slots=True)
class SniffedType:
    """What a file may be by its bytes: an extension without dot, and how many bytes say so."""

    extension: str
    matched_bytes: int


def findings(look: ContentLook, *, name: str, media_type: str, types: tuple[SniffedType, ...]) -> tuple[Finding, ...]:
    """All findings about a whole plaintext, in the order of the list. ``types`` are the sniffer's for ``look.head``."""
    head, tail = look.head, look.tail
    extension, earlier = _extensions(name)
    entries = zip_entries(tail)
    is_zip = head.startswith((ZIP_HEAD, b"PK\x05\x06"))
    is_archive = head.startswith(_ARCHIVE_HEADS) or head[_TAR_MAGIC] == b"ustar" or extension in _ARCHIVES
    names = [name for entry in entries or () for name in entry.names]
    found = {
        Finding.TYPE_DIFFERS: _differs(look, extension, media_type, types) or (bool(entries) and not is_zip),
        Finding.EXECUTABLE: extension in EXECUTABLES
        or _is_program(head)
        or any(_extensions(inner)[0] in EXECUTABLES for inner in names),
        Finding.MACROS: extension in _MACRO_DOCUMENTS
        or bool(look.marks - {OLE_ENCRYPTED})
        or any(inner.lower().endswith("vbaproject.bin") for inner in names),
        Finding.ARCHIVE_NAMES: any(_is_tricky(inner) for inner in names),
        Finding.ARCHIVE_UNREAD: is_archive or (is_zip and entries is None),
        Finding.DOUBLE_EXTENSION: extension in EXECUTABLES
        and (earlier in _DOCUMENTS or bool(_MANY_BLANKS.search(name))),
        Finding.PASSWORD_PROTECTED: _is_encrypted(look, entries or ()),
    }
    return tuple(finding for finding in Finding if found[finding])


def _extensions(name: str) -> tuple[str, str]:
    """The last extension and the one before it, lower case; empty where there is none."""
    parts = [part.strip().lower() for part in re.split(r"[/\\]", name)[-1].rstrip(". ").split(".")]
    return (parts[-1] if len(parts) > 1 else "", parts[-2] if len(parts) > 2 else "")  # noqa: PLR2004 - name, two extensions


def _differs(look: ContentLook, extension: str, media_type: str, types: tuple[SniffedType, ...]) -> bool:
    if not look.length:
        return False
    needed = _STRONG_BYTES_OF_TEXT if _is_text(look.head) else _STRONG_BYTES
    given = {found.extension for found in types}
    strong = {found.extension for found in types if found.matched_bytes >= needed}
    is_encrypted_office = OLE_ENCRYPTED in look.marks

    def contradicts(claim: str) -> bool:
        if claim in _BEGINNINGS:
            is_office = claim in _OFFICE and is_encrypted_office
            return not is_office and given.isdisjoint(_BEGINNINGS[claim])
        return claim in _TEXTS and bool(strong) and strong.isdisjoint(_TEXTS) and not _is_text(look.head)

    return contradicts(extension) or contradicts(_CLAIMS.get(media_type, ""))


def _is_text(head: bytes) -> bool:
    """UTF-8 without NUL, as far as it goes: a character may be cut at the end of the head."""
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as fault:
        return fault.start >= len(head) - 3
    return True


def _is_program(head: bytes) -> bool:
    # ``MZ`` alone may begin a text; the header of a program has zeros soon.
    return head.startswith(_PROGRAM_HEADS) or (head.startswith(b"MZ") and b"\0" in head[:64])


def _is_tricky(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return misleads(name) or ".." in parts or not parts[0] or _DRIVE.match(name) is not None


def _is_encrypted(look: ContentLook, entries: tuple[ZipEntry, ...]) -> bool:
    head = look.head
    if head.startswith(_7Z_HEAD):
        return _7Z_AES in look.tail
    if head.startswith(_RAR_5):
        # A checksum of four bytes, the length of the header in one, its kind in the next.
        return len(head) > 13 and head[13] == _RAR_5_ENCRYPTION  # noqa: PLR2004 - the offset of the kind
    if head.startswith(_RAR_4):
        return len(head) > 10 and bool(head[10] & _RAR_4_HEADERS_ENCRYPTED)  # noqa: PLR2004 - the offset of the flags
    return OLE_ENCRYPTED in look.marks or any(entry.is_encrypted for entry in entries)
