"""What counts as suspicious: a closed list, how grave each kind is, who is told, and which audit events are a sign.

``docs/security-events.md`` is tested against this. Some kinds are counted against a threshold (``WatchLimits``); of the
others one is enough. Either way there is at most one security event for a kind, an object and a period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.audit_events import AuditEvent
from shared.domain.principals import Role
from shared.domain.rate_limits import Limit


class SecurityEvent(StrEnum):
    """The closed list. The words stand in the log, in queue messages and in figures."""

    ACCOUNT_FAILURES = "account-failures"
    NETWORK_FAILURES = "network-failures"
    ALL_FAILURES = "all-failures"
    SPRAYING = "spraying"
    MISSES = "misses"
    DOWNLOADS = "downloads"
    NEW_DEVICE = "new-device"
    POLICY_CHANGED = "policy-changed"
    KEYS_CHANGED = "keys-changed"
    ROLES_CHANGED = "roles-changed"
    PERSONAL_DATA = "personal-data"
    CODES_LIMITED = "codes-limited"
    LIMIT_REACHED = "limit-reached"


class Severity(StrEnum):
    """How soon somebody should look."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Told(StrEnum):
    """Who is told besides the log: by mail, or by a figure and its alarm."""

    ADMINS = "admins"
    OWNER = "owner"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What goes for every event of a kind. All of them are counted for operations."""

    severity: Severity
    told: frozenset[Told]


def _nature(severity: Severity, *told: Told) -> Nature:
    return Nature(severity=severity, told=frozenset({Told.OPERATIONS, *told}))


NATURES: Final[Mapping[SecurityEvent, Nature]] = {
    SecurityEvent.ACCOUNT_FAILURES: _nature(Severity.MEDIUM, Told.ADMINS, Told.OWNER),
    SecurityEvent.NETWORK_FAILURES: _nature(Severity.MEDIUM),
    SecurityEvent.ALL_FAILURES: _nature(Severity.HIGH),
    SecurityEvent.SPRAYING: _nature(Severity.HIGH),
    SecurityEvent.MISSES: _nature(Severity.HIGH, Told.ADMINS),
    SecurityEvent.DOWNLOADS: _nature(Severity.HIGH, Told.ADMINS),
    SecurityEvent.NEW_DEVICE: _nature(Severity.LOW, Told.OWNER),
    SecurityEvent.POLICY_CHANGED: _nature(Severity.MEDIUM, Told.ADMINS),
    SecurityEvent.KEYS_CHANGED: _nature(Severity.HIGH, Told.ADMINS),
    SecurityEvent.ROLES_CHANGED: _nature(Severity.MEDIUM, Told.ADMINS),
    SecurityEvent.PERSONAL_DATA: _nature(Severity.MEDIUM, Told.ADMINS),
    SecurityEvent.CODES_LIMITED: _nature(Severity.HIGH, Told.ADMINS),
    SecurityEvent.LIMIT_REACHED: _nature(Severity.LOW),
}

ONCE: Final = timedelta(hours=1)
"""The period of what is not counted: one event for an object in an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """How much is usual. None: not watched, which only a laptop may say. Counts are 2 or more.

    ``mails_per_kind`` is how many mails an admin gets of one kind, whatever happens; None: no mails.
    """

    account_failures: Limit | None
    network_failures: Limit | None
    all_failures: Limit | None
    spraying: Limit | None
    misses: Limit | None
    downloads: Limit | None
    watches_devices: bool
    mails_per_kind: Limit | None

    def of(self, kind: SecurityEvent) -> Limit | None:
        """The threshold of a kind that is counted. Raises ``KeyError`` for another."""
        return {
            SecurityEvent.ACCOUNT_FAILURES: self.account_failures,
            SecurityEvent.NETWORK_FAILURES: self.network_failures,
            SecurityEvent.ALL_FAILURES: self.all_failures,
            SecurityEvent.SPRAYING: self.spraying,
            SecurityEvent.MISSES: self.misses,
            SecurityEvent.DOWNLOADS: self.downloads,
        }[kind]

    def period(self, kind: SecurityEvent) -> timedelta:
        """How long one event of a kind stands for all that follow."""
        if kind not in COUNTED:
            return ONCE
        limit = self.of(kind)
        return ONCE if limit is None else timedelta(seconds=limit.seconds)


COUNTED: Final = frozenset(
    {
        SecurityEvent.ACCOUNT_FAILURES,
        SecurityEvent.NETWORK_FAILURES,
        SecurityEvent.ALL_FAILURES,
        SecurityEvent.SPRAYING,
        SecurityEvent.MISSES,
        SecurityEvent.DOWNLOADS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """That an audit event is one of a kind. ``about`` is what is counted, or told once in a period.

    ``staff`` is whose account it is about, ``what`` what else; ``by_system``: who did it is not known, or no matter.
    """

    kind: SecurityEvent
    about: str
    staff: str | None = None
    what: str = "none"
    by_system: bool = False


_SIGNS: Final[Mapping[AuditEvent, SecurityEvent]] = {
    AuditEvent.FACTOR_REFUSED: SecurityEvent.ACCOUNT_FAILURES,
    AuditEvent.FILE_FETCHED: SecurityEvent.DOWNLOADS,
    AuditEvent.SETTINGS_CHANGED: SecurityEvent.POLICY_CHANGED,
    AuditEvent.KEY_CUSTODY_CHANGED: SecurityEvent.KEYS_CHANGED,
    AuditEvent.ORGANISATION_KEYS_DESTROYED: SecurityEvent.KEYS_CHANGED,
    AuditEvent.FACTORS_RESET: SecurityEvent.ROLES_CHANGED,
    AuditEvent.STAFF_CHANGED: SecurityEvent.ROLES_CHANGED,
    AuditEvent.STAFF_INVITED: SecurityEvent.ROLES_CHANGED,
    AuditEvent.CLIENT_CREATED: SecurityEvent.ROLES_CHANGED,
    AuditEvent.CLIENT_CHANGED: SecurityEvent.ROLES_CHANGED,
    AuditEvent.CLIENT_CREDENTIAL_ADDED: SecurityEvent.ROLES_CHANGED,
    AuditEvent.CLIENT_REFUSED: SecurityEvent.ACCOUNT_FAILURES,
    AuditEvent.CLIENT_LIMITED: SecurityEvent.LIMIT_REACHED,
    AuditEvent.PERSON_REFUSED: SecurityEvent.ALL_FAILURES,
    AuditEvent.RETURN_REFUSED: SecurityEvent.ALL_FAILURES,
    AuditEvent.BROKER_REFUSED: SecurityEvent.ALL_FAILURES,
    AuditEvent.PERSONAL_DATA_NOTICED: SecurityEvent.PERSONAL_DATA,
    AuditEvent.FACTOR_LIMITED: SecurityEvent.CODES_LIMITED,
    AuditEvent.STAFF_LIMITED: SecurityEvent.LIMIT_REACHED,
    AuditEvent.SIGN_IN_LIMITED: SecurityEvent.LIMIT_REACHED,
}


def sign_of(event: AuditEvent, *, by: str, ids: Mapping[str, str]) -> Sign | None:
    """What the audit event is a sign of. None: of nothing.

    Keys that the service renews by itself are routine; that they move to another vault, or are destroyed, is not.
    """
    kind = _kind(event, by=by, ids=ids)
    match kind:
        case None:
            return None
        case SecurityEvent.ALL_FAILURES:
            # Accounts and addresses of persons are not known then: they count in all.
            sign = Sign(kind=kind, about="persons", by_system=True)
        case SecurityEvent.PERSONAL_DATA:
            where = f"{ids.get('record')}.{ids.get('field')}"
            sign = Sign(kind=kind, about=where, what=where)
        case SecurityEvent.LIMIT_REACHED:
            # By the kind of limit: with a hash of each of many addresses it would be an event for each of them.
            limit = by.rpartition("-")[0]
            sign = Sign(kind=kind, about=limit, what=limit, by_system=True)
        case SecurityEvent.ACCOUNT_FAILURES | SecurityEvent.CODES_LIMITED:
            is_client = event is AuditEvent.CLIENT_REFUSED
            staff, what = (None, by) if is_client else (by, "none")
            sign = Sign(kind=kind, about=by, staff=staff, what=what, by_system=True)
        case SecurityEvent.ROLES_CHANGED:
            staff, client = ids.get("staff"), ids.get("client", "none")
            sign = Sign(kind=kind, about=staff or client, staff=staff, what=client)
        case _:
            sign = Sign(kind=kind, about=by)
    return sign


def _kind(event: AuditEvent, *, by: str, ids: Mapping[str, str]) -> SecurityEvent | None:
    match event:
        case AuditEvent.STAFF_CHANGED:
            is_sign = "role" in ids.get("changed", "").split()
        case AuditEvent.STAFF_INVITED:
            is_sign = ids.get("role") == Role.ADMIN
        case AuditEvent.FILE_FETCHED:
            is_sign = by != "system"
        case _:
            is_sign = True
    return _SIGNS.get(event) if is_sign else None


def period_start(now: datetime, period: timedelta) -> datetime:
    """When the period began that ``now`` lies in: the same on all instances."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // period * period
