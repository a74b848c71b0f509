"""The audit events: a closed list, and the document that auditors read says the same."""

import re

from shared.domain.audit_events import AuditEvent
from tests.support.audit_catalogue import documented


def test_the_catalogue_is_the_list() -> None:
    """Event by event, in the same order."""
    assert list(documented()) == [event.value for event in AuditEvent]


def test_names_say_what_it_happened_to() -> None:
    """``object:what happened``, each once."""
    assert all(re.fullmatch(r"[a-z]+(:[a-z]+){1,2}", event.value) for event in AuditEvent)
    assert len({event.value for event in AuditEvent}) == len(AuditEvent)
