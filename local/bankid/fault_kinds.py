"""Every fault that the simulator can make, as a closed list by the place where it strikes.

What a relying party must survive, from what BankID's hosts and the networks before them are known to do.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias


class ConnectionFault(StrEnum):
    """Strikes a connection, before anything was asked on it. The last two are no faults but must be got on with."""

    HANDSHAKE_HANGS = "handshake-hangs"
    RESET_BEFORE_HANDSHAKE = "reset-before-handshake"
    RESET_BEFORE_REQUEST = "reset-before-request"
    EXPIRED_CERTIFICATE = "expired-certificate"
    WRONG_NAME = "wrong-name"
    FOREIGN_ROOT = "foreign-root"
    TLS_1_1_ONLY = "tls-1.1-only"
    TLS_1_2_ONLY = "tls-1.2-only"
    TLS_1_3_ONLY = "tls-1.3-only"


class RefusalFault(StrEnum):
    """Answered in BankID's place: no order is touched. ``too-fast`` strikes only a collect within two seconds."""

    UNKNOWN_ERROR = "unknown-error"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    REQUEST_TIMEOUT = "request-timeout"
    TOO_MANY_REQUESTS = "too-many-requests"
    TOO_FAST = "too-fast"
    INTERNAL_ERROR = "internal-error"
    BAD_GATEWAY = "bad-gateway"
    MAINTENANCE = "maintenance"
    CAPITAL_MAINTENANCE = "capital-maintenance"
    GATEWAY_TIMEOUT = "gateway-timeout"


class AnswerFault(StrEnum):
    """BankID did its part, and says it wrongly. Each waits for an answer that has what it spoils."""

    INVALID_JSON = "invalid-json"
    NOT_AN_OBJECT = "not-an-object"
    HUGE_BODY = "huge-body"
    MISSING_MEMBER = "missing-member"
    EXTRA_MEMBERS = "extra-members"
    OTHER_ORDER_REF = "other-order-ref"
    UNKNOWN_STATUS = "unknown-status"
    UNKNOWN_HINT = "unknown-hint"
    NULL_COMPLETION = "null-completion"
    BAD_BASE64 = "bad-base64"
    SHORT_NUMBER = "short-number"
    NO_RISK = "no-risk"
    NO_HARDWARE_ID = "no-uhi"
    NO_STEP_UP = "no-step-up"
    OTHER_IP = "other-ip"
    OTHER_PERSON = "other-person"
    HIGH_RISK = "high-risk"


class EvidenceFault(StrEnum):
    """The person is who the answer says, and the signature or the OCSP answer does not bear it out."""

    BROKEN_DIGEST = "broken-digest"
    OTHER_CERTIFICATE = "other-certificate"
    WRONG_FUNCTION = "wrong-func-id"
    WRONG_NONCE = "wrong-nonce"
    REVOKED = "revoked"


class DeliveryFault(StrEnum):
    """BankID did its part, and the answer does not arrive: an order exists, or a result is used up, unknown to us."""

    SLOW_ANSWER = "slow-answer"
    ANSWER_LOST = "answer-lost"
    ANSWER_CUT = "answer-cut"
    LOST_IN_GATEWAY = "lost-in-gateway"


FaultKind: TypeAlias = ConnectionFault | RefusalFault | AnswerFault | EvidenceFault | DeliveryFault

_FAMILIES: tuple[type[FaultKind], ...] = (ConnectionFault, RefusalFault, AnswerFault, EvidenceFault, DeliveryFault)

KINDS = MappingProxyType({kind.value: kind for family in _FAMILIES for kind in family})
"""All of them, by name."""
