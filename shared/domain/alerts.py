"""What admins are mailed of a security event: which kind, when, and to look into the log. And what is queued for it.

The mail names nobody and nothing: whoever reads it over a shoulder, or in a mailbox that was taken over, learns that
something of a kind happened at an organisation that they know already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId, StaffId, is_id
from shared.domain.places import PLATFORM
from shared.domain.security_events import SecurityEvent, Severity
from shared.domain.staff_notices import StaffNotice

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALERT: Final = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """That ``event``, an id, was noticed. ``staff`` owns the account that it is about; ``admin``: mail this one."""

    kind: SecurityEvent
    organisation: OrganisationId
    event: str
    seconds: int
    """When, since 1970: the start of the period."""
    staff: StaffId | None = None
    admin: StaffId | None = None

    @property
    def at(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.seconds)

    def message(self) -> Mapping[str, str]:
        """As ``parse_alert`` reads it."""
        ids = {"organisation": self.organisation, "event": self.event, "at": str(self.seconds)}
        whom = {"staff": self.staff, "admin": self.admin}
        return {_ALERT: self.kind.value, **ids, **{name: each for name, each in whom.items() if each is not None}}


def seconds_of(at: datetime) -> int:
    """As ``Alert.seconds``."""
    return (at - _EPOCH) // timedelta(seconds=1)


def parse_alert(message: Mapping[str, object]) -> Alert:
    """What a queue message asks for. Raises ``IntegrityError`` for what ``Alert.message`` does not make."""
    texts = {name: text for name, text in message.items() if isinstance(text, str)}
    try:
        kind, at = SecurityEvent(texts[_ALERT]), int(texts["at"])
        organisation, event = texts["organisation"], texts["event"]
    except (KeyError, ValueError):
        raise IntegrityError from None
    ids = [event, *(texts[name] for name in ("staff", "admin") if name in texts)]
    is_ours = is_id(organisation) or organisation == PLATFORM
    if not (is_ours and all(is_id(each) for each in ids) and 0 <= at < _LATEST):
        raise IntegrityError
    staff, admin = texts.get("staff"), texts.get("admin")
    return Alert(
        kind=kind,
        organisation=OrganisationId(organisation),
        event=event,
        seconds=at,
        staff=None if staff is None else StaffId(staff),
        admin=None if admin is None else StaffId(admin),
    )


_LATEST: Final = 100_000_000_000

NOTICES: Final = {
    SecurityEvent.ACCOUNT_FAILURES: StaffNotice.SIGN_INS_FAILED,
    SecurityEvent.NEW_DEVICE: StaffNotice.NEW_DEVICE,
}
"""What the owner of an account is told, of the kinds that owners are told of."""

SUBJECT: Final = "Säkerhetshändelse / Security event"

_HAPPENED: Final = {
    SecurityEvent.ACCOUNT_FAILURES: (
        "Många misslyckade försök att logga in på ett konto.",
        "Many failed attempts to sign in to one account.",
    ),
    SecurityEvent.MISSES: (
        "Någon har gång på gång frågat efter sådant som inte finns eller inte är deras.",
        "Somebody asked again and again for what is not there, or not theirs.",
    ),
    SecurityEvent.DOWNLOADS: (
        "Någon har hämtat ovanligt många filer.",
        "Somebody fetched unusually many files.",
    ),
    SecurityEvent.POLICY_CHANGED: (
        "Organisationens inställningar har ändrats.",
        "The settings of the organisation were changed.",
    ),
    SecurityEvent.KEYS_CHANGED: (
        "Organisationens nycklar har flyttats eller förstörts.",
        "The keys of the organisation were moved or destroyed.",
    ),
    SecurityEvent.ROLES_CHANGED: (
        "En roll, en inloggning eller ett systems åtkomst har ändrats av en administratör.",
        "A role, a sign-in or the access of a system was changed by an administrator.",
    ),
    SecurityEvent.PERSONAL_DATA: (
        "En text som lagras olåst ser ut att innehålla personuppgifter.",
        "A text that is stored in clear seems to hold personal data.",
    ),
    SecurityEvent.CODES_LIMITED: (
        "Någon som kan ett lösenord har gissat på koder tills det blev stopp.",
        "Somebody who knows a password guessed at codes until they were stopped.",
    ),
}

_GRAVE: Final = {
    Severity.LOW: ("låg", "low"),
    Severity.MEDIUM: ("medel", "medium"),
    Severity.HIGH: ("hög", "high"),
}


def told_of() -> frozenset[SecurityEvent]:
    """The kinds that there is a mail for."""
    return frozenset(_HAPPENED)


def alert_text(alert: Alert, severity: Severity, *, address: str) -> str:
    """The mail. ``address`` is where the portal is, and stands there to be typed."""
    swedish, english = _HAPPENED[alert.kind]
    grave_sv, grave_en = _GRAVE[severity]
    when = f"{alert.at:%Y-%m-%d %H:%M} UTC"
    return f"""\
Hej,

{swedish}
Från {when}. Allvar: {grave_sv}. Mer står i loggen. Skriv in adressen i din webbläsare, logga in och öppna Logg:

    {address}

Fler händelser av samma slag kan ha kommit efter den här: alla står i loggen, men du får bara några mejl om dem.
Vi ber dig aldrig om koder eller lösenord i mejl. Det går inte att svara på det här mejlet.

----

Hello,

{english}
From {when} on. Severity: {grave_en}. The log says more. Type the address above into your browser, sign in and open Log.

More events of the same kind may have followed: all stand in the log, and you get only a few mails about them.
We never ask you for codes or passwords by mail. Replies to this mail are not read.
"""
