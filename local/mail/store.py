"""The caught mails: one file each, so that they outlive a restart and any mail program opens them."""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")
_ENVELOPE = "X-Envelope-To"
_STAMP = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """A mail as it came. ``recipients`` are those of the envelope, whatever the headers say."""

    id: str
    received_at: datetime
    recipients: Sequence[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=default)

    @property
    def text(self) -> str:
        """The plain text, or "" of a mail without one."""
        body = self.message.get_body(("plain",))
        content = "" if body is None else body.get_content()
        return content.replace("\r\n", "\n") if isinstance(content, str) else ""


class MailStore:
    """Files in ``directory``, which is made if it is missing. Ids ascend with the time of arrival."""

    def __init__(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._now = now

    def keep(self, recipients: Sequence[str], raw: bytes) -> CaughtMail:
        """Store a mail, whole or not at all."""
        received_at = self._now()
        id_ = f"{received_at.strftime(_STAMP)}-{secrets.token_hex(4)}"
        envelope = f"{_ENVELOPE}: {json.dumps(list(recipients))}\r\n"
        unfinished = self._directory / f".{id_}"
        unfinished.write_bytes(envelope.encode() + raw)
        unfinished.replace(self._path(id_))
        return CaughtMail(id=id_, received_at=received_at, recipients=recipients, raw=raw)

    def newest_first(self) -> list[CaughtMail]:
        """All of them."""
        ids = (path.stem for path in self._directory.glob("*.eml") if _ID.fullmatch(path.stem))
        return [mail for mail in map(self.find, sorted(ids, reverse=True)) if mail is not None]

    def find(self, id: str) -> CaughtMail | None:  # noqa: A002
        """The mail, or None."""
        if _ID.fullmatch(id) is None:
            return None
        try:
            content = self._path(id).read_bytes()
        except FileNotFoundError:
            return None
        envelope, _, raw = content.partition(b"\r\n")
        recipients = json.loads(envelope.decode().removeprefix(f"{_ENVELOPE}: "))
        received_at = datetime.strptime(id.partition("-")[0], _STAMP).replace(tzinfo=UTC)
        return CaughtMail(id=id, received_at=received_at, recipients=recipients, raw=raw)

    def clear(self) -> None:
        """Delete all of them."""
        for path in self._directory.glob("*.eml"):
            path.unlink(missing_ok=True)

    def _path(self, id_: str) -> Path:
        return self._directory / f"{id_}.eml"
