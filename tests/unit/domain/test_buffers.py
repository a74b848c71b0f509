"""Large buffers are all alike, whatever they are for, and nothing else takes more than it needs."""

import pytest

from shared.crypto.parts import PART_BYTES, buffer_length, sealed_length
from shared.domain.buffers import ALIKE_BYTES, room_for


def test_a_part_is_sealed_and_fetched_in_buffers_of_one_length() -> None:
    """The heap gives the hole of one to the next, whichever of the two it is."""
    assert buffer_length(PART_BYTES) == room_for(sealed_length(PART_BYTES)) == ALIKE_BYTES


@pytest.mark.parametrize("length", [0, 1, 1024 * 1024, PART_BYTES // 2, ALIKE_BYTES + 1, 16 * PART_BYTES])
def test_other_lengths_get_what_they_ask_for(length: int) -> None:
    assert room_for(length) == length


@pytest.mark.parametrize("length", [PART_BYTES // 2 + 1, PART_BYTES, ALIKE_BYTES])
def test_large_ones_get_as_much_as_the_largest(length: int) -> None:
    assert room_for(length) == ALIKE_BYTES
