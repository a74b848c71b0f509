"""What somebody answers when a second factor is asked for. None of it is believed yet."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, assert_never

from shared.domain.passkeys import Asserted


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCode:
    """Six digits of an authenticator app."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCode:
    """A code of the set that was written down."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCode:
    """The code that an administrator handed over after taking all factors away."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAnswer:
    """What a passkey signed, and the flow token of the browser that asked for it."""

    flow: str = field(repr=False)
    asserted: Asserted


FactorAnswer: TypeAlias = AppCode | RecoveryCode | EnrolmentCode | PasskeyAnswer


class Offer(StrEnum):
    """Ways to answer. The words stand in what the browser is told."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery-code"
    ENROLMENT_CODE = "enrolment-code"


def way_of(answer: FactorAnswer) -> Offer:
    """Which way this is."""
    match answer:
        case AppCode():
            return Offer.TOTP
        case PasskeyAnswer():
            return Offer.PASSKEY
        case RecoveryCode():
            return Offer.RECOVERY_CODE
        case EnrolmentCode():
            return Offer.ENROLMENT_CODE
        case _:
            assert_never(answer)
