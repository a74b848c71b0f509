"""Reading the JSON body of a record back into typed values.

A record that does not hold what its writer put there is damaged or forged, so every misfit is an
``IntegrityError``: nothing of the value is repeated in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shared.domain.errors import IntegrityError
from shared.domain.ports import Body, Json

_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def instant_text(instant: datetime) -> str:
    """Aware UTC as ``2026-01-31T12:00:00.000000Z``: fixed width, so that texts sort as the instants do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """The inverse of ``instant_text``, which is the only spelling that reads. Raises ``IntegrityError``."""
    # ``fromisoformat`` reads other spellings, too, and takes a fiftieth of the time of ``strptime``.
    if _INSTANT.fullmatch(text) is None:
        raise IntegrityError
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise IntegrityError from None


@dataclass(frozen=True, slots=True)
class Fields:
    """Typed access to a body. Every method raises ``IntegrityError`` on a missing or mistyped value."""

    body: Body

    def text(self, name: str) -> str:
        value = self.body.get(name)
        if not isinstance(value, str):
            raise IntegrityError
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.body.get(name) is None else self.text(name)

    def whole(self, name: str) -> int:
        value = self.body.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise IntegrityError
        return value

    def optional_whole(self, name: str) -> int | None:
        return None if self.body.get(name) is None else self.whole(name)

    def fact(self, name: str) -> bool:
        value = self.body.get(name)
        if not isinstance(value, bool):
            raise IntegrityError
        return value

    def instant(self, name: str) -> datetime:
        return parse_instant(self.text(name))

    def optional_instant(self, name: str) -> datetime | None:
        return None if self.body.get(name) is None else self.instant(name)

    def items(self, name: str) -> Sequence[Json]:
        value = self.body.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise IntegrityError
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        found = tuple(item for item in self.items(name) if isinstance(item, str))
        if len(found) != len(self.items(name)):
            raise IntegrityError
        return found

    def optional_nested(self, name: str) -> "Fields | None":
        value = self.body.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise IntegrityError
        return None if value is None else Fields(value)

    def nested(self, name: str) -> "tuple[Fields, ...]":
        found = tuple(Fields(item) for item in self.items(name) if isinstance(item, dict))
        if len(found) != len(self.items(name)):
            raise IntegrityError
        return found
