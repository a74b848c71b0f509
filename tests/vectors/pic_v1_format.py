"""The format once more, from ``docs/file-format.md`` and primitives alone, for writing vectors.

Nothing of ``shared`` is imported: a misreading of the text in one place does not hide the same one in the other. Salts
and nonces are arguments here and derive from names, so that the vectors can be written again byte for byte.
"""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

CHUNK = 16384


def fixed(name: str, length: int) -> bytes:
    """Bytes that look random and follow from ``name``."""
    return hashlib.shake_256(f"pic/v1 vectors|{name}".encode()).digest(length)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def derive(secret: bytes, context: str) -> bytes:
    """Section 4."""
    return HKDF(hashes.SHA256(), 32, None, context.encode()).derive(secret)


def box(key: bytes, plaintext: bytes, context: str, nonce: bytes) -> bytes:
    """Section 4."""
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def part(data_key: bytes, context: str, plaintext: bytes, salt: bytes) -> bytes:
    """Section 5.1."""
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" + b"\x00" + salt + context.encode()
    derived = HKDFExpand(hashes.SHA512(), 76, info).derive(data_key)
    chunk_key, base_nonce, commitment = derived[:32], derived[32:44], derived[44:]
    sealed = salt + commitment
    for k in range(len(plaintext) // CHUNK + 1):
        nonce = bytes(a ^ b for a, b in zip(base_nonce, k.to_bytes(12, "big"), strict=True))
        sealed += AESGCM(chunk_key).encrypt(nonce, plaintext[k * CHUNK : (k + 1) * CHUNK], None)
    return sealed


def manifest_bytes(name: str, media_type: str, part_lengths: list[int], digest: bytes) -> bytes:
    """Section 7."""
    members = {
        "media_type": media_type,
        "name": name,
        "part_lengths": part_lengths,
        "sha256": digest.hex(),
        "total_length": sum(part_lengths),
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def manifest(data_key: bytes, place: str, plaintext: bytes, nonce: bytes, *, label: str = "pic/v1") -> bytes:
    """Section 7. ``place`` is ``organisation|thread|file``."""
    context = f"{label}/manifest|{place}"
    return box(derive(data_key, context), plaintext, context, nonce)


def subkey(secret: bytes, purpose: str, organisation: str, version: int) -> bytes:
    """Section 9."""
    return derive(secret, f"pic/v1/organisation-key|{purpose}|{organisation}|{version}")


def keyed_hex(key: bytes, message: str) -> str:
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
