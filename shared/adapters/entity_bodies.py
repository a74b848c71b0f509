"""How a body lies in an entity of Table storage: in pieces of 64 KiB, and packed where it would not fit.

An entity holds at most 1 MiB with its keys and names, and so does a body. A body that leaves no room for them is
packed with Huffman codes. That always suffices: JSON in UTF-8 uses at most 211 of the 256 byte values (no control
characters; 0x20-0x7f, 0x80-0xbf, 0xc2-0xf4), so its codes take at most log2(211) + 0.1 = 7.82 bits for each byte, and
1 MiB becomes at most 1,025,000 bytes and 7,000 of tables. Nothing ever spills into a second entity, so that every
read and every write stays one request and one whole.
"""

import zlib
from collections.abc import Mapping

from shared.domain.errors import IntegrityError
from shared.domain.ports import MAX_BODY_BYTES

LARGEST_ENTITY_BYTES = 1024 * 1024
LARGEST_PROPERTY_BYTES = 64 * 1024

PLAIN_BYTES = 1_000_000
"""Bodies up to here are stored as they are. Leaves 48 KB for keys, names and overhead, which take 3 KB."""

_PIECES = tuple(f"body{index:02d}" for index in range(LARGEST_ENTITY_BYTES // LARGEST_PROPERTY_BYTES))
_PACKED = "packed"


def to_properties(encoded: bytes) -> dict[str, bytes | bool]:
    """The properties that hold ``encoded`` (at most ``MAX_BODY_BYTES`` of JSON in UTF-8)."""
    properties: dict[str, bytes | bool] = {}
    if len(encoded) > PLAIN_BYTES:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, memLevel=9, strategy=zlib.Z_HUFFMAN_ONLY)
        encoded = packer.compress(encoded) + packer.flush()
        properties[_PACKED] = True
    for index, offset in enumerate(range(0, len(encoded), LARGEST_PROPERTY_BYTES)):
        properties[_PIECES[index]] = encoded[offset : offset + LARGEST_PROPERTY_BYTES]
    return properties


def from_properties(entity: Mapping[str, object]) -> bytes:
    """The inverse. Raises ``IntegrityError`` when the entity holds something else."""
    pieces = [entity[name] for name in _PIECES if name in entity]
    if not pieces or not all(isinstance(piece, bytes) for piece in pieces):
        raise IntegrityError
    encoded = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    if entity.get(_PACKED) is not True:
        return encoded
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(encoded, MAX_BODY_BYTES)
    except zlib.error as exc:
        raise IntegrityError from exc
    if not unpacker.eof:
        raise IntegrityError
    return unpacked


def entity_bytes(partition: str, row: str, properties: Mapping[str, bytes | bool | str]) -> int:
    """What Azure counts for an entity against the 1 MiB.

    Source: "Understanding the Table service data model" and the formula for capacity in the billing notes of
    Azure Storage: 4 bytes, twice the characters of both keys, and for each property 8 bytes, twice the characters of
    its name, and its value (a text twice its characters and 4, bytes their number and 4, a truth value 1). The
    timestamp that the service adds is a property too.
    """
    timestamp = 8 + 2 * len("Timestamp") + 8
    size = 4 + 2 * (len(partition) + len(row)) + timestamp
    for name, value in properties.items():
        size += 8 + 2 * len(name)
        match value:
            case bool():
                size += 1
            case str():
                size += 4 + 2 * len(value)
            case bytes():
                size += 4 + len(value)
    return size
