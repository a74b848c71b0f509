"""Which texts from outside are accepted: names, subjects, addresses, message texts.

Source for the refused characters: the hostile-data corpus of the threat facts (path separators, control characters,
bidirectional overrides that make a name look like another). Every function raises ``InvalidInputError``.
"""

import re
import unicodedata

from shared.domain.errors import InvalidInputError, TooLargeError

FILE_NAME_MAX_BYTES = 255
"""What common file systems can store of one name, in UTF-8."""
SUBJECT_MAX_CHARACTERS = 200
NAME_MAX_CHARACTERS = 100
TEXT_MAX_BYTES = 64 * 1024
"""A longer text travels as a file (design section 5)."""
ADDRESS_MAX_CHARACTERS = 254
"""RFC 5321 section 4.5.3.1.3, less the angle brackets."""

_PATH = frozenset('/\\:*?"<>|')
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = r"[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{1,58}[A-Za-z0-9]"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:{_TOP})")
"""RFC 5321 section 4.1.2 without quoted names and address literals; domains in their ASCII form (RFC 5890)."""
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")


def _has_control(text: str, *, allowed: str = "") -> bool:
    return any(c not in allowed and (c in _BIDI or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}) for c in text)


def misleads(text: str) -> bool:
    """Whether a name holds characters that hide a part of it or turn it around."""
    return _has_control(text)


def file_name(text: str) -> str:
    """A bare file name, composed (NFC). Refused, not repaired: the sender sees the name that will arrive."""
    name = unicodedata.normalize("NFC", text) if not _has_control(text) else ""
    # Windows drops dots at the end: ``invoice.exe.`` would arrive as something else than the sender saw.
    if not name or name != name.strip() or name.endswith(".") or any(c in _PATH for c in name):
        raise InvalidInputError("file-name")
    if len(name.encode()) > FILE_NAME_MAX_BYTES:
        raise InvalidInputError("file-name-length")
    return name


def media_type(text: str) -> str:
    """``type/subtype`` without parameters (RFC 9110 section 8.3.1)."""
    if not _MEDIA_TYPE.fullmatch(text):
        raise InvalidInputError("media-type")
    return text.lower()


def subject(text: str) -> str:
    """One line that names what a thread is about."""
    line = unicodedata.normalize("NFC", text.strip()) if not _has_control(text) else ""
    if not 1 <= len(line) <= SUBJECT_MAX_CHARACTERS:
        raise InvalidInputError("subject")
    return line


def name(text: str) -> str:
    """What somebody or something is called: one line that may stand in a mail."""
    line = unicodedata.normalize("NFC", text.strip()) if not _has_control(text) else ""
    if not 1 <= len(line) <= NAME_MAX_CHARACTERS:
        raise InvalidInputError("name")
    return line


def message_text(text: str) -> str:
    """The text of a message: line breaks and tabs allowed, may be empty.

    Raises ``TooLargeError`` over ``TEXT_MAX_BYTES`` in UTF-8.
    """
    if _has_control(text, allowed="\n\r\t"):
        raise InvalidInputError("text")
    if len(text.encode()) > TEXT_MAX_BYTES:
        raise TooLargeError(TEXT_MAX_BYTES)
    return text


def mail_address(text: str) -> str:
    """A plain ASCII address: no display name, no comment, nothing a header could be injected with."""
    if len(text) > ADDRESS_MAX_CHARACTERS or not _ADDRESS.fullmatch(text):
        raise InvalidInputError("mail-address")
    return text
