"""Under what name the bucket of an address or a browser is kept: a keyed hash, because addresses are few enough to try.

Nothing is ever looked up by it again after the bucket is gone, so it is no part of ``docs/file-format.md``.
"""

import hmac

from shared.crypto.pseudonyms import MIN_PEPPER_BYTES


def limit_key(kind: str, who: str, pepper: bytes) -> str:
    """``kind`` and 32 hex digits. The same ``who`` has another key in every kind.

    Raises ``ValueError`` when ``pepper`` is shorter than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError("a pepper has fewer than 32 bytes")
    text = f"pic/limit/v1:{kind}:{who}".encode("utf-8", "surrogatepass")
    return f"{kind}-{hmac.digest(pepper, text, 'sha256')[:16].hex()}"
