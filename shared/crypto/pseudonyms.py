"""Keyed pseudonyms: how a person and a staff address are looked up without being stored.

``docs/file-format.md`` section 11. A plain hash of a personal number falls in seconds, because there are few of
them; the pepper is what makes the pseudonym one-way, so it never leaves the vault and our memory.
"""

import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.ids import Subject
from shared.domain.personal_number import PersonalNumber

MIN_PEPPER_BYTES = 32

MAX_PEPPERS = 3
"""Peppers known at once: the current one, the one before it, and one that a rotation was interrupted on."""

_SUBJECT = re.compile(r"s([1-9][0-9]{0,8})-[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, eq=False)
class Peppers:
    """The peppers by version; ``current`` names the one for new pseudonyms. Shown by ``repr`` without secrets.

    Raises ``ValueError`` when the current one is missing, a version is below 1, one is shorter than 32 bytes, two are
    equal, or there are more than ``MAX_PEPPERS``.
    """

    current: int
    secrets: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ValueError("the current pepper is missing")
        if any(not 1 <= version < 10**9 for version in self.secrets):
            raise ValueError("version of a pepper")
        if any(len(secret) < MIN_PEPPER_BYTES for secret in self.secrets.values()):
            raise ValueError("a pepper has fewer than 32 bytes")
        if len(set(self.secrets.values())) != len(self.secrets):
            raise ValueError("two peppers are equal")
        if len(self.secrets) > MAX_PEPPERS:
            raise ValueError("too many peppers")


def subject_of(number: PersonalNumber, peppers: Peppers, version: int | None = None) -> Subject:
    """The pseudonym of ``number`` under one pepper, by default the current one.

    Raises ``KeyError`` for a version that ``peppers`` does not have.
    """
    chosen = peppers.current if version is None else version
    digest = hmac.digest(peppers.secrets[chosen], b"pic/pnr/v1:" + number.digits.encode("ascii"), "sha256")
    return Subject(f"s{chosen}-{digest.hex()}")


def former_subjects_of(number: PersonalNumber, peppers: Peppers) -> tuple[Subject, ...]:
    """The pseudonyms of ``number`` under the peppers that are not the current one, newest first."""
    former = sorted(set(peppers.secrets) - {peppers.current}, reverse=True)
    return tuple(subject_of(number, peppers, version) for version in former)


def subject_version(subject: Subject) -> int:
    """Which pepper made ``subject``. Raises ``ValueError`` for a text of another form."""
    found = _SUBJECT.fullmatch(subject)
    if found is None:
        raise ValueError("not a subject")
    return int(found[1])


def address_key(email: str, pepper: bytes) -> str:
    """The look-up key of a mail address, 64 hex digits. Case, outer spaces and Unicode composition do not matter.

    Raises ``ValueError`` when ``pepper`` is shorter than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError("a pepper has fewer than 32 bytes")
    # Folding can undo composition, hence once more afterwards (Unicode 15, section 3.13, D145).
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).casefold())
    return hmac.digest(pepper, b"pic/address/v1:" + folded.encode("utf-8", "surrogatepass"), "sha256").hex()


def entra_key(organisation: str, issuer: str, object_id: str, pepper: bytes) -> str:
    """The look-up key of an account in a tenant, which ``issuer`` names, for one organisation: 64 hex digits.

    None of the parts can hold the separator. Raises ``ValueError`` when ``pepper`` is shorter than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError("a pepper has fewer than 32 bytes")
    text = f"pic/entra/v1:{organisation}|{issuer}|{object_id}"
    return hmac.digest(pepper, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def address_pepper_mark(pepper: bytes) -> str:
    """What tells one pepper of addresses from another, and says nothing of either: 32 hex digits.

    Raises ``ValueError`` when it has fewer than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError("a pepper has fewer than 32 bytes")
    return hmac.digest(pepper, b"pic/address-pepper/v1", "sha256")[:16].hex()
