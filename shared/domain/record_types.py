"""Record types: what every kind of record holds, and all that is to be said of it in a register.

A record type is a class whose annotations are the fields of the body and whose docstring says what the record is.
Each field's annotation carries a ``Kept`` (``shared.domain.sensitivity``) or is a ``Nested`` class; or it is a list of
one of these, or a ``dict`` with any names. Any field may be absent or None. The declarations stand in
``shared.domain.stored``; ``type_at`` finds the one for a place by the first segment of its partition and of its id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, get_args, get_origin, get_type_hints

from shared.domain.sensitivity import Kept


class Whose(StrEnum):
    """About whom a record tells."""

    PERSONS = "persons"
    STAFF = "staff"
    BOTH = "persons and staff"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the register says of a type besides its fields (GDPR, article 30(1)).

    ``why``: the purpose. ``how_long``: when it is deleted, and by what. ``who``: who gets to see it, in clear.
    """

    whose: Whose
    why: str
    how_long: str
    who: str


class Nested:
    """A part of a record with fields of its own."""


class RecordType:
    """The root of all record types. ``id_begins`` None: whatever else lies in the partition is of this type."""

    partition_begins: ClassVar[str]
    id_begins: ClassVar[str | None]
    entry: ClassVar[Entry]
    others: ClassVar[Kept | None] = None
    """How fields are kept that the type does not name; None: there are no others."""

    def __init_subclass__(cls, *, partition: str, id: str | None, entry: Entry) -> None:  # noqa: A002
        cls.partition_begins, cls.id_begins, cls.entry = partition, id, entry
        place = (partition, id)
        if place in _TYPES:
            raise ValueError(f"two record types at {place}")
        _TYPES[place] = cls


_TYPES: dict[tuple[str, str | None], type[RecordType]] = {}


def record_types() -> tuple[type[RecordType], ...]:
    """Every declared type, by place. The declarations have to be imported first: ask ``shared.domain.stored.types``."""
    return tuple(_TYPES[place] for place in sorted(_TYPES, key=lambda place: (place[0], place[1] or "")))


def type_at(partition: str, id: str) -> type[RecordType] | None:  # noqa: A002
    """The type of the record at this place; None where none is declared."""
    begins = partition.partition("|")[0]
    return _TYPES.get((begins, id.partition("|")[0])) or _TYPES.get((begins, None))


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field: ``kept`` for values, ``nested`` for parts; one, a list of them, or some by name."""

    kept: Kept | None
    nested: type[Nested] | None
    is_list: bool
    is_map: bool


_FIELDS: dict[type[object], Mapping[str, Field]] = {}


def fields_of(declared: type[RecordType | Nested]) -> Mapping[str, Field]:
    """Its fields by name. Raises ``TypeError`` for an annotation that says nothing of how a value is kept."""
    known = _FIELDS.get(declared)
    if known is None:
        hints = get_type_hints(declared, include_extras=True)
        known = {name: _field(name, hint) for name, hint in hints.items() if get_origin(hint) is not ClassVar}
        _FIELDS[declared] = known
    return known


def kept_fields(declared: type[RecordType | Nested], before: str = "") -> Iterator[tuple[str, Kept]]:
    """Every field with its declaration, those of parts under ``part.field``."""
    for name, field in fields_of(declared).items():
        if field.kept is not None:
            yield f"{before}{name}", field.kept
        if field.nested is not None:
            yield from kept_fields(field.nested, f"{before}{name}.")


def _field(name: str, hint: object) -> Field:
    is_list, is_map = get_origin(hint) is list, get_origin(hint) is dict
    inner = get_args(hint)[-1] if is_list or is_map else hint
    if isinstance(inner, type) and issubclass(inner, Nested):
        return Field(None, inner, is_list, is_map)
    kept = [extra for extra in getattr(inner, "__metadata__", ()) if isinstance(extra, Kept)]
    if len(kept) != 1:
        raise TypeError(f"{name} does not say how it is kept")
    return Field(kept[0], None, is_list, is_map)
