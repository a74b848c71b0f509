"""Answers that say wrongly what BankID did: each fault changes one thing and leaves the rest as it came."""

import uuid
from collections.abc import Callable
from types import MappingProxyType
from typing import cast

from local.bankid.false_refusals import NOT_TO_BE_SHOWN
from local.bankid.fault_kinds import AnswerFault
from local.bankid.faults import Fault
from local.bankid.personas import PERSONAS
from local.bankid.rp_answers import Members, RpAnswer

HUGE_BYTES = 1024 * 1024
"""About 25 times a completed order."""

OTHER_IP = "198.51.100.66"
"""Neither where the relying party nor where the app is (TEST-NET-2, RFC 5737)."""

UNKNOWN_WORD = "somethingNew"


def spoiled(fault: Fault, answer: RpAnswer) -> RpAnswer | None:
    """The answer with this fault; None when it has nothing that the fault could spoil."""
    members = answer.members
    if members is None:
        return None
    match fault.kind:
        case AnswerFault.INVALID_JSON:
            return RpAnswer(status=answer.status, headers=answer.headers, body=answer.body[:-1])
        case AnswerFault.NOT_AN_OBJECT:
            return answer.saying([members])
        case AnswerFault.MISSING_MEMBER:
            changed = _without(members, *fault.member.split("."))
        case _:
            changed = _CHANGES[cast("AnswerFault", fault.kind)](members)
    return None if changed is None else answer.saying(changed)


_Change = Callable[[Members], Members | None]


def _with(name: str, value: object) -> _Change:
    """Only where the member is there already."""
    return lambda members: {**members, name: value} if name in members else None


def _without(members: Members, name: str, *rest: str) -> Members | None:
    if name not in members:
        return None
    if not rest:
        return {key: value for key, value in members.items() if key != name}
    return _within(name, lambda inner: _without(inner, *rest))(members)


def _within(name: str, change: _Change) -> _Change:
    def changed(members: Members) -> Members | None:
        inner = members.get(name)
        spoilt = change(inner) if isinstance(inner, dict) else None
        return None if spoilt is None else {**members, name: spoilt}

    return changed


def _completion(change: _Change) -> _Change:
    return _within("completionData", change)


def _more(members: Members) -> Members:
    """Also members that version 5 of the API had."""
    extra: Members = {"invented": {"text": NOT_TO_BE_SHOWN}, "setUp": None}
    inner = members.get("completionData")
    if isinstance(inner, dict):
        extra["completionData"] = {**inner, "cert": {"notBefore": "1700000000000"}, "invented": [NOT_TO_BE_SHOWN]}
    return {**members, **extra}


def _echo(members: Members) -> Members | None:
    """Of another order; where an order is made there is nothing to echo."""
    return {**members, "orderRef": str(uuid.uuid4())} if "status" in members else None


def _unreadable(completion: Members) -> Members:
    """A character that a decoder which is not strict passes over."""
    return {**completion, "signature": f"!{completion['signature']}"}


def _short_number(user: Members) -> Members:
    return {**user, "personalNumber": str(user["personalNumber"])[2:]}


def _other_person(user: Members) -> Members:
    other = next(one for one in PERSONAS.values() if one.personal_number != user["personalNumber"])
    return {
        "personalNumber": other.personal_number,
        "name": other.name,
        "givenName": other.given_name,
        "surname": other.surname,
    }


_CHANGES = MappingProxyType(
    {
        AnswerFault.HUGE_BODY: lambda members: {**members, "padding": "x" * HUGE_BYTES},
        AnswerFault.EXTRA_MEMBERS: _more,
        AnswerFault.OTHER_ORDER_REF: _echo,
        AnswerFault.UNKNOWN_STATUS: _with("status", UNKNOWN_WORD),
        AnswerFault.UNKNOWN_HINT: _with("hintCode", UNKNOWN_WORD),
        AnswerFault.NULL_COMPLETION: _with("completionData", None),
        AnswerFault.BAD_BASE64: _completion(_unreadable),
        AnswerFault.SHORT_NUMBER: _completion(_within("user", _short_number)),
        AnswerFault.NO_RISK: _completion(lambda completion: _without(completion, "risk")),
        AnswerFault.NO_HARDWARE_ID: _completion(lambda completion: _without(completion, "device", "uhi")),
        AnswerFault.NO_STEP_UP: _completion(lambda completion: _without(completion, "stepUp")),
        AnswerFault.OTHER_IP: _completion(_within("device", _with("ipAddress", OTHER_IP))),
        AnswerFault.OTHER_PERSON: _completion(_within("user", _other_person)),
        AnswerFault.HIGH_RISK: _completion(lambda completion: {**completion, "risk": "high"}),
    }
)
