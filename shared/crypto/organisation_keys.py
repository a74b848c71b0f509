"""Organisation keys: what one is, and the keys it yields for separate purposes.

``docs/file-format.md`` section 9. The secret itself seals nothing. Wrapping data keys and sealing fields have keys
of their own, so each has its own budget of 2^32 random nonces.
"""

import hmac
from dataclasses import dataclass, field

from shared.crypto.boxes import KEY_BYTES, derived_key
from shared.crypto.contexts import organisation_subkey_context
from shared.domain.errors import IntegrityError
from shared.domain.ids import RandomBytes


@dataclass(frozen=True, slots=True, eq=False)
class OrganisationKey:
    """Version ``version`` (from 1) of an organisation's key; ``secret`` is 32 random bytes and never shown.

    Two are equal only if they are the same object: secrets are not compared. Raises ``ValueError`` when a secret
    has another length, or organisation and version cannot stand in a context.
    """

    organisation: str
    version: int
    secret: bytes = field(repr=False)
    wrapping_key: bytes = field(init=False, repr=False)
    field_key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Derived once: a page of records unseals hundreds of fields under the same key.
        object.__setattr__(self, "wrapping_key", self._derived("wrap"))
        object.__setattr__(self, "field_key", self._derived("field"))

    def confirmation(self) -> str:
        """Text to store beside the wrapped key: it fits this secret, organisation and version alone.

        RSA-OAEP binds no context, so whoever can write records could lay one organisation's wrapped key into
        another's record; ``confirm`` finds that before anything is sealed.
        """
        return self._derived("confirm").hex()

    def confirm(self, confirmation: str) -> None:
        """Return if ``confirmation`` was made by this key. Raises ``IntegrityError``."""
        if not hmac.compare_digest(self.confirmation().encode(), confirmation.encode("utf-8", "surrogatepass")):
            raise IntegrityError

    def _derived(self, purpose: str) -> bytes:
        return derived_key(self.secret, organisation_subkey_context(purpose, self.organisation, self.version))


def new_organisation_key(organisation: str, version: int, random: RandomBytes) -> OrganisationKey:
    """A fresh key, 256 bits from ``random``."""
    return OrganisationKey(organisation, version, random(KEY_BYTES))
