"""All files of a message as one ZIP, written while they are read: nothing of it is ever held as a whole.

Each file is asked for in its turn, as if it were fetched by itself: may they still, audit first, verified before it
is released, a receipt when it is. The entries are stored as they are, because most of what people send is compressed
already; so the length of the whole is known before its first byte (APPNOTE 6.3.10, sections 4.3 and 4.4).
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from shared.domain.byte_ranges import ByteRange
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.principals import Principal
from shared.domain.zip_names import zip_names
from shared.services.retrieving import Retrieving

_LIMIT: Final = 2**31 - 1
"""From here on ``zipfile`` writes ZIP64: it keeps to what readers with signed numbers take."""
_MAX_ENTRIES: Final = 2**16 - 1
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16
"""A regular file that its owner may write: the mode in the upper half of the external attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a bundle. ``length`` in bytes."""

    file: FileId
    name: str = field(repr=False)
    length: int


class _Outlet:
    """Where ``ZipFile`` writes. It cannot seek, so lengths and checksums stand behind the content of each entry."""

    def __init__(self) -> None:
        self._written: list[bytes | bytearray] = []

    def write(self, data: bytes | bytearray) -> int:
        self._written.append(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits here but what is taken."""

    def close(self) -> None:
        """Nothing to end."""

    def take(self) -> list[bytes | bytearray]:
        """What was written since the last time."""
        written, self._written = self._written, []
        return written


class Bundle:
    """The files of one message, ready to be streamed as ``length`` bytes of ZIP."""

    def __init__(
        self,
        *,
        retrieving: Retrieving,
        reader: Principal,
        place: tuple[ThreadId, MessageId],
        entries: Sequence[Entry],
        at: datetime,
    ) -> None:
        self.entries = entries
        self.length = bundle_length(entries)
        self.at = at
        self._retrieving = retrieving
        self._reader = reader
        self._place = place

    async def read(self) -> AsyncGenerator[bytes | bytearray, None]:
        """The ZIP, piece by piece; the first one once the first piece of content has verified.

        Raises as ``Retrieving.fetch`` and ``FetchableFile.read``, in the middle as well: the caller must not let the
        short stream look whole.
        """
        outlet = _Outlet()
        with ZipFile(outlet, "w", ZIP_STORED) as bundle:
            for entry in self.entries:
                found = await self._retrieving.fetch(self._reader, *self._place, entry.file)
                with bundle.open(_info(entry, self.at), "w", force_zip64=entry.length > _LIMIT) as into:
                    async with aclosing(found.read(ByteRange(start=0, end=entry.length))) as pieces:
                        async for piece in pieces:
                            await asyncio.to_thread(into.write, piece)  # Its checksum takes as long as a short wait.
                            for data in outlet.take():
                                yield data
        for data in outlet.take():
            yield data


class Bundling:
    """Puts the files of a message together for whoever may see them."""

    def __init__(self, *, retrieving: Retrieving) -> None:
        self._retrieving = retrieving

    async def bundle(self, principal: Principal, thread: ThreadId, message: MessageId) -> Bundle:
        """All stored files of a message, in their order. Raises ``NotFoundError``, also when there is none."""
        kept = await self._retrieving.fetch_all(principal, thread, message)
        names = zip_names(manifest.name for _, manifest in kept.files)
        entries = [
            Entry(file=file, name=name, length=manifest.total_length)
            for name, (file, manifest) in zip(names, kept.files, strict=True)
        ]
        return Bundle(
            retrieving=self._retrieving, reader=principal, place=(thread, message), entries=entries, at=kept.at
        )


def _info(entry: Entry, at: datetime) -> ZipInfo:
    utc = at.astimezone(UTC)
    info = ZipInfo(entry.name, (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second))
    info.create_system, info.external_attr = _UNIX, _READABLE
    return info


def bundle_length(entries: Sequence[Entry]) -> int:
    """Bytes of the ZIP of these entries, as ``zipfile`` writes it to where it cannot seek."""
    content = directory = 0
    for entry in entries:
        name, is_large = len(entry.name.encode()), entry.length > _LIMIT
        wide = 8 * (2 * is_large + (content > _LIMIT))
        directory += 46 + name + (4 + wide if wide else 0)
        content += 30 + name + entry.length + (20 + 24 if is_large else 16)
    needs_zip64 = len(entries) > _MAX_ENTRIES or max(content, directory) > _LIMIT
    return content + directory + 22 + (56 + 20 if needs_zip64 else 0)
