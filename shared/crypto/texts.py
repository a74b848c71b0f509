"""Message texts, sealed inline in their record: half the round trips of a file.

``docs/file-format.md`` section 6: one Cobblestone-256 message, as part 0 of a file that is the message.
"""

from shared.crypto import envelopes
from shared.crypto.contexts import part_context
from shared.crypto.parts import PartSealer, unseal_part
from shared.crypto.plaintexts import from_plaintext, to_plaintext
from shared.domain.errors import TooLargeError

MAX_INLINE_TEXT_BYTES = 64 * 1024
"""Longest text in UTF-8. A longer one travels as a file (design of sealing); a record has to hold it."""

_LABEL = "t1"


def seal_text(data_key: bytes, text: str, *, organisation: str, thread: str, message: str) -> str:
    """``text`` sealed for one message, under a data key of its own.

    Raises ``TooLargeError`` over ``MAX_INLINE_TEXT_BYTES``, ``InvalidInputError("text")`` for what is no Unicode.
    """
    plaintext = to_plaintext(text)
    if len(plaintext) > MAX_INLINE_TEXT_BYTES:
        raise TooLargeError(MAX_INLINE_TEXT_BYTES)
    sealer = PartSealer(data_key, part_context(organisation, thread, message, 0), capacity=max(1, len(plaintext)))
    sealer.update(plaintext)
    return envelopes.write(_LABEL, sealer.finalize())


def unseal_text(data_key: bytes, sealed: str, *, organisation: str, thread: str, message: str) -> str:
    """The text. Raises ``IntegrityError``."""
    context = part_context(organisation, thread, message, 0)
    return from_plaintext(unseal_part(data_key, context, envelopes.read(_LABEL, sealed)))
