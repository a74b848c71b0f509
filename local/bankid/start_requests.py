"""What ``/auth`` and ``/sign`` may ask for. Unknown members are ignored, as BankID seems to do.

Source: BankID RP API v6.0, "Request fields". Lengths count after base64. The number is checked for its form alone,
as on BankID's test host.
"""

import base64
import ipaddress
import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from local.bankid.refusals import invalid_parameters

FORMATS = ("plaintext", "simpleMarkdownV1")
RISKS = ("low", "moderate", "high")
"""From the least to the greatest."""

RETURN_URL_CHARACTERS = 512
APP_CHARACTERS = 256
"""Of each member of ``app``; BankID does not say how long they may be."""

_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_DOMAIN = re.compile(r"[0-9a-z.-]{3,253}")
_POLICY = re.compile(r"[0-2](\.[0-9]+){4,}|[0-2](\.[0-9]+){3,}\.\*")


class Kind(Enum):
    """Which of the two endpoints; the value is what the signature calls it."""

    AUTH = "Identification"
    SIGN = "Signing"


class _Sizes(NamedTuple):
    visible: int
    non_visible: int


_SIZES = {Kind.AUTH: _Sizes(1_500, 1_500), Kind.SIGN: _Sizes(40_000, 200_000)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What the person and the BankID must fulfil."""

    personal_number: str | None = None
    pin_code: bool = False
    mrtd: bool = False
    certificate_policies: tuple[str, ...] = ()
    risk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A checked request. The data are kept in base64, as they came."""

    kind: Kind
    end_user_ip: str
    visible_data: str | None
    visible_format: str | None
    non_visible_data: str | None
    return_url: str | None
    return_risk: bool
    requirement: Requirement

    @property
    def visible_text(self) -> str:
        return base64.b64decode(self.visible_data or "").decode()


def parse_start(kind: Kind, body: dict[str, object]) -> StartRequest:
    """Check in the order in which BankID is thought to. Raises ``RefusalError``."""
    requirement = _object(body, "requirement", "Invalid requirement")
    number = requirement.get("personalNumber")
    if number is not None and not (isinstance(number, str) and _TWELVE_DIGITS.fullmatch(number)):
        raise invalid_parameters("Incorrect personalNumber")
    end_user_ip = _end_user_ip(body)
    checked = _requirement(requirement, number if isinstance(number, str) else None)
    sizes = _SIZES[kind]
    visible = _base64(body, "userVisibleData", sizes.visible, is_required=kind is Kind.SIGN)
    visible_format = body.get("userVisibleDataFormat")
    if visible_format is not None and visible_format not in FORMATS:
        raise invalid_parameters("Invalid userVisibleDataFormat")
    non_visible = _base64(body, "userNonVisibleData", sizes.non_visible, is_required=False)
    return_url = _text(body, "returnUrl", RETURN_URL_CHARACTERS, "Invalid returnUrl")
    _check_device(body)
    return StartRequest(
        kind=kind,
        end_user_ip=end_user_ip,
        visible_data=visible,
        visible_format=visible_format if isinstance(visible_format, str) else None,
        non_visible_data=non_visible,
        return_url=return_url,
        return_risk=_flag(body, "returnRisk", "Invalid request"),
        requirement=checked,
    )


def _end_user_ip(body: dict[str, object]) -> str:
    value = body.get("endUserIp")
    if not isinstance(value, str):
        raise invalid_parameters("Invalid endUserIp")
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise invalid_parameters("Invalid endUserIp") from None


def _requirement(members: dict[str, object], personal_number: str | None) -> Requirement:
    fault = "Invalid requirement"
    policies = members.get("certificatePolicies", [])
    if not isinstance(policies, list) or not all(isinstance(p, str) and _POLICY.fullmatch(p) for p in policies):
        raise invalid_parameters(fault)
    if members.get("cardReader") not in (None, "class1", "class2"):
        raise invalid_parameters(fault)
    risk = members.get("risk")
    # BankID's own sample writes it in capitals, other clients do not.
    if risk is not None and not (isinstance(risk, str) and risk.lower() in RISKS[:2]):
        raise invalid_parameters(fault)
    return Requirement(
        personal_number=personal_number,
        pin_code=_flag(members, "pinCode", fault),
        mrtd=_flag(members, "mrtd", fault),
        certificate_policies=tuple(policies),
        risk=risk.lower() if isinstance(risk, str) else None,
    )


def _base64(body: dict[str, object], name: str, limit: int, *, is_required: bool) -> str | None:
    value = body.get(name)
    if value is None and not is_required:
        return None
    fault = invalid_parameters(f"Invalid {name}")
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise fault
    try:
        data = base64.b64decode(value, validate=True)
        if name == "userVisibleData":
            data.decode()
    except ValueError:
        raise fault from None
    return value


def _check_device(body: dict[str, object]) -> None:
    fault = "Invalid request"
    if "app" in body and "web" in body:
        raise invalid_parameters(fault)
    if "web" in body:
        web = _object(body, "web", fault)
        domain = _text(web, "referringDomain", 253, fault)
        agent = _text(web, "userAgent", 256, fault)
        device = _text(web, "deviceIdentifier", 64, fault)
        if domain is None and agent is None and device is None:
            raise invalid_parameters(fault)
        if domain is not None and not _DOMAIN.fullmatch(domain):
            raise invalid_parameters(fault)
    if "app" in body:
        app = _object(body, "app", fault)
        names = ("appIdentifier", "deviceOS", "deviceModelName", "deviceIdentifier")
        if all(_text(app, name, APP_CHARACTERS, fault) is None for name in names):
            raise invalid_parameters(fault)


def _object(body: dict[str, object], name: str, fault: str) -> dict[str, object]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_parameters(fault)
    return value


def _text(body: dict[str, object], name: str, limit: int, fault: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise invalid_parameters(fault)
    return value


def _flag(body: dict[str, object], name: str, fault: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise invalid_parameters(fault)
    return value
