"""Which names of blobs and blocks every adapter of ``Blobs`` takes, and which other arguments."""

import re
from collections.abc import Sequence

_BLOB = re.compile(r"[0-9A-Za-z/._-]{1,255}", re.ASCII)
_MAX_BLOCK_LENGTH = 64
_NOT_A_NAME = frozenset({"", ".", ".."})


def check_blob(blob: str) -> None:
    """Raises ``ValueError`` for a name outside the contract.

    Segments that a path normaliser would drop are refused as well: ``a/../b`` would become another blob on the wire.
    """
    if _BLOB.fullmatch(blob) is None or not _NOT_A_NAME.isdisjoint(blob.split("/")):
        raise ValueError("blob name")


def check_block(block: str, data: bytes | bytearray | memoryview) -> None:
    """Raises ``ValueError`` for an id of wrong length, or for no data: Azure has no empty blocks."""
    check_blocks([block])
    if not data:
        raise ValueError("block data")


def check_blocks(blocks: Sequence[str]) -> None:
    """Raises ``ValueError`` for an id of wrong length, or ids of one blob that differ in length."""
    lengths = {len(block.encode()) for block in blocks}
    if len(lengths) > 1 or not lengths <= set(range(1, _MAX_BLOCK_LENGTH + 1)):
        raise ValueError("block id")


def check_range(offset: int, length: int) -> None:
    """Raises ``ValueError`` for a negative offset or a length below 1."""
    if offset < 0 or length < 1:
        raise ValueError("range")
