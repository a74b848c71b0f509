"""Texts as the bytes that are sealed: UTF-8, one spelling each way."""

from shared.domain.errors import IntegrityError, InvalidInputError


def to_plaintext(text: str) -> bytes:
    """``text`` in UTF-8. Raises ``InvalidInputError("text")`` when it holds half a surrogate pair (from JSON)."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError("text") from None


def from_plaintext(plaintext: bytes | bytearray) -> str:
    """The text. Raises ``IntegrityError`` when what was sealed is not UTF-8: none of ours was."""
    try:
        return plaintext.decode()
    except UnicodeDecodeError:
        raise IntegrityError from None
