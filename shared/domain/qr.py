"""The animated QR code of BankID: one frame for each second since the order began.

Source: BankID RP API v6.0, "QR code". Key and message are the ASCII texts of the secret and of the seconds, not the
bytes of a UUID nor a binary number. A frame is computed when it is shown, never ahead of time: the secret and future
frames stay on the server.
"""

import hashlib
import hmac


def qr_content(token: str, secret: str, seconds: int) -> str:
    """The text of the frame for ``seconds`` (whole, from 0) since the answer to ``start`` arrived."""
    if seconds < 0:
        raise ValueError("no frame exists before the order")
    time = str(seconds)
    code = hmac.new(secret.encode("ascii"), time.encode("ascii"), hashlib.sha256).hexdigest()
    return f"bankid.{token}.{time}.{code}"
