"""What a mail looks like on the wire, for every adapter of ``Mailer``.

An address and a subject are input. Neither may become a second header, a second recipient or a command.
"""

import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from shared.domain.errors import InvalidInputError
from shared.domain.ports import Mail
from shared.domain.texts import mail_address, subject

_MESSAGE_ID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)


def composed(mail: Mail, *, sender: str, now: datetime) -> EmailMessage:
    """The mail with its headers, as text in UTF-8. The sender's domain completes the Message-ID.

    Raises:
        InvalidInputError: ``address`` or ``subject``.
        ValueError: the Message-ID, which is ours, has other characters than letters, digits, ``_`` and ``-``.
    """
    try:
        to = mail_address(mail.to)
    except InvalidInputError:
        to = ""
    if not to:
        # Raised out here, so that no traceback leads to the address.
        raise InvalidInputError("address")
    if _MESSAGE_ID.fullmatch(mail.message_id) is None:
        raise ValueError("message id")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    # RFC 3834 section 5: absence notes and other robots do not answer such a mail.
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable passes servers that take seven bits, and stays readable where a filter looks at it.
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    return message
