"""The records of organisation keys: what is stored of each version, and how it is wrapped and opened.

``wrapped_at`` tells since when the key is under its KEK. A version whose wrap is destroyed leaves a record that says
so: nothing may be made in its place.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.organisation_keys import OrganisationKey
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId
from shared.domain.ports import Body, Keys, Record, Records, WrappedKey
from shared.services.listing import each_record, every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVersion:
    """One version of an organisation key, wrapped."""

    organisation: OrganisationId
    version: int
    wrapped: WrappedKey = field(repr=False)
    confirmation: str = field(repr=False)
    created_at: datetime
    wrapped_at: datetime

    def body(self) -> Body:
        return {
            "kek": self.wrapped.kek,
            "wrapped": self.wrapped.wrapped.hex(),
            "confirmation": self.confirmation,
            "created_at": instant_text(self.created_at),
            "wrapped_at": instant_text(self.wrapped_at),
        }


def version_of(record: Record) -> int:
    """The version that a record of a key is of."""
    return int(record.id.rpartition("|")[2])


def is_destroyed(record: Record) -> bool:
    """Whether nothing but the number of the version is left."""
    return "destroyed_at" in record.body


def destroyed_body(at: datetime) -> Body:
    """What is left of a version."""
    return {"destroyed_at": instant_text(at)}


def wrapped_of(record: Record) -> tuple[WrappedKey, str]:
    """The wrapped key and its confirmation. Raises ``IntegrityError``."""
    fields = Fields(record.body)
    try:
        wrapped = WrappedKey(kek=fields.text("kek"), wrapped=bytes.fromhex(fields.text("wrapped")))
    except ValueError:
        raise IntegrityError from None
    return wrapped, fields.text("confirmation")


def read_version(organisation: OrganisationId, record: Record) -> KeyVersion:
    """Raises ``IntegrityError``, also for a destroyed one."""
    wrapped, confirmation = wrapped_of(record)
    fields = Fields(record.body)
    created_at = fields.instant("created_at")
    return KeyVersion(
        organisation=organisation,
        version=version_of(record),
        wrapped=wrapped,
        confirmation=confirmation,
        created_at=created_at,
        wrapped_at=fields.optional_instant("wrapped_at") or created_at,
    )


async def wrap_version(
    key: OrganisationKey, kek: str, keys: Keys, *, created_at: datetime, now: datetime
) -> KeyVersion:
    """``key`` under the current version of ``kek``, a name or an address. Raises ``KeyUnavailableError``."""
    return KeyVersion(
        organisation=OrganisationId(key.organisation),
        version=key.version,
        wrapped=await keys.wrap(kek, key.secret),
        confirmation=key.confirmation(),
        created_at=created_at,
        wrapped_at=now,
    )


async def open_version(organisation: OrganisationId, record: Record, keys: Keys) -> OrganisationKey:
    """The key. Raises ``KeyUnavailableError``; ``IntegrityError`` when it is not the one of that place."""
    wrapped, confirmation = wrapped_of(record)
    secret = await keys.unwrap(wrapped)
    key = OrganisationKey(organisation=organisation, version=version_of(record), secret=secret)
    key.confirm(confirmation)
    return key


async def key_records(records: Records, organisation: OrganisationId) -> list[Record]:
    """All versions there are, ascending."""
    start, end = places.organisation_key_range()
    return await every_record(records, places.organisation(organisation).partition, start=start, end=end)


async def organisations_with_keys(records: Records) -> AsyncGenerator[OrganisationId, None]:
    """Everyone who has keys, and the platform."""
    async for entry in each_record(records, places.organisation_entries()):
        yield OrganisationId(entry.id.rpartition("|")[2])
