"""Small values under AES-256-GCM: ``nonce (12) || ciphertext || tag (16)``.

``docs/file-format.md`` section 4; NIST SP 800-38D. The nonce is random, so one key seals at most 2^32 values
(section 8.3 there). A fresh nonce is drawn by every call: sealing again after a lost answer is safe.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.domain.errors import IntegrityError
from shared.domain.ids import RandomBytes

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES


def seal_box(key: bytes, plaintext: bytes, associated_data: bytes, random: RandomBytes) -> bytes:
    """The sealed form of ``plaintext``. ``key`` is 32 bytes."""
    nonce = random(NONCE_BYTES)
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("length of key or nonce")
    return nonce + AESGCM(key).encrypt(nonce, plaintext, associated_data)


def unseal_box(key: bytes, box: bytes, associated_data: bytes) -> bytes:
    """The plaintext of ``box``. Raises ``IntegrityError``."""
    if len(key) != KEY_BYTES:
        raise ValueError("length of key")
    if len(box) < OVERHEAD_BYTES:
        raise IntegrityError
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], associated_data)
    except InvalidTag:
        raise IntegrityError from None


def derived_key(secret: bytes, context: bytes) -> bytes:
    """32 bytes from a uniformly random ``secret`` of 32: HKDF-SHA-256 (RFC 5869), no salt, ``context`` as info."""
    if len(secret) != KEY_BYTES:
        raise ValueError("length of secret")
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=context).derive(secret)
