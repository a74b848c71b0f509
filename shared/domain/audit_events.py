"""Every kind of event that is audited: ``object:what happened``. ``docs/audit-events.md`` is tested against this."""

from enum import StrEnum


class AuditEvent(StrEnum):
    """The closed list. Events carry ids and instants, never content, names, numbers or addresses."""

    STAFF_SIGNED_IN = "session:staff:raise"
    STAFF_REFUSED = "session:staff:refuse"
    PERSON_SIGNED_IN = "session:person:raise"
    PERSON_ADMITTED = "session:person:admit"
    PERSON_REFUSED = "session:person:refuse"
    SIGNED_OUT = "session:end"
    SESSION_ENDED = "session:end:elsewhere"
    SIGNED_OUT_EVERYWHERE = "session:end:everywhere"
    THREAD_CREATED = "thread:create"
    MESSAGE_CREATED = "message:create"
    MESSAGE_SENT = "message:send"
    MESSAGE_DELIVERED = "message:deliver"
    MESSAGE_OPENED = "message:open"
    FILE_DESCRIBED = "message:file:describe"
    FILE_FETCHED = "message:file:fetch"
    FILE_REMOVED = "message:file:remove"
    COPY_DELETED = "message:copy:delete"
    MESSAGE_ERASED = "message:erase"
    THREAD_ERASED = "thread:erase"
    UPLOAD_ABANDONED = "upload:abandon"
    NOTICE_SENT = "notice:send"
    NOTICE_REFUSED = "notice:refuse"
