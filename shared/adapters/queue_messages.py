"""How a message is written, and which messages every adapter of ``Queues`` takes."""

import json
from collections.abc import Mapping

MAX_MESSAGE_BYTES = 32 * 1024
"""As JSON. A queue takes 64 KiB, of which base64 uses a third; ids need a hundredth."""

MAX_DELAY_SECONDS = 7 * 24 * 3600 - 1
"""A message lives seven days, and cannot stay hidden for as long as it lives."""


def written(message: Mapping[str, str], delay_seconds: int) -> str:
    """``message`` as compact JSON. Raises ``ValueError`` if it is too long or the delay out of bounds."""
    text = json.dumps(dict(message), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > MAX_MESSAGE_BYTES:
        raise ValueError("message too long")
    if not 0 <= delay_seconds <= MAX_DELAY_SECONDS:
        raise ValueError("delay")
    return text
