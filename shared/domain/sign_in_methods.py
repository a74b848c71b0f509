"""What members of staff prove who they are by, and for how long that counts for the acts that ask for it anew."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class SignInMethod(StrEnum):
    """What was proved while a session was raised, or since. The words are stored with the session."""

    PASSWORD = "password"  # noqa: S105 - a word
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery-code"
    ENTRA = "entra"
    ENTRA_MFA = "entra-mfa"
    """Beside ``entra``: the tenant states that a second factor was proved there."""


FRESH_FOR: Final = timedelta(minutes=10)
"""How long after a proof the acts may be done that change who can do what: long enough to fill in a page."""


def is_fresh(verified_at: datetime | None, *, now: datetime) -> bool:
    """Whether the last proof is recent enough for an act that asks for it anew; None: there was none that counts."""
    return verified_at is not None and now - verified_at < FRESH_FOR
