"""What an organisation decides for itself: how its staff sign in, how long things live, what it takes.

One record. The service has limits of its own, which no organisation goes beyond: an organisation may only be
stricter. A field that a record does not hold has its default, so that a new one needs no migration.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, TypeVar

from shared.domain.assurance import DEFAULT_REQUIRED, Assurance
from shared.domain.bodies import Fields
from shared.domain.content_checks import ContentPolicy
from shared.domain.entra_rules import EntraRules
from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.ports import Body
from shared.domain.retention import CEILING_DAYS


class SecondFactor(StrEnum):
    """What staff need besides a password."""

    OPTIONAL = "optional"
    """Nothing; who has set one up is asked for it."""
    REQUIRED = "required"
    """A code or a passkey. Who has none sets one up before anything else."""
    PASSKEY_ONLY = "passkey-only"
    """A passkey: nothing that can be typed into a false page."""


class StaffSignIn(StrEnum):
    """Ways in for staff."""

    PASSWORD = "password"  # noqa: S105 - a word
    ENTRA = "entra"


class NoticeStyle(StrEnum):
    """What a notice by mail says of its sender. That there is something new is all it says beyond that."""

    NEUTRAL = "neutral"
    """Nothing: the name of a clinic is a diagnosis."""
    NAMED = "named"
    """The organisation's name, never a unit's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long a message lives when its sender does not say, and at most. Days."""

    default_days: int
    ceiling_days: int


REFUSES_NOTHING: Final = ContentPolicy()
NO_TENANT: Final = EntraRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    """Raises ``InvalidInputError`` for what no organisation may decide; ``rule`` is the name of the field.

    ``retention_default_days``, ``retention_ceiling_days`` and ``upload_max_bytes`` are None where the service's own
    limit is the organisation's. ``required_assurance`` is the least that new threads ask for; a sender may ask
    for more.
    """

    second_factor: SecondFactor = SecondFactor.REQUIRED
    sign_in: frozenset[StaffSignIn] = frozenset({StaffSignIn.PASSWORD})
    retention_default_days: int | None = None
    retention_ceiling_days: int | None = None
    required_assurance: Assurance = DEFAULT_REQUIRED
    notice_style: NoticeStyle = NoticeStyle.NEUTRAL
    upload_max_bytes: int | None = None
    content: ContentPolicy = REFUSES_NOTHING
    entra: EntraRules = NO_TENANT

    def __post_init__(self) -> None:
        ceiling = CEILING_DAYS if self.retention_ceiling_days is None else self.retention_ceiling_days
        default = ceiling if self.retention_default_days is None else self.retention_default_days
        if not self.sign_in or (self.sign_in == {StaffSignIn.ENTRA} and not self.entra.tenants):
            raise InvalidInputError("sign-in")  # Nobody could ever sign in to change it back.
        if not 1 <= ceiling <= CEILING_DAYS:
            raise InvalidInputError("retention-ceiling-days")
        if not 1 <= default <= ceiling:
            raise InvalidInputError("retention-default-days")
        if self.upload_max_bytes is not None and self.upload_max_bytes < 1:
            raise InvalidInputError("upload-max-bytes")

    @property
    def is_on_entra(self) -> bool:
        """Whether staff may sign in by Entra ID at all."""
        return StaffSignIn.ENTRA in self.sign_in and bool(self.entra.tenants)

    def takes_tenant(self, tenant: str) -> bool:
        """Whether staff may sign in with accounts of this tenant of Entra ID."""
        return StaffSignIn.ENTRA in self.sign_in and tenant in self.entra.tenants

    def retention(self, service_days: int) -> RetentionRule:
        """What holds where the service itself keeps nothing longer than ``service_days``."""
        ceiling = min(service_days, self.retention_ceiling_days or service_days)
        return RetentionRule(default_days=min(ceiling, self.retention_default_days or ceiling), ceiling_days=ceiling)

    def largest_upload(self, service_bytes: int) -> int:
        """In bytes, where the service itself takes at most ``service_bytes``."""
        return min(service_bytes, self.upload_max_bytes or service_bytes)

    def differing(self, other: "OrganisationSettings") -> tuple[str, ...]:
        """The names of the fields that are not the same in both."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name))

    def body(self) -> Body:
        return {
            "second_factor": self.second_factor.value,
            "sign_in": sorted(self.sign_in),
            "retention_default_days": self.retention_default_days,
            "retention_ceiling_days": self.retention_ceiling_days,
            "required_assurance": self.required_assurance.value,
            "notice_style": self.notice_style.value,
            "upload_max_bytes": self.upload_max_bytes,
            "content": self.content.body(),
            "entra": self.entra.body(),
        }

    @classmethod
    def of(cls, body: Body) -> "OrganisationSettings":
        """Raises ``IntegrityError``."""
        read = Fields(body)
        content, entra = read.optional_nested("content"), read.optional_nested("entra")
        ways = read.texts("sign_in") if "sign_in" in body else (StaffSignIn.PASSWORD,)
        try:
            return cls(
                second_factor=_word(read, "second_factor", SecondFactor, SecondFactor.REQUIRED),
                sign_in=frozenset(StaffSignIn(way) for way in ways),
                retention_default_days=read.optional_whole("retention_default_days"),
                retention_ceiling_days=read.optional_whole("retention_ceiling_days"),
                required_assurance=_word(read, "required_assurance", Assurance, DEFAULT_REQUIRED),
                notice_style=_word(read, "notice_style", NoticeStyle, NoticeStyle.NEUTRAL),
                upload_max_bytes=read.optional_whole("upload_max_bytes"),
                content=REFUSES_NOTHING if content is None else ContentPolicy.of(content.body),
                entra=NO_TENANT if entra is None else EntraRules.of(entra),
            )
        except (ValueError, InvalidInputError):
            raise IntegrityError from None


T = TypeVar("T", bound=StrEnum)

Change = Callable[[OrganisationSettings], OrganisationSettings]
"""Gives what the settings become. May be called more than once; raises ``InvalidInputError``."""


def _word(read: Fields, name: str, kind: type[T], default: T) -> T:
    word = read.optional_text(name)
    return default if word is None else kind(word)
