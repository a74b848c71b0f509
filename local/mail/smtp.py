"""The SMTP side: takes every mail to anybody, unless it was told to refuse the next ones."""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from local.mail.store import MailStore

_REPLY = re.compile(r"[45]\d\d [ -~]{1,200}")


class Step(StrEnum):
    """Where in the conversation a refusal comes."""

    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(slots=True, kw_only=True)
class Refusals:
    """``reply`` is given to the next ``count`` mails at ``step``."""

    reply: str = "451 4.3.0 Try again later"
    count: int = 0
    step: Step = Step.RECIPIENT

    def set(self, *, reply: str, count: int, step: Step) -> None:
        """Raises ``ValueError`` for a reply that refuses nothing, or a count below 0."""
        if _REPLY.fullmatch(reply) is None or count < 0:
            raise ValueError("reply or count")
        self.reply, self.count, self.step = reply, count, step

    def take(self, step: Step) -> str | None:
        """The refusal due now, if any; each is given once."""
        if self.count == 0 or step is not self.step:
            return None
        self.count -= 1
        return self.reply


class Catcher:
    """The hooks that aiosmtpd calls, by their names."""

    def __init__(self, store: MailStore, refusals: Refusals) -> None:
        self._store = store
        self._refusals = refusals

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any recipient, or refuse as told."""
        refusal = self._refusals.take(Step.RECIPIENT)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, or refuse as told."""
        refusal = self._refusals.take(Step.CONTENT)
        if refusal is not None:
            return refusal
        assert isinstance(envelope.content, bytes)
        await asyncio.to_thread(self._store.keep, list(envelope.rcpt_tos), envelope.content)
        return "250 2.0.0 Caught"


async def listen(
    catcher: Catcher, listener: socket.socket, *, tls: ssl.SSLContext | None = None, **options: Any
) -> asyncio.Server:
    """Serve SMTP on ``listener``; with ``tls`` from the first byte. ``options`` are those of aiosmtpd's ``SMTP``."""
    loop = asyncio.get_running_loop()

    def converse() -> SMTP:
        return SMTP(
            catcher, hostname="mail.localhost", ident="mail catcher", enable_SMTPUTF8=True, loop=loop, **options
        )

    return await loop.create_server(converse, sock=listener, ssl=tls)
