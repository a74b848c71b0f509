"""Tokens that prove a session, and what is stored and compared in their place.

A token is shown to its browser once and never stored: records know its hash. 256 random bits need no slow hash
(ASVS 5.0, 7.2.3 asks for 128 bits). ``docs/file-format.md`` section 11.
"""

import base64
import hashlib
import hmac

from shared.domain.ids import RandomBytes

TOKEN_BYTES = 32
"""Randomness of a token."""


def new_token(random: RandomBytes) -> str:
    """A fresh token: 43 characters of base64url without padding."""
    return _base64url(random(TOKEN_BYTES))


def token_hash(token: str) -> str:
    """SHA-256 of ``token`` as 64 hex digits. Any text has one: whether it names a session, the record tells."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def csrf_token(token: str) -> str:
    """The CSRF token of the session ``token``: HMAC-SHA-256, so that it says nothing of the session token."""
    return _base64url(hmac.digest(_bytes(token), b"pic/v1/csrf", "sha256"))


def challenge_of(token: str) -> bytes:
    """What an authenticator signs for the browser that holds the flow token: 32 bytes that say nothing of the token.

    So nothing of a challenge is stored but the hash of its token, and no other browser can ask for the same one.
    """
    return hmac.digest(_bytes(token), b"pic/v1/challenge", "sha256")


def equal(a: str, b: str) -> bool:
    """Whether two secrets are the same text, in a time that does not tell where they differ."""
    return hmac.compare_digest(_bytes(a), _bytes(b))


def _bytes(text: str) -> bytes:
    # Cookies and headers are input: half a surrogate pair must give a wrong token and not an exception.
    return text.encode("utf-8", "surrogatepass")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
