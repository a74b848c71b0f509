"""The body of a record as bytes: compact JSON in UTF-8, the same in every store.

Stores that keep JSON as such change it (every number becomes a double, depth is limited), so the adapters store
these bytes and nothing is lost: what is read equals what was written, tuples becoming lists.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.errors import IntegrityError, TooLargeError
from shared.domain.ports import MAX_BODY_BYTES, Body


def encode_body(body: Body) -> bytes:
    """The bytes of ``body``.

    Raises:
        ValueError: it holds a number that is not finite, or a text that UTF-8 cannot hold (a lone surrogate).
        TooLargeError: more than ``MAX_BODY_BYTES``.
    """
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        # The vendor's error would carry the whole text along.
        raise ValueError("a text in the body has no form in UTF-8") from None
    if len(encoded) > MAX_BODY_BYTES:
        raise TooLargeError(MAX_BODY_BYTES)
    return encoded


def decode_body(encoded: bytes | str) -> Body:
    """The inverse. Raises ``IntegrityError`` for anything that ``encode_body`` does not make."""
    try:
        body = json.loads(encoded)
    except (ValueError, RecursionError) as exc:
        raise IntegrityError from exc
    if not isinstance(body, dict):
        raise IntegrityError
    return body


def _plain(value: object) -> dict[Any, Any] | list[Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError("not JSON")
