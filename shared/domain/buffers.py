"""How large the buffers are that whole parts are sealed, fetched and unsealed into: all of one length."""

from typing import Final

from shared.domain.manifest import PART_BYTES

ALIKE_BYTES: Final = PART_BYTES + 64 * 1024
"""A part with all that sealing puts around it, and what the ciphers want beyond that."""


def room_for(length: int) -> int:
    """How many bytes to allocate for ``length`` of them: as many for every large part.

    Lengths that differ by a few kilobytes leave holes in the heap which the next one just does not fit into; a
    transfer then takes a part's memory more than it uses. Small ones, and none so large, get what they ask for.
    """
    return ALIKE_BYTES if PART_BYTES // 2 < length <= ALIKE_BYTES else length
