"""Which members each endpoint knows. The others are ignored, as BankID seems to do, or refused where that is wanted.

Source: BankID RP API v6.0, "Request fields".
"""

from types import MappingProxyType

from local.bankid.fields import Members
from local.bankid.refusals import invalid_parameters

_TEXTS = frozenset({"userVisibleData", "userVisibleDataFormat", "userNonVisibleData", "requirement"})
_DEVICE = frozenset({"returnUrl", "returnRisk", "app", "web"})
_AT_DEVICE = _TEXTS | _DEVICE | {"endUserIp"}
_BY_PHONE = _TEXTS | {"personalNumber", "callInitiator"}
_PAYMENT = frozenset({"userVisibleTransaction"})

_TOP = MappingProxyType(
    {
        "auth": _AT_DEVICE,
        "sign": _AT_DEVICE,
        "payment": _AT_DEVICE | _PAYMENT | {"riskFlags"},
        "phone/auth": _BY_PHONE,
        "phone/sign": _BY_PHONE,
        "other/payment": _TEXTS | _DEVICE | _PAYMENT | {"personalNumber"},
    }
)
_REQUIREMENT = frozenset({"pinCode", "cardReader", "certificatePolicies"})
_INNER: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        "app": frozenset({"appIdentifier", "deviceOS", "deviceModelName", "deviceIdentifier"}),
        "web": frozenset({"referringDomain", "userAgent", "deviceIdentifier"}),
        "userVisibleTransaction": frozenset({"transactionType", "recipient", "money", "riskWarning"}),
        "recipient": frozenset({"name"}),
        "money": frozenset({"amount", "currency"}),
    }
)


def known_members(endpoint: str, body: Members, *, refuses_others: bool) -> Members:
    """Those of ``body`` that ``endpoint`` knows, also in its objects. Raises ``RefusalError`` if others are refused."""
    # A call by telephone is for one number; what stands in the requirement is the rest.
    requirement = _REQUIREMENT if "personalNumber" in _TOP[endpoint] else _REQUIREMENT | {"personalNumber"}
    if not endpoint.startswith("phone/"):
        requirement |= {"mrtd", "risk"}
    inner = {**_INNER, "requirement": requirement}

    def known(members: Members, names: frozenset[str]) -> Members:
        if refuses_others and members.keys() - names:
            raise invalid_parameters("Invalid request")
        return {
            name: known(value, inner[name]) if name in inner and isinstance(value, dict) else value
            for name, value in members.items()
            if name in names
        }

    return known(body, _TOP[endpoint])
