"""Security events: a closed list, the document that says the same, what is a sign of one, and what is mailed of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.alerts import NOTICES, Alert, alert_text, parse_alert, told_of
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.security_events import (
    COUNTED,
    NATURES,
    SecurityEvent,
    Severity,
    Sign,
    Told,
    period_start,
    sign_of,
)

STAFF, OTHER = "01hf00000000000000000000st", "01hf0000000000000000000000"
_ROW = re.compile(r"\| `([a-z-]+)` \| (.+) \| (low|medium|high) \| ([a-z, ]+) \|")


def test_the_document_is_the_list() -> None:
    """Kind by kind, in the same order, with severity and who is told."""
    text = (Path(__file__).parents[3] / "docs" / "security-events.md").read_text(encoding="utf-8")
    rows = [_ROW.fullmatch(line) for line in text.splitlines() if line.startswith("| `")]
    assert all(rows)
    stated = [(row[1], row[3], set(row[4].split(", "))) for row in rows if row]
    assert stated == [
        (kind.value, nature.severity.value, {told.value for told in nature.told}) for kind, nature in NATURES.items()
    ]
    assert list(NATURES) == list(SecurityEvent)


def test_there_is_a_mail_for_each_kind_that_somebody_is_mailed_of() -> None:
    """And for no other."""
    assert told_of() == {kind for kind, nature in NATURES.items() if Told.ADMINS in nature.told}
    assert set(NOTICES) == {kind for kind, nature in NATURES.items() if Told.OWNER in nature.told}


@pytest.mark.parametrize(
    ("event", "ids", "expected"),
    [
        (
            AuditEvent.FACTOR_REFUSED,
            {},
            Sign(kind=SecurityEvent.ACCOUNT_FAILURES, about=STAFF, staff=STAFF, by_system=True),
        ),
        (AuditEvent.FILE_FETCHED, {"file": "x"}, Sign(kind=SecurityEvent.DOWNLOADS, about=STAFF)),
        (AuditEvent.SETTINGS_CHANGED, {"changed": "x"}, Sign(kind=SecurityEvent.POLICY_CHANGED, about=STAFF)),
        (AuditEvent.KEY_CUSTODY_CHANGED, {}, Sign(kind=SecurityEvent.KEYS_CHANGED, about=STAFF)),
        (AuditEvent.ORGANISATION_KEYS_DESTROYED, {}, Sign(kind=SecurityEvent.KEYS_CHANGED, about=STAFF)),
        (AuditEvent.ORGANISATION_KEY_ADDED, {}, None),
        (AuditEvent.KEK_RENEWED, {}, None),
        (AuditEvent.FACTORS_RESET, {"staff": OTHER}, Sign(kind=SecurityEvent.ROLES_CHANGED, about=OTHER, staff=OTHER)),
        (
            AuditEvent.STAFF_CHANGED,
            {"staff": OTHER, "changed": "name role"},
            Sign(kind=SecurityEvent.ROLES_CHANGED, about=OTHER, staff=OTHER),
        ),
        (AuditEvent.STAFF_CHANGED, {"staff": OTHER, "changed": "name units"}, None),
        (AuditEvent.STAFF_INVITED, {"staff": OTHER, "role": "member"}, None),
        (
            AuditEvent.STAFF_INVITED,
            {"staff": OTHER, "role": "admin"},
            Sign(kind=SecurityEvent.ROLES_CHANGED, about=OTHER, staff=OTHER),
        ),
        (
            AuditEvent.PERSONAL_DATA_NOTICED,
            {"record": "unit", "field": "name", "kinds": "x"},
            Sign(kind=SecurityEvent.PERSONAL_DATA, about="unit.name", what="unit.name"),
        ),
        (
            AuditEvent.FACTOR_LIMITED,
            {},
            Sign(kind=SecurityEvent.CODES_LIMITED, about=STAFF, staff=STAFF, by_system=True),
        ),
        (
            AuditEvent.PERSON_REFUSED,
            {"reason": "risk"},
            Sign(kind=SecurityEvent.ALL_FAILURES, about="persons", by_system=True),
        ),
        (
            AuditEvent.CLIENT_REFUSED,
            {},
            Sign(kind=SecurityEvent.ACCOUNT_FAILURES, about=STAFF, what=STAFF, by_system=True),
        ),
        (
            AuditEvent.CLIENT_CREDENTIAL_ADDED,
            {"client": OTHER, "credential": STAFF},
            Sign(kind=SecurityEvent.ROLES_CHANGED, about=OTHER, what=OTHER),
        ),
        (AuditEvent.CLIENT_REVOKED, {"client": OTHER}, None),
        (AuditEvent.STAFF_REFUSED, {}, None),
        (AuditEvent.MESSAGE_OPENED, {}, None),
        (AuditEvent.SECURITY_NOTICED, {}, None),
        (AuditEvent.ADMIN_ALERTED, {}, None),
    ],
)
def test_what_an_audit_event_is_a_sign_of(event: AuditEvent, ids: dict[str, str], expected: Sign | None) -> None:
    """Refused passwords are counted where they are refused: for unknown addresses they are not each in a log."""
    assert sign_of(event, by=STAFF, ids=ids) == expected


def test_a_limit_is_one_object_however_many_reach_it() -> None:
    """Else each address of a flood would be an event."""
    found = {sign_of(AuditEvent.STAFF_LIMITED, by=f"staff-account-{n:032x}", ids={}) for n in range(3)}
    assert found == {
        Sign(kind=SecurityEvent.LIMIT_REACHED, about="staff-account", what="staff-account", by_system=True)
    }


def test_the_service_fetches_without_being_watched() -> None:
    """What it does by itself is not somebody's download."""
    assert sign_of(AuditEvent.FILE_FETCHED, by="system", ids={}) is None


@given(
    now=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    seconds=st.integers(1, 86400),
)
def test_a_period_is_the_same_for_all_who_look_in_it(now: datetime, seconds: int) -> None:
    """Each instant lies in exactly one, which begins not after it."""
    period = timedelta(seconds=seconds)
    start = period_start(now, period)
    assert start <= now < start + period
    assert period_start(start, period) == start == period_start(start + period - timedelta(microseconds=1), period)


ALERT = Alert(
    kind=SecurityEvent.MISSES,
    organisation=OrganisationId(OTHER),
    event=OTHER,
    seconds=1_800_000_000,
    staff=StaffId(OTHER),
    admin=StaffId(OTHER),
)


def test_what_is_queued_is_read_as_it_was() -> None:
    """Ids, a word and an instant; and nothing that is not there."""
    assert parse_alert(ALERT.message()) == ALERT
    bare = Alert(kind=SecurityEvent.SPRAYING, organisation=OrganisationId("platform"), event=OTHER, seconds=0)
    assert parse_alert(bare.message()) == bare
    assert set(bare.message()) == {"alert", "organisation", "event", "at"}


@pytest.mark.parametrize("name", ["alert", "organisation", "event", "at", "staff", "admin"])
@pytest.mark.parametrize("value", ["", "anna@example.com", "-1", "1e9", "9" * 30, OTHER + "|", 7, None, [], {}])
def test_what_is_no_alert_is_refused(name: str, value: object) -> None:
    """A queue message that somebody else wrote, or a half of one."""
    message: dict[str, object] = {**ALERT.message(), name: value}
    if not isinstance(value, str) and name in {"staff", "admin"}:
        assert getattr(parse_alert(message), name) is None
        return
    with pytest.raises(IntegrityError):
        parse_alert(message)


@pytest.mark.parametrize("kind", sorted(told_of()))
def test_a_mail_says_which_kind_and_when_and_nothing_of_whom(kind: SecurityEvent) -> None:
    """In both languages, and no id of anything."""
    alert = Alert(kind=kind, organisation=OrganisationId(OTHER), event=OTHER, seconds=1_800_000_000)
    text = alert_text(alert, Severity.HIGH, address="https://portal.example/portal")
    assert "2027-01-15 08:00 UTC" in text
    assert "https://portal.example/portal" in text
    assert OTHER not in text
    assert text.count("Hej,") == text.count("Hello,") == 1
    assert COUNTED
