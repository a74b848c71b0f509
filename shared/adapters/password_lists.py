"""The two lists that passwords are judged by, read from the package on first use.

Words: the 40,000 most frequent of English and of Swedish, four letters or longer. Breached: what attackers try first,
as sorted hashes of 40 bits, so that a million passwords are half a megabyte and nobody reads them here. With 112,130
entries a password that is not among them is taken for one in 1 of 10 million. ``lists/NOTICE.md`` says whose they
are; ``python -m local.password_lists`` makes them.
"""

import hashlib
import lzma
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Final

LISTS: Final = Path(__file__).resolve().parent / "lists"
WORDS_FILE: Final = LISTS / "words.xz"
BREACHED_FILE: Final = LISTS / "breached.bin"

ENTRY_BYTES: Final = 5
"""Of a hash in the list of breached passwords."""


def folded(text: str) -> str:
    """``text`` as the list knows it: whoever tries ``password`` tries ``Password`` as well."""
    return unicodedata.normalize("NFC", text).casefold()


def breached_entry(text: str) -> bytes:
    """The entry of a folded text. No secret: the list itself is public."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=ENTRY_BYTES).digest()


class PasswordLists:
    """Looks up. Holds about 8 MB once words were asked for, and half a megabyte for the other."""

    @cached_property
    def words(self) -> frozenset[str]:
        """In lower case."""
        return frozenset(lzma.decompress(WORDS_FILE.read_bytes()).decode().split("\n"))

    def is_breached(self, text: str) -> bool:
        """Whether ``text`` is in the list, in any letter case, also with symbols or spaces around it."""
        whole = folded(text)
        first = next((place for place, letter in enumerate(whole) if letter.isalnum()), 0)
        last = next((place for place, letter in enumerate(reversed(whole)) if letter.isalnum()), 0)
        return self._has(whole) or self._has(whole[first : len(whole) - last])

    @cached_property
    def _entries(self) -> bytes:
        return BREACHED_FILE.read_bytes()

    def _has(self, text: str) -> bool:
        entry, low, high = breached_entry(text), 0, len(self._entries) // ENTRY_BYTES
        while low < high:
            middle = (low + high) // 2
            if self._entries[middle * ENTRY_BYTES : (middle + 1) * ENTRY_BYTES] < entry:
                low = middle + 1
            else:
                high = middle
        return self._entries[low * ENTRY_BYTES : (low + 1) * ENTRY_BYTES] == entry
