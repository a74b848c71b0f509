"""All record types, imported together: whoever asks for a type asks here first, so that none is missing."""

from shared.domain.record_types import RecordType, record_types
from shared.domain.stored import clients, factors, organisations, sign_ins, threads, upkeep

_DECLARATIONS = (clients, factors, organisations, sign_ins, threads, upkeep)


def load() -> tuple[type[RecordType], ...]:
    """Every record type there is, by place."""
    assert _DECLARATIONS
    return record_types()
