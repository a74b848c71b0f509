"""Which types a file may be of by its first bytes: ``puremagic``, in the words of the domain.

Its guesses among types that begin alike are left aside; all that fit are handed on.
"""

import puremagic

from shared.domain.content_findings import SniffedType


def sniffed_types(head: bytes) -> tuple[SniffedType, ...]:
    """The types whose signature stands in ``head``. Under a millisecond; reads no further than some kilobytes."""
    if not head:
        return ()
    try:
        found = puremagic.magic_string(head)
    except puremagic.PureError:  # What version 1 says where version 2 gives an empty list.
        return ()
    return tuple(
        SniffedType(extension=match.extension.removeprefix("."), matched_bytes=len(match.byte_match)) for match in found
    )
