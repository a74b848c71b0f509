"""``Mailer`` over SMTP, with the standard library's client in a thread.

What the other side answers may quote the address. Our errors therefore carry neither its text nor its exception,
only the status code.
"""

import asyncio
import contextlib
import smtplib
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from shared.adapters.mail_texts import composed
from shared.domain.deadlines import current_deadline
from shared.domain.errors import DependencyError, InvalidInputError
from shared.domain.ports import Clock, Mail

Security: TypeAlias = Literal["none", "starttls", "tls"]

TIMEOUT_SECONDS = 10.0
"""For each step of the conversation. RFC 5321 section 4.5.3.2 asks for minutes, which a queue's retries give."""

CONVERSATIONS = 4
"""Conversations at once, in threads of their own: a mail server that hangs must not hold up what unseals content."""

BUDGET_SECONDS = 30.0
"""For the whole conversation. Nobody waits for a notice but the queue function that sends it."""

_PERMANENT = range(500, 600)
_OUR_FAULT = frozenset({503, 530, 535, 538})
"""Sequence and sign-in: no other address would fare better."""

_POLICY = b"5.7."
"""RFC 3463 section 3.8: relaying denied and the like. Settings may be wrong, so the queue tries again and alarms."""

_NO_CODE = 0
"""The conversation ended without one: cut, out of step, or without the TLS we ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    code: int
    is_for_the_address: bool = False


class SmtpMail:
    """One mail server. ``sender`` is the From address; ``ca_file`` (PEM) replaces the system's trust.

    ``security`` is the whole choice: "starttls" goes no further without TLS, and certificates are always verified.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        clock: Clock,
        security: Security = "starttls",
        user: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        if user is not None and security == "none":
            raise ValueError("a password is not sent without TLS")
        self._host = host
        self._port = port
        self._sender = sender
        self._clock = clock
        self._security = security
        self._user = user
        self._password = password
        self._ca_file = ca_file
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(CONVERSATIONS, thread_name_prefix="smtp")

    async def close(self) -> None:
        """Take no further mail. Each was a conversation of its own; one that hangs ends by its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, mail: Mail) -> None:
        message = composed(mail, sender=self._sender, now=self._clock())
        await self._in_thread(message)

    async def ping(self) -> None:
        await self._in_thread(None)

    async def _in_thread(self, message: EmailMessage | None) -> None:
        remaining = BUDGET_SECONDS
        outer = current_deadline()
        if outer is not None:
            remaining = min(remaining, outer - time.monotonic())
        try:
            async with asyncio.timeout(max(remaining, 0)):
                refused = await asyncio.get_running_loop().run_in_executor(self._threads, self._converse, message)
        except (OSError, TimeoutError) as exc:
            raise DependencyError from exc
        # Raised out here and not where it was caught, so that not even a traceback holds what the server said.
        if refused is None:
            return
        if refused.is_for_the_address:
            raise InvalidInputError("address")
        raise DependencyError(refused.code)

    def _converse(self, message: EmailMessage | None) -> _Refusal | None:
        """None if all went well.

        Raises:
            OSError: there is no connection, or none that can be trusted.
        """
        try:
            with self._connected() as client:
                if message is None:
                    client.noop()
                else:
                    client.send_message(message)
        except smtplib.SMTPRecipientsRefused as exc:
            code, text = next(iter(exc.recipients.values()))
            is_ours = code in _OUR_FAULT or text.startswith(_POLICY)
            return _Refusal(code=code, is_for_the_address=code in _PERMANENT and not is_ours)
        except smtplib.SMTPResponseException as exc:
            return _Refusal(code=exc.smtp_code)
        except smtplib.SMTPException:
            return _Refusal(code=_NO_CODE)
        return None

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        # The default name in EHLO is looked up in DNS, which takes time and tells the server our host's name.
        name = self._sender.rpartition("@")[2]
        client: smtplib.SMTP
        if self._security == "tls":
            client = smtplib.SMTP_SSL(
                self._host, self._port, name, timeout=self._timeout_seconds, context=self._context
            )
        else:
            client = smtplib.SMTP(self._host, self._port, name, timeout=self._timeout_seconds)
        try:
            client.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                client.starttls(context=self._context)
            if self._user is not None:
                client.login(self._user, self._password or "")
            yield client
            # The mail is accepted by now: a farewell that fails must not send it again.
            with contextlib.suppress(OSError):
                client.quit()
        finally:
            client.close()
