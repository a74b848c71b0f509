"""Sealing the manifest of a file under its data key.

``docs/file-format.md`` section 7: canonical JSON (RFC 8785 for what stands in it) in AES-256-GCM, under a key of its
own that is derived from the data key. Order, count, lengths and end of the parts are authenticated by this alone.
"""

import json
import re

from shared.crypto import envelopes
from shared.crypto.boxes import derived_key, seal_box, unseal_box
from shared.crypto.contexts import manifest_context
from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.ids import RandomBytes
from shared.domain.manifest import Manifest

_LABEL = "m1"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def seal_manifest(
    data_key: bytes, manifest: Manifest, *, organisation: str, thread: str, file: str, random: RandomBytes
) -> str:
    """``manifest`` sealed for one file. May be sealed again: every call draws a fresh nonce."""
    context = manifest_context(organisation, thread, file)
    box = seal_box(derived_key(data_key, context), _encoded(manifest), context, random)
    return envelopes.write(_LABEL, box)


def unseal_manifest(data_key: bytes, sealed: str, *, organisation: str, thread: str, file: str) -> Manifest:
    """The manifest. Raises ``IntegrityError``, also for one that verifies and is not in its one spelling."""
    context = manifest_context(organisation, thread, file)
    return _decoded(unseal_box(derived_key(data_key, context), envelopes.read(_LABEL, sealed), context))


def _encoded(manifest: Manifest) -> bytes:
    members = {
        "media_type": manifest.media_type,
        "name": manifest.name,
        "part_lengths": list(manifest.part_lengths),
        "sha256": manifest.sha256.hex(),
        "total_length": manifest.total_length,
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _decoded(plaintext: bytes) -> Manifest:
    try:
        manifest = _parsed(json.loads(plaintext))
    except (ValueError, RecursionError, InvalidInputError):  # Too deep is RecursionError.
        raise IntegrityError from None
    # Doubled or unknown members, spaces, escapes, 1.0 for 1: none of them encodes to the same bytes.
    if _encoded(manifest) != plaintext:
        raise IntegrityError
    return manifest


def _parsed(members: object) -> Manifest:
    match members:
        case {
            "media_type": str(media_type),
            "name": str(name),
            "part_lengths": [*lengths],
            "sha256": str(digest),
            "total_length": int(total_length),
        } if _DIGEST.fullmatch(digest):
            whole = tuple(length for length in lengths if type(length) is int)
            # A bool is an int to Python and would even encode again to the same bytes.
            if len(whole) == len(lengths) and type(total_length) is int:
                return Manifest(
                    name=name,
                    media_type=media_type,
                    part_lengths=whole,
                    total_length=total_length,
                    sha256=bytes.fromhex(digest),
                )
    raise IntegrityError
