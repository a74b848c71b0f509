"""What an order may ask for: the six requests that begin one, checked in the order in which BankID is thought to.

Source: BankID RP API v6.0, "Request fields".
"""

import base64
import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from local.bankid import fields
from local.bankid.fields import Members
from local.bankid.known_members import known_members
from local.bankid.payments import Payment, check_risk_flags, parse_payment
from local.bankid.refusals import invalid_parameters

FORMATS = ("plaintext", "simpleMarkdownV1")
RISKS = ("low", "moderate", "high")
"""From the least to the greatest."""

CALL_INITIATORS = ("user", "RP")
CARD_READERS = ("class1", "class2")

RETURN_URL_CHARACTERS = 512
APP_CHARACTERS = 256
"""Of each member of ``app``; BankID does not say how long they may be."""

_DOMAIN = re.compile(r"[0-9a-z.-]{3,253}")
_POLICY = re.compile(r"[0-2](\.[0-9]+){4,}|[0-2](\.[0-9]+){3,}\.\*")
"""A wildcard stands last, and not before the fifth place."""


class Kind(Enum):
    """What the person does; the value is what the signature calls it."""

    AUTH = "Identification"
    SIGN = "Signing"


class Endpoint(Enum):
    """Where an order begins; the value is its path."""

    AUTH = "auth"
    SIGN = "sign"
    PAYMENT = "payment"
    PHONE_AUTH = "phone/auth"
    PHONE_SIGN = "phone/sign"
    OTHER_PAYMENT = "other/payment"

    @property
    def kind(self) -> Kind:
        """A payment is approved with a signature."""
        return Kind.AUTH if self in (Endpoint.AUTH, Endpoint.PHONE_AUTH) else Kind.SIGN

    @property
    def is_by_phone(self) -> bool:
        return self in (Endpoint.PHONE_AUTH, Endpoint.PHONE_SIGN)

    @property
    def is_by_number(self) -> bool:
        """The order goes to the app of one person, without a code or a token."""
        return self.is_by_phone or self is Endpoint.OTHER_PAYMENT

    @property
    def is_payment(self) -> bool:
        return self in (Endpoint.PAYMENT, Endpoint.OTHER_PAYMENT)


class _Sizes(NamedTuple):
    visible: int
    non_visible: int


_SHORT, _LONG = _Sizes(1_500, 1_500), _Sizes(40_000, 200_000)
"""Of identification, also taken for payments, of which BankID does not say it; and of signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What the person and the BankID must fulfil."""

    personal_number: str | None = None
    pin_code: bool = False
    mrtd: bool = False
    card_reader: str | None = None
    certificate_policies: tuple[str, ...] = ()
    risk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A checked request. The data are kept in base64, as they came. ``end_user_ip`` is None where a number stands."""

    endpoint: Endpoint
    end_user_ip: str | None
    visible_data: str | None
    visible_format: str | None
    non_visible_data: str | None
    return_url: str | None
    return_risk: bool
    requirement: Requirement
    call_initiator: str | None = None
    payment: Payment | None = None

    @property
    def kind(self) -> Kind:
        return self.endpoint.kind

    @property
    def visible_text(self) -> str:
        return base64.b64decode(self.visible_data or "").decode()


def parse_start(endpoint: Endpoint, body: Members, *, refuses_others: bool = False) -> StartRequest:
    """``refuses_others``: whether a member that the endpoint does not know is a fault. Raises ``RefusalError``."""
    body = known_members(endpoint.value, body, refuses_others=refuses_others)
    requirement = fields.members_of(body, "requirement", "Invalid requirement")
    if endpoint.is_by_number:
        number = fields.personal_number(body, is_required=True)
        end_user_ip = None
    else:
        number = fields.personal_number(requirement, is_required=False)
        end_user_ip = fields.end_user_ip(body)
    call_initiator = _call_initiator(body) if endpoint.is_by_phone else None
    payment = parse_payment(body) if endpoint.is_payment else None
    checked = _requirement(requirement, number)
    visible, visible_format, non_visible = _data(endpoint, body)
    return_url = fields.text(body, "returnUrl", RETURN_URL_CHARACTERS, "Invalid returnUrl")
    _check_device(body)
    check_risk_flags(body)
    return StartRequest(
        endpoint=endpoint,
        end_user_ip=end_user_ip,
        visible_data=visible,
        visible_format=visible_format,
        non_visible_data=non_visible,
        return_url=return_url,
        return_risk=fields.flag(body, "returnRisk", "Invalid request"),
        requirement=checked,
        call_initiator=call_initiator,
        payment=payment,
    )


def _call_initiator(body: Members) -> str:
    fault = "Incorrect callInitiator"
    initiator = fields.one_of(body, "callInitiator", CALL_INITIATORS, fault)
    if initiator is None:
        raise invalid_parameters(fault)
    return initiator


def _requirement(members: Members, personal_number: str | None) -> Requirement:
    fault = "Invalid requirement"
    policies = members.get("certificatePolicies", [])
    if not isinstance(policies, list) or not all(isinstance(p, str) and _POLICY.fullmatch(p) for p in policies):
        raise invalid_parameters(fault)
    risk = members.get("risk")
    # BankID's own sample writes it in capitals, other clients do not.
    if risk is not None and not (isinstance(risk, str) and risk in (*RISKS[:2], *map(str.upper, RISKS[:2]))):
        raise invalid_parameters(fault)
    return Requirement(
        personal_number=personal_number,
        pin_code=fields.flag(members, "pinCode", fault),
        mrtd=fields.flag(members, "mrtd", fault),
        card_reader=fields.one_of(members, "cardReader", CARD_READERS, fault),
        certificate_policies=tuple(policies),
        risk=risk.lower() if isinstance(risk, str) else None,
    )


def _data(endpoint: Endpoint, body: Members) -> tuple[str | None, str | None, str | None]:
    """Visible data, their format, and data that are not visible."""
    sizes = _LONG if endpoint in (Endpoint.SIGN, Endpoint.PHONE_SIGN) else _SHORT
    visible = fields.base64_text(body, "userVisibleData", sizes.visible, is_required=sizes is _LONG, is_utf8=True)
    visible_format = fields.one_of(body, "userVisibleDataFormat", FORMATS, "Invalid userVisibleDataFormat")
    non_visible = fields.base64_text(body, "userNonVisibleData", sizes.non_visible, is_required=False, is_utf8=False)
    if endpoint.is_payment and non_visible is not None and visible is None:
        raise invalid_parameters("userNonVisible data requires userVisibleData")
    return visible, visible_format, non_visible


def _check_device(body: Members) -> None:
    fault = "Invalid request"
    if "app" in body and "web" in body:
        raise invalid_parameters(fault)
    if "web" in body:
        web = fields.members_of(body, "web", fault)
        domain = fields.text(web, "referringDomain", 253, fault)
        agent = fields.text(web, "userAgent", 256, fault)
        device = fields.text(web, "deviceIdentifier", 64, fault)
        if domain is None and agent is None and device is None:
            raise invalid_parameters(fault)
        if domain is not None and not _DOMAIN.fullmatch(domain):
            raise invalid_parameters(fault)
    if "app" in body:
        app = fields.members_of(body, "app", fault)
        names = ("appIdentifier", "deviceOS", "deviceModelName", "deviceIdentifier")
        if all(fields.text(app, name, APP_CHARACTERS, fault) is None for name in names):
            raise invalid_parameters(fault)
