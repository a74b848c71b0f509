"""What is remembered of a plaintext while it streams by: its head, its tail, and marks inside. Constant memory.

Nothing here decides; ``shared.domain.content_findings`` does, when the last byte has come.
"""

from typing import Final

HEAD_BYTES: Final = 4 * 1024
"""Signatures of the types that matter stand in the first 600 bytes; a PE header may stand some hundred further."""

TAIL_BYTES: Final = 128 * 1024
"""The directory of a ZIP archive stands at its end, with 46 bytes and a name for each entry: 1500 entries fit."""

ZIP_HEAD: Final = b"PK\x03\x04"
OLE_HEAD: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_LONGEST_HEAD = 8

VBA_PROJECT: Final = b"vbaProject.bin"
EXCEL_4_MACROS: Final = b"xl/macrosheets/"
BASIC_MACROS: Final = b"Basic/script-lc.xml"
OLE_VBA: Final = "_VBA_PROJECT".encode("utf-16-le")
OLE_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")

_MARKS: Final = {ZIP_HEAD: (VBA_PROJECT, EXCEL_4_MACROS, BASIC_MACROS), OLE_HEAD: (OLE_VBA, OLE_ENCRYPTED)}
"""Names of streams and entries, by what a file begins with. Compound files have their directory anywhere."""

_SEAM = max(len(mark) for marks in _MARKS.values() for mark in marks) - 1


class ContentLook:
    """The first ``HEAD_BYTES``, the last ``TAIL_BYTES``, the length, and which marks were met."""

    def __init__(self) -> None:
        self.length = 0
        self.marks: frozenset[bytes] = frozenset()
        self._head = bytearray()
        self._tail = bytearray()

    @property
    def head(self) -> bytes:
        return bytes(self._head)

    @property
    def tail(self) -> bytes:
        """The end of the file; all of it, if it is no longer than that."""
        return bytes(self._tail[-TAIL_BYTES:])

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        piece = bytes(data) if isinstance(data, memoryview) else data
        self.length += len(piece)
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
        self._mark(piece)
        if len(piece) >= TAIL_BYTES:
            self._tail[:] = piece[-TAIL_BYTES:]
        else:
            self._tail += piece
            if len(self._tail) > 2 * TAIL_BYTES:
                del self._tail[:-TAIL_BYTES]

    def _mark(self, piece: bytes | bytearray) -> None:
        head = bytes(self._head[:_LONGEST_HEAD])
        for begins, marks in _MARKS.items():
            if head.startswith(begins):
                missing = [mark for mark in marks if mark not in self.marks]
                seam = bytes(self._tail[-_SEAM:]) + piece[:_SEAM]
                self.marks |= {mark for mark in missing if mark in seam or mark in piece}

    def copy(self) -> "ContentLook":
        twin = ContentLook()
        twin.length, twin.marks = self.length, self.marks
        twin._head, twin._tail = self._head.copy(), self._tail.copy()
        return twin
