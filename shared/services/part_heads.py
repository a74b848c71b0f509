"""Heads of parts that were read lately: who reads a file range by range needs the same one each time."""

from collections import OrderedDict
from typing import Final

MOST: Final = 1024
"""Heads that are kept, some 300 bytes each."""


class PartHeads:
    """By blob and place in it, those used longest ago forgotten first.

    A head is no secret (``docs/file-format.md`` section 5.1), and says nothing of whether its part may be read, or is
    still there. It was kept after its part had verified with it.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._heads: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def get(self, blob: str, sealed_at: int) -> bytes | None:
        """The head of the part that begins at this byte, if it is kept."""
        if (found := self._heads.get((blob, sealed_at))) is not None:
            self._heads.move_to_end((blob, sealed_at))
        return found

    def keep(self, blob: str, sealed_at: int, head: bytes) -> None:
        """Keep it, in place of one that was kept before."""
        self._heads[blob, sealed_at] = head
        self._heads.move_to_end((blob, sealed_at))
        while len(self._heads) > self._most:
            self._heads.popitem(last=False)


HEADS: Final = PartHeads()
"""Those of this process."""
