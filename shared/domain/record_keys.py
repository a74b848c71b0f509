r"""Which texts may name a partition, an id, or a bound of an id range: the same in every store.

The alphabet is what Table storage, Cosmos DB and an address all take without escaping a character that one of them
forbids (``/ \ # ?`` and control characters), so that no key needs translation.
"""

import re

LONGEST_KEY = 255
"""Characters. Cosmos DB takes 255 in an id for certain; Table storage 512 in a key."""

LARGEST_LIMIT = 1000
"""Records a page. What Table storage answers at most."""

_KEY = re.compile(rf"[0-9A-Za-z|._-]{{1,{LONGEST_KEY}}}")
_BOUND = re.compile(rf"[ -~]{{0,{LONGEST_KEY + 1}}}")


def check_key(*keys: str) -> None:
    """Return if each of ``keys`` may be a partition or an id.

    ``.`` and ``..`` may not: in the path of an address they would name something else.

    Raises:
        ValueError: one may not. The text does not repeat it.
    """
    for key in keys:
        if _KEY.fullmatch(key) is None or key in {".", ".."}:
            raise ValueError("not a key of a record")


def check_range(start: str, end: str | None, limit: int) -> None:
    """Return if a query may have these bounds.

    They are printable ASCII, not keys: ``}`` ends the range of what begins with ``|``.

    Raises:
        ValueError: it may not.
    """
    if any(bound is not None and _BOUND.fullmatch(bound) is None for bound in (start, end)):
        raise ValueError("not a bound of an id range")
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ValueError("limit out of range")


def check_continuation(continuation: str) -> str:
    """The id after which the next page begins. Our continuations are that id: they outlive inserts and deletes.

    Raises:
        ValueError: no query gave this continuation.
    """
    check_key(continuation)
    return continuation
