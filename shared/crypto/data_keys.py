"""Data keys: one random 256-bit key per file or message text, and its form under the organisation key.

``docs/file-format.md`` section 8. Wrapped data keys live in records alone: destroying them shreds the content.
"""

from shared.crypto import envelopes
from shared.crypto.boxes import KEY_BYTES, OVERHEAD_BYTES, seal_box, unseal_box
from shared.crypto.contexts import data_key_context
from shared.crypto.organisation_keys import OrganisationKey
from shared.domain.errors import IntegrityError
from shared.domain.ids import RandomBytes

_LABEL = "k1"


def new_data_key(random: RandomBytes) -> bytes:
    """A fresh data key: 32 bytes."""
    return random(KEY_BYTES)


def wrap_data_key(
    organisation_key: OrganisationKey, data_key: bytes, *, thread: str, file: str, random: RandomBytes
) -> str:
    """``data_key`` (32 bytes) under ``organisation_key``, bound to organisation, thread, file and key version.

    For the key of a message text, ``file`` is the message.
    """
    if len(data_key) != KEY_BYTES:
        raise ValueError("length of data key")
    context = data_key_context(organisation_key.organisation, thread, file, organisation_key.version)
    box = seal_box(organisation_key.wrapping_key, data_key, context, random)
    return envelopes.write_versioned(_LABEL, organisation_key.version, box)


def unwrap_data_key(organisation_key: OrganisationKey, wrapped: str, *, thread: str, file: str) -> bytes:
    """The data key, 32 bytes. Raises ``IntegrityError``, also for a key of another version."""
    version, box = envelopes.read_versioned(_LABEL, wrapped)
    if version != organisation_key.version or len(box) != KEY_BYTES + OVERHEAD_BYTES:
        raise IntegrityError
    context = data_key_context(organisation_key.organisation, thread, file, version)
    return unseal_box(organisation_key.wrapping_key, box, context)


def wrapped_key_version(wrapped: str) -> int:
    """Which version of the organisation key ``wrapped`` asks for; unverified. Raises ``IntegrityError``."""
    return envelopes.read_versioned(_LABEL, wrapped)[0]
