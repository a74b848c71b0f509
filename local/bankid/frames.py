"""The animated QR code as BankID's app reads it: from the specification, without the code that it checks.

Source: BankID RP API v6.0, "QR code".
"""

import hashlib
import hmac
import re

TOLERANCE_SECONDS = 2
"""Between the frame and now. BankID does not publish its own."""

_CONTENT = re.compile(r"bankid\.([0-9A-Za-z-]{1,64})\.(0|[1-9][0-9]{0,5})\.([0-9a-f]{64})")


def frame(token: str, secret: str, seconds: int) -> str:
    """The frame of that second."""
    return f"bankid.{token}.{seconds}.{_code(secret, seconds)}"


def fault_of(content: str, *, token: str, secret: str, seconds: int) -> str | None:
    """Why the app refuses ``content`` ``seconds`` after the start of the order; None when it accepts."""
    match = _CONTENT.fullmatch(content)
    if match is None:
        return "not a BankID QR code"
    if match[1] != token:
        return "the QR code is of another order"
    if not hmac.compare_digest(match[3], _code(secret, int(match[2]))):
        return "the code does not verify"
    if abs(int(match[2]) - seconds) > TOLERANCE_SECONDS:
        return "the frame is not of now"
    return None


def _code(secret: str, seconds: int) -> str:
    return hmac.digest(secret.encode("ascii"), str(seconds).encode("ascii"), hashlib.sha256).hex()
