"""The e-ID as the services see it: one order, collected until it ends in one of three ways.

Modelled on BankID RP API v6.0 (``/auth``, ``/collect``, ``/cancel``); brokers join behind the same port later.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from shared.domain.client_certificates import ClientCertificate
from shared.domain.personal_number import PersonalNumber
from shared.domain.verified_identity import VerifiedIdentity


class CardReader(StrEnum):
    """``CLASS1``: the code is typed at the computer. ``CLASS2``: at the reader, or at an approved one."""

    CLASS1 = "class1"
    CLASS2 = "class2"


class AcceptedRisk(StrEnum):
    """The highest risk at which the e-ID lets an order end well; a riskier one fails there."""

    LOW = "low"
    MODERATE = "moderate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What the person and their e-ID must fulfil; left out is "anything that the e-ID takes by itself".

    ``personal_number``: only this person can finish, and an order of theirs that runs already is a
    ``ConflictError``. ``pin_code``: no biometrics. ``mrtd``: an identity document is read as well.
    ``certificate_policies``: object identifiers of kinds of e-ID, the last place may be ``*``.
    """

    personal_number: PersonalNumber | None = field(default=None, repr=False)
    pin_code: bool = False
    mrtd: bool = False
    card_reader: CardReader | None = None
    certificate_policies: tuple[str, ...] = ()
    risk: AcceptedRisk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What is told to the e-ID when a sign-in starts. ``end_user_ip`` is the address of the person's device.

    ``user_non_visible_data`` becomes part of the evidence and is not shown; at most 1 125 bytes.
    """

    end_user_ip: str
    user_visible_text: str
    referring_domain: str
    user_agent: str = field(repr=False)
    device_identifier: str = field(repr=False)
    return_url: str | None = field(default=None, repr=False)
    user_non_visible_data: bytes = field(default=b"", repr=False)
    requirement: Requirement | None = None
    return_risk: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """What is told to the e-ID when a signature starts; as ``OrderRequest``, and what is signed.

    The person signs ``user_visible_text``, at most 30 000 bytes of UTF-8, together with ``user_non_visible_data``,
    at most 150 000 bytes, such as the digest of a document.
    """

    end_user_ip: str
    user_visible_text: str = field(repr=False)
    referring_domain: str
    user_agent: str = field(repr=False)
    device_identifier: str = field(repr=False)
    return_url: str | None = field(default=None, repr=False)
    user_non_visible_data: bytes = field(default=b"", repr=False)
    requirement: Requirement | None = None
    return_risk: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOrder:
    """The secrets of a fresh order. Only ``auto_start_token`` may ever reach a browser."""

    order_ref: str = field(repr=False)
    auto_start_token: str = field(repr=False)
    qr_start_token: str = field(repr=False)
    qr_start_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Not ended. ``hint_code`` may be one that did not exist when this was written."""

    hint_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Ended without identity. ``hint_code`` as in ``Pending``."""

    hint_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Ended with an identity. The e-ID tells this once: persist it before anyone hears of it."""

    identity: VerifiedIdentity


CollectOutcome: TypeAlias = Pending | Failed | Complete


class ElectronicId(Protocol):
    """Orders at an e-ID. ``start`` and ``sign`` must not be repeated: once sent, a second call may make a second order.

    Every failure of the e-ID is an ``ElectronicIdError``, whose ``code`` says what a person can be told.
    """

    async def start(self, request: OrderRequest) -> StartedOrder:
        """Begin a sign-in.

        Raises ``ConflictError`` (already in progress), ``InvalidInputError`` (nothing was sent) and
        ``ElectronicIdError``.
        """
        ...

    async def sign(self, request: SignRequest) -> StartedOrder:
        """Begin a signature. Goes on, ends and fails like a sign-in, and ``collect`` gives the signed evidence."""
        ...

    async def collect(self, order_ref: str) -> CollectOutcome:
        """How the order stands.

        Raises ``NotFoundError`` when the order is unknown, used up or too old (a lost terminal answer looks like
        this too: start again, never "signed in"), ``ElectronicIdError`` for everything else.
        """
        ...

    async def cancel(self, order_ref: str) -> None:
        """End a pending order. No error when it has ended already."""
        ...

    async def ping(self) -> None:
        """Return if the e-ID answers, without creating an order."""
        ...

    async def certificate(self) -> ClientCertificate | None:
        """The certificate of ours by which the e-ID knows us; None where it knows us by other means.

        An order belongs to the certificate that began it. Raises ``ElectronicIdError``.
        """
        ...
