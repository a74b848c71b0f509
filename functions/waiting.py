"""Waiting for a client no longer than there is time: one that moves a byte a minute would hold us for hours."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from starlette.types import Message, Receive, Send

from shared.domain.deadlines import Deadline
from shared.domain.errors import OutOfTimeError

LAST_WORDS_SECONDS: Final = 10.0
"""For the end of an answer to be taken, also when the deadline has come: it says why there is nothing more."""

T = TypeVar("T")


class Waiting:
    """The two channels of a request: for bytes of the client until ``until``, and for it to take ours until ``whole``.

    Both raise ``OutOfTimeError``.
    """

    def __init__(self, receive: Receive, send: Send, *, until: float, whole: Deadline) -> None:
        self._receive = receive
        self._send = send
        self._until = until
        self._whole = whole

    async def receive(self) -> Message:
        return await _within(min(self._until, self._whole.moment) - time.monotonic(), self._receive)

    async def send(self, message: Message) -> None:
        left = self._whole.moment - time.monotonic()
        if not message.get("more_body", False):
            left = max(left, LAST_WORDS_SECONDS)
        await _within(left, lambda: self._send(message))


async def _within(seconds: float, wait: Callable[[], Awaitable[T]]) -> T:
    """Raises ``OutOfTimeError``. What need not wait is not begun without time either: a quick stream would go on."""
    if seconds <= 0:
        raise OutOfTimeError
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            return await wait()
    except TimeoutError as fault:
        if not bound.expired():
            raise
        raise OutOfTimeError from fault
