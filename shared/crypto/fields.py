"""Personal data in records, sealed field by field under the organisation key.

``docs/file-format.md`` section 10. A sealed field verifies only in the record and the field it was sealed for, so
none can be moved. Lengths are not hidden.
"""

from shared.crypto import envelopes
from shared.crypto.boxes import seal_box, unseal_box
from shared.crypto.contexts import field_context
from shared.crypto.organisation_keys import OrganisationKey
from shared.crypto.plaintexts import from_plaintext, to_plaintext
from shared.domain.errors import IntegrityError, TooLargeError
from shared.domain.ids import RandomBytes

MAX_FIELD_BYTES = 64 * 1024
"""Longest text of a field in UTF-8. The longest there is, the e-ID's signed answer, takes about half of it."""

_LABEL = "f1"


def seal_field(
    organisation_key: OrganisationKey,
    text: str,
    *,
    partition: str,
    id: str,  # noqa: A002
    field: str,
    random: RandomBytes,
) -> str:
    """``text`` sealed for the field ``field`` of the record ``id`` in ``partition``.

    Raises ``TooLargeError`` over ``MAX_FIELD_BYTES``, ``InvalidInputError("text")`` for what is no Unicode text.
    """
    plaintext = to_plaintext(text)
    if len(plaintext) > MAX_FIELD_BYTES:
        raise TooLargeError(MAX_FIELD_BYTES)
    context = field_context(organisation_key.organisation, partition, id, field, organisation_key.version)
    box = seal_box(organisation_key.field_key, plaintext, context, random)
    return envelopes.write_versioned(_LABEL, organisation_key.version, box)


def unseal_field(
    organisation_key: OrganisationKey,
    sealed: str,
    *,
    partition: str,
    id: str,  # noqa: A002
    field: str,
) -> str:
    """The text. Raises ``IntegrityError``, also for a key of another version."""
    version, box = envelopes.read_versioned(_LABEL, sealed)
    if version != organisation_key.version:
        raise IntegrityError
    context = field_context(organisation_key.organisation, partition, id, field, version)
    return from_plaintext(unseal_box(organisation_key.field_key, box, context))


def sealed_field_key_version(sealed: str) -> int:
    """Which version of the organisation key ``sealed`` asks for; unverified. Raises ``IntegrityError``."""
    return envelopes.read_versioned(_LABEL, sealed)[0]
