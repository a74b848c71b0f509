"""Whether somebody whom an e-ID has identified is let in: pure rules over what it said and what we saw.

Source: BankID, "Risk indication" and "Secure start"; ``docs/adr`` tells why each default is what it is.
"""

import ipaddress
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from shared.domain.principals import Person
from shared.domain.sign_in_modes import SignInMode

FRESH_FOR: Final = timedelta(days=1)
"""An e-ID issued within this time is a known sign of fraud. The e-ID states a day only."""

_RAISED: Final = {"low": "moderate", "moderate": "high"}
_V6_NETWORK: Final = 64

AddressRule = Literal["observe", "browser", "strict"]
"""Of sign-ins on the same device. ``observe``: nothing is refused. ``browser``: the browser must return from the
address it started from, as far as addresses of the same family can tell: a device may use IPv4 now and IPv6 then.
``strict``: both that and the app's address must be the one that the sign-in started from."""


class RefusalReason(StrEnum):
    """Why somebody identified is not let in. The words stand in the API and in audit events."""

    RISK = "risk"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionPolicy:
    """``risks`` are the words of the e-ID that are accepted; anything else, also nothing said, is refused."""

    risks: frozenset[str]
    addresses: AddressRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody whom an e-ID has identified, without the personal number: what is decided on, and kept until then."""

    person: Person
    risk: str | None
    issued_on: date | None
    device_ip: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What we saw ourselves: how the person reached the e-ID, and the addresses of the browser."""

    mode: SignInMode
    started_from: str = field(repr=False)
    returned_from: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Let in. ``remarks`` are fixed words for the audit: what was odd and allowed."""

    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Not let in."""

    reason: RefusalReason


Decision: TypeAlias = Admit | Refuse


def decide(arrival: Arrival, circumstances: Circumstances, policy: AdmissionPolicy, *, today: date) -> Decision:
    """The decision, the same for the same facts.

    A broker is trusted with its own risk and tells none; addresses do not matter in ``QR`` mode, where the app is on
    another device.
    """
    remarks: list[str] = []
    if circumstances.mode is not SignInMode.REDIRECT:
        risk = arrival.risk
        if arrival.issued_on is not None and today - arrival.issued_on <= FRESH_FOR:
            remarks.append("freshly-issued")
            risk = _RAISED.get(risk or "", risk)
        if risk not in policy.risks:
            return Refuse(reason=RefusalReason.RISK)
        if risk != "low":
            remarks.append("risk")
    if circumstances.mode is not SignInMode.QR:
        is_same = _is_same(circumstances.started_from, circumstances.returned_from)
        if is_same is not True:
            remarks.append("browser-moved")
        if (is_same is False and policy.addresses != "observe") or (is_same is None and policy.addresses == "strict"):
            return Refuse(reason=RefusalReason.ADDRESS)
    if circumstances.mode is SignInMode.SAME_DEVICE and not _is_same(circumstances.started_from, arrival.device_ip):
        remarks.append("app-elsewhere")
        if policy.addresses == "strict":
            return Refuse(reason=RefusalReason.ADDRESS)
    return Admit(remarks=tuple(remarks))


def _is_same(one: str, other: str | None) -> bool | None:
    """Whether two addresses are of the same device, or of one network behind it; None where that cannot be told."""
    if other is None:
        return None
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if a.version != b.version:
        return None
    if isinstance(a, ipaddress.IPv6Address):
        # A household has a /64 and changes addresses inside it (RFC 8981).
        return b in ipaddress.IPv6Network((int(a), _V6_NETWORK), strict=False)
    return a == b
