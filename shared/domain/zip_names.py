"""Names of files inside one ZIP: bare, no two alike on any file system, none that a system keeps for a device."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from shared.domain import texts

_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.IGNORECASE
)
"""What Windows takes for a device, whatever the ending."""

_ENDING_MAX_BYTES: Final = 32
"""What follows the last dot and is longer is no ending that a number has to stand before."""


def zip_names(names: Iterable[str]) -> list[str]:
    """The names to extract to, in the same order: as given where that is safe, else numbered or with a first ``_``.

    Raises ``InvalidInputError`` for a name that is not bare (``texts.file_name``): it has no business in a manifest.
    """
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        free = next(one for one in _candidates(texts.file_name(name)) if _folded(one) not in taken)
        taken.add(_folded(free))
        found.append(free)
    return found


def _candidates(name: str) -> Iterator[str]:
    plain = f"_{name}" if _DEVICE.fullmatch(name) else name
    stem, dot, ending = plain.rpartition(".")
    if not stem or len(ending.encode()) > _ENDING_MAX_BYTES:
        stem, dot, ending = plain, "", ""
    yield _fitted(stem, dot + ending)
    for number in count(2):
        yield _fitted(stem, f" ({number}){dot}{ending}")


def _fitted(stem: str, end: str) -> str:
    room = texts.FILE_NAME_MAX_BYTES - len(end.encode())
    return stem.encode()[:room].decode(errors="ignore") + end


def _folded(name: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
