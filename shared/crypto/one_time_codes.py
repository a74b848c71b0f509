"""Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as every app does it.

Built on HOTP of ``cryptography`` (RFC 4226) and not on its TOTP, which says that a code is right but not of which step
it is: without the step nobody can tell a code that was used already (RFC 6238 section 5.2).
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from shared.crypto.tokens import equal
from shared.domain.errors import FactorRefusedError, IntegrityError
from shared.domain.ids import RandomBytes

SECRET_BYTES: Final = 20
"""The length of the hash: what RFC 4226 section 4 (R6) recommends, and 32 characters to type by hand."""

DIGITS: Final = 6
STEP: Final = timedelta(seconds=30)
DRIFT_STEPS: Final = 1
"""Either way: clocks of phones differ, and somebody types a code that is about to go (RFC 6238 section 5.2)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret(random: RandomBytes) -> str:
    """A fresh secret in base 32, as apps take it."""
    return base64.b32encode(random(SECRET_BYTES)).decode("ascii")


def step_of(now: datetime) -> int:
    """The step that ``now`` lies in."""
    return (now - _EPOCH) // STEP


def code_of(secret: str, step: int) -> str:
    """The code of one step. Raises ``IntegrityError`` when ``secret`` is none of ours."""
    try:
        key = base64.b32decode(secret)
        # Enough for RFC 4226 section 4 (R6), of which the library asks 128 bits as well.
        return HOTP(key, DIGITS, SHA1()).generate(step).decode("ascii")  # noqa: S303 - as HMAC it is sound, and apps know no other
    except (binascii.Error, ValueError):
        raise IntegrityError from None


def matching_step(secret: str, code: str, *, now: datetime, after: int | None) -> int:
    """The step whose code this is, later than ``after``, the step of the last code that was used.

    All steps are tried in the same way, so that the time does not tell which one it is.

    Raises ``FactorRefusedError`` for a code that is wrong, too old, from the future, or used.
    """
    if _CODE.fullmatch(code) is None:
        raise FactorRefusedError
    here = step_of(now)
    steps = range(max(0, here - DRIFT_STEPS), here + DRIFT_STEPS + 1)
    matching = [step for step in steps if equal(code, code_of(secret, step))]
    fresh = [step for step in matching if after is None or step > after]
    if not fresh:
        raise FactorRefusedError
    return fresh[0]
