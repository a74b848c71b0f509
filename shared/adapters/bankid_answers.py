"""What BankID's answers must look like before we believe them. Unknown members are ignored, unknown words tolerated.

Source: BankID RP API v6.0, ``/auth`` and ``/collect``. Whatever does not fit is an ``ElectronicIdError`` that names the
member, never its value: an answer holds personal data.
"""

import base64
import ipaddress
import json
import re
import unicodedata
from datetime import date

from shared.domain.assurance import Assurance
from shared.domain.electronic_id import CollectOutcome, Complete, Failed, Pending, StartedOrder
from shared.domain.errors import ElectronicIdError, ElectronicIdFault, InvalidInputError
from shared.domain.personal_number import parse_personal_number
from shared.domain.verified_identity import VerifiedIdentity

PROVIDER = "bankid"

NAME_CHARACTERS = 1000
"""No name is longer; nothing of ours should have to store more."""

_TOKEN = re.compile(r"[0-9A-Za-z-]{1,64}")
_WORD = re.compile(r"[A-Za-z]{1,64}")
_RISKS = frozenset({"low", "moderate", "high"})
_PERSONAL_NUMBER = re.compile(r"[0-9]{12}")

Members = dict[str, object]


def parse_object(raw: bytes) -> Members | None:
    """The JSON object in ``raw``, or None when it is none."""
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def error_code_of(raw: bytes) -> str | None:
    """``errorCode`` of a refusal, or None. ``details`` is not for us: it may repeat what we sent."""
    code = (parse_object(raw) or {}).get("errorCode")
    return code if isinstance(code, str) and _WORD.fullmatch(code) else None


def parse_started(answer: Members) -> StartedOrder:
    """The tokens of a new order. Raises ``ElectronicIdError``."""
    return StartedOrder(
        order_ref=_token(answer, "orderRef"),
        auto_start_token=_token(answer, "autoStartToken"),
        qr_start_token=_token(answer, "qrStartToken"),
        qr_start_secret=_token(answer, "qrStartSecret"),
    )


def parse_collected(
    raw: bytes, answer: Members, *, order_ref: str, assurance: Assurance, today: date
) -> CollectOutcome:
    """How the order ``order_ref`` stands. ``raw`` is ``answer`` as it came. Raises ``ElectronicIdError``."""
    if answer.get("orderRef") != order_ref:
        raise _unfit("orderRef")
    match answer.get("status"):
        case "pending":
            return Pending(hint_code=_word(answer, "hintCode"))
        case "failed":
            return Failed(hint_code=_word(answer, "hintCode"))
        case "complete":
            completion = _members(answer, "completionData")
            return Complete(
                identity=_identity(raw, completion, transaction=order_ref, assurance=assurance, today=today)
            )
        case _:
            raise _unfit("status")


def _identity(
    raw: bytes, completion: Members, *, transaction: str, assurance: Assurance, today: date
) -> VerifiedIdentity:
    user = _members(completion, "user")
    number = user.get("personalNumber")
    if not isinstance(number, str) or not _PERSONAL_NUMBER.fullmatch(number):
        raise _unfit("personalNumber")
    try:
        personal_number = parse_personal_number(number, today=today)
    except InvalidInputError as exc:
        raise _unfit("personalNumber") from exc
    name = _text(user, "name")
    if not name.strip():
        raise _unfit("name")
    for evidence in ("signature", "ocspResponse"):
        _check_base64(completion, evidence)
    return VerifiedIdentity(
        personal_number=personal_number,
        name=name,
        given_name=_text(user, "givenName"),
        surname=_text(user, "surname"),
        provider=PROVIDER,
        assurance=assurance,
        transaction=transaction,
        issued_on=_issued_on(completion),
        device_ip=_device_ip(completion),
        risk=_risk(completion),
        evidence=raw.decode(),
    )


def _risk(completion: Members) -> str | None:
    """A word that we do not know is for the service to refuse; anything else counts as not said.

    BankID writes its own words in lower case in one place and in capitals in another.
    """
    risk = completion.get("risk")
    if not isinstance(risk, str) or not _WORD.fullmatch(risk):
        return None
    return risk.lower() if risk.lower() in _RISKS else risk


def _issued_on(completion: Members) -> date | None:
    """``bankIdIssueDate``: a day, with an offset from UTC or without one. Nothing depends on it being there."""
    value = completion.get("bankIdIssueDate")
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _device_ip(completion: Members) -> str | None:
    if completion.get("device") is None:
        return None
    address = _members(completion, "device").get("ipAddress")
    if address is None:
        return None
    if not isinstance(address, str):
        raise _unfit("ipAddress")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise _unfit("ipAddress") from None


def _members(parent: Members, name: str) -> Members:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise _unfit(name)
    return value


def _token(parent: Members, name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise _unfit(name)
    return value


def _word(parent: Members, name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise _unfit(name)
    return value


def _text(parent: Members, name: str) -> str:
    """A text that can be stored and shown: no control characters, no lone surrogates."""
    value = parent.get(name)
    if not isinstance(value, str) or len(value) > NAME_CHARACTERS:
        raise _unfit(name)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise _unfit(name)
    return value


def _check_base64(parent: Members, name: str) -> None:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise _unfit(name)
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        raise _unfit(name) from None


def _unfit(member: str) -> ElectronicIdError:
    return ElectronicIdError(ElectronicIdFault.UNFIT, PROVIDER, member)
