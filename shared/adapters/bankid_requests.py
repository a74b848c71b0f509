"""What BankID is asked for when an order starts, held to its rules before anything is sent.

Source: BankID RP API v6.0, ``/auth`` and ``/sign``, "Request fields". Lengths count after base64. What people or
browsers gave us and BankID would refuse must not cost a person the sign-in: it is cut or left out. What our own code
says wrong is an ``InvalidInputError``.
"""

import base64
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from shared.adapters.bankid_answers import Members
from shared.domain.electronic_id import OrderRequest, Requirement, SignRequest
from shared.domain.errors import InvalidInputError

USER_AGENT_CHARACTERS: Final = 256
DEVICE_IDENTIFIER_CHARACTERS: Final = 64
RETURN_URL_CHARACTERS: Final = 512


@dataclass(frozen=True, slots=True)
class _Lengths:
    visible: int
    non_visible: int


_AUTH: Final = _Lengths(visible=1_500, non_visible=1_500)
_SIGN: Final = _Lengths(visible=40_000, non_visible=200_000)

_DOMAIN: Final = re.compile(r"[0-9a-z.-]{3,253}")
_POLICY: Final = re.compile(r"[0-2](\.[0-9]+){4,}|[0-2](\.[0-9]+){3,}\.\*")
"""An object identifier; from its fifth place on, a wildcard may stand at the end."""

_EMOJI: Final = (
    *(range(0x1F000, 0x1FC00), range(0x2600, 0x27C0), range(0x2B00, 0x2C00), range(0x231A, 0x231C)),
    *(range(0x23E9, 0x2400), range(0x20E3, 0x20E4), range(0xFE0F, 0xFE10)),
)
"""The blocks of pictures, the enclosing keycap, and the selector that turns a character into a picture."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Control, format (which can turn the direction of reading), lone surrogates, private, unassigned."""

_LINE_BREAKS: Final = frozenset("\r\n")


def auth_body(request: OrderRequest) -> Members:
    """The body of ``/auth``. Raises ``InvalidInputError``."""
    return _body(request, _AUTH)


def sign_body(request: SignRequest) -> Members:
    """The body of ``/sign``. Raises ``InvalidInputError``."""
    return _body(request, _SIGN)


def _body(request: OrderRequest | SignRequest, lengths: _Lengths) -> Members:
    body: Members = {
        "endUserIp": request.end_user_ip,
        "returnRisk": request.return_risk,
        "userVisibleData": _visible(request.user_visible_text, lengths.visible),
        "userVisibleDataFormat": "simpleMarkdownV1",
        "web": _device(request),
    }
    if request.user_non_visible_data:
        body["userNonVisibleData"] = _base64(
            request.user_non_visible_data, lengths.non_visible, "user-non-visible-data"
        )
    # An empty text is no address; BankID refuses it.
    if request.return_url is not None:
        if not 1 <= len(request.return_url) <= RETURN_URL_CHARACTERS:
            raise InvalidInputError("return-url")
        body["returnUrl"] = request.return_url
    if request.requirement is not None and (required := _requirement(request.requirement)):
        body["requirement"] = required
    return body


def _visible(text: str, limit: int) -> str:
    if any(not _is_shown(character) for character in text):
        raise InvalidInputError("user-visible-text")
    return _base64(text.encode(), limit, "user-visible-text")


def _is_shown(character: str) -> bool:
    """Apps show emoji differently or not at all, and what is signed must be what was seen."""
    if character in _LINE_BREAKS:
        return True
    point = ord(character)
    return unicodedata.category(character) not in _UNSEEN and not any(point in block for block in _EMOJI)


def _base64(content: bytes, limit: int, rule: str) -> str:
    # Three bytes become four characters: what is far too long is not encoded first.
    if not 1 <= (len(content) + 2) // 3 * 4 <= limit:
        raise InvalidInputError(rule)
    return base64.b64encode(content).decode()


def _device(request: OrderRequest | SignRequest) -> Members:
    device: Members = {"referringDomain": _domain(request.referring_domain)}
    # A browser may send neither, and BankID refuses an empty one.
    if identifier := request.device_identifier[:DEVICE_IDENTIFIER_CHARACTERS]:
        device["deviceIdentifier"] = identifier
    if user_agent := request.user_agent[:USER_AGENT_CHARACTERS]:
        device["userAgent"] = user_agent
    return device


def _domain(name: str) -> str:
    """In lower case and as punycode (RFC 3492), which is what browsers compare, too."""
    try:
        ascii_name = name.lower().encode("idna").decode()
    except UnicodeError as exc:
        raise InvalidInputError("referring-domain") from exc
    if not _DOMAIN.fullmatch(ascii_name):
        raise InvalidInputError("referring-domain")
    return ascii_name


def _requirement(requirement: Requirement) -> Members:
    """Only what is asked for: BankID's defaults are the widest, and naming them would narrow nothing."""
    members: Members = {}
    if requirement.personal_number is not None:
        members["personalNumber"] = requirement.personal_number.digits
    if requirement.pin_code:
        members["pinCode"] = True
    if requirement.mrtd:
        members["mrtd"] = True
    if requirement.card_reader is not None:
        members["cardReader"] = requirement.card_reader.value
    if requirement.certificate_policies:
        if not all(_POLICY.fullmatch(policy) for policy in requirement.certificate_policies):
            raise InvalidInputError("certificate-policy")
        members["certificatePolicies"] = list(requirement.certificate_policies)
    if requirement.risk is not None:
        # In capitals as in BankID's own sample; its documents and other clients write small letters.
        members["risk"] = requirement.risk.value.upper()
    return members
