"""Searching what a store keeps on disk, and what was logged, for something that must not be there."""

import base64
import mmap
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

SAMPLE_BYTES: Final = 48
SAMPLES: Final = 8
MIN_DISTINCT: Final = 12
"""Different byte values that make a sample unlikely to occur by chance, unlike a run of zeros."""

MIN_NAME_BYTES: Final = 6
"""Shorter names occur everywhere and prove nothing."""


def content_samples(file: Path) -> list[bytes]:
    """Stretches of the file that would be found if any of it were stored in clear; none if it has no such stretch."""
    size = file.stat().st_size
    if size < SAMPLE_BYTES:
        whole = file.read_bytes()
        return [whole] if len(set(whole)) >= MIN_DISTINCT else []
    places = random.Random(size)  # noqa: S311 - the same file is searched for at the same places
    offsets = [0, size - SAMPLE_BYTES, *(places.randrange(size - SAMPLE_BYTES + 1) for _ in range(SAMPLES - 2))]
    found: list[bytes] = []
    with file.open("rb") as content:
        for offset in offsets:
            content.seek(offset)
            found.append(content.read(SAMPLE_BYTES))
    return [sample for sample in found if len(set(sample)) >= MIN_DISTINCT]


def name_forms(name: str) -> list[bytes]:
    """How a name might stand in a store: plainly, in UTF-16, in base64 at each of its three alignments."""
    plain = name.encode()
    if len(plain) < MIN_NAME_BYTES:
        return []
    aligned = [base64.b64encode(bytes(shift) + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, name.encode("utf-16-le"), *(form for form in aligned if len(form) >= MIN_NAME_BYTES)]


def number_forms(digits: str) -> list[bytes]:
    """How a personal number might stand in a store or a log: with the century, with the hyphen, without either."""
    spellings = [digits, f"{digits[:8]}-{digits[8:]}", f"{digits[2:8]}-{digits[8:]}", digits[2:]]
    return [form for spelling in spellings for form in name_forms(spelling)]


def files_below(folder: Path) -> Iterator[Path]:
    """Every file a store keeps there, without its log."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".log")


def logs_below(folder: Path) -> Iterator[Path]:
    """Every log there, of whichever process."""
    return (path for path in sorted(folder.rglob("*.log")) if path.is_file())


def where_found(folder: Path, needles: Sequence[bytes]) -> Path | None:
    """The first file that a store keeps below ``folder`` and that holds one of these, if any."""
    return _first(files_below(folder), needles)


def where_logged(folder: Path, needles: Sequence[bytes]) -> Path | None:
    """The first log below ``folder`` that holds one of these, if any."""
    return _first(logs_below(folder), needles)


def _first(paths: Iterable[Path], needles: Sequence[bytes]) -> Path | None:
    for path in paths:
        if path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if any(content.find(needle) >= 0 for needle in needles):
                return path
    return None
