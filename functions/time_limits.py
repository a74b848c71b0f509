"""How long a request may take. Each has one deadline, set when it arrives and handed down to all that it does.

::

    all but the following              request    25 s
    send_message                       answer    180 s
    create_upload, append_upload,      transfer   25 min; bytes are taken until ``closing`` before its end, and from
    download_file, download_files                 the last byte on there is ``answer`` for what is left to do

What a transfer does before it moves anything, and a creation without bytes, has ``request``.
"""

from dataclasses import dataclass
from typing import Final

REQUEST_SECONDS: Final = 25.0
"""Longer than one operation of a store with all its repeats, and half of what browsers and gateways commonly wait."""

ANSWER_SECONDS: Final = 180.0
"""For a request that may have to read whole files. Azure's front end gives up on one that has had no answer for 230 s
(learn.microsoft.com/azure/azure-functions/functions-scale, Timeout), and its client would learn nothing."""

TRANSFER_SECONDS: Final = 25 * 60.0
"""Whoever runs us ends the whole process when a function takes longer than ``functionTimeout`` (``host.json``), and
every other request with it. Transfers end before, in good order, and are gone on with."""

CLOSING_SECONDS: Final = 2 * 60.0
"""Kept back to bring what has arrived into safety: a scanner that takes a minute over the last piece, and three
operations of the stores with all their repeats."""

JOB_SECONDS: Final = TRANSFER_SECONDS
"""For a queue or timer function, for the same reason."""

RECEIVING: Final = frozenset({"create_upload", "append_upload"})
"""Routes that take content."""

STREAMING: Final = RECEIVING | {"download_file", "download_files"}
"""Routes that move content: no limit on bodies but the upload's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """In seconds."""

    request: float = REQUEST_SECONDS
    answer: float = ANSWER_SECONDS
    transfer: float = TRANSFER_SECONDS
    closing: float = CLOSING_SECONDS

    def whole(self, route: str | None) -> float:
        """For the route of this name, with everything in it. None: no route of ours."""
        if route in STREAMING:
            return self.transfer
        return self.answer if route == "send_message" else self.request

    def taking(self, route: str | None) -> float:
        """For the bytes of its request to arrive."""
        return self.transfer - self.closing if route in RECEIVING else self.whole(route)
