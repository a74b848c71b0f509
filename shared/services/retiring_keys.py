"""Retiring old versions of an organisation key: counted first, destroyed when nothing names them.

What is shared lives a year at most, so an old version is named for no longer, except by the names and addresses of
staff and by their second factors: those are sealed anew here. Whatever else is sealed under the organisation's keys
lies in its threads and uploads, which the expiry buckets find.
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.domain import places, retention
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import IntegrityError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, ThreadId, UploadId
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Clock, Json, Record, Records
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.keyring import Keyring
from shared.services.listing import each_record
from shared.services.organisation_key_records import is_destroyed, key_records, version_of
from shared.services.resealing_factors import ResealingFactors

SETTLED: Final = timedelta(hours=1)
"""How long after its successor was made a version may still seal: instances know the newest for a quarter of an hour,
and a request that took the older one before that may last as long again."""

STAFF_FIELDS: Final = ("name", "mail_address")

_SEALED = re.compile(r"[fk]1\.([1-9][0-9]{0,8})\.")
"""The beginning of a sealed field or a wrapped data key, with the version it names (``file-format.md`` section 3)."""


@dataclass(slots=True, kw_only=True)
class KeyUse:
    """How many sealed values name each version, and which versions there were to retire."""

    named: Counter[int] = field(default_factory=Counter)
    retired: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    """Older versions that something names, or whose successor is too young."""


class RetiringKeys:
    """Counts and retires."""

    def __init__(self, *, records: Records, keyring: Keyring, audit: Audit, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._random = random
        self._factors = ResealingFactors(records=records, keyring=keyring, random=random)

    async def count(self, organisation: OrganisationId) -> KeyUse:
        """Count, and change nothing."""
        use = KeyUse(named=await self._named(organisation))
        use.kept = tuple(version_of(record) for record in (await key_records(self._records, organisation))[:-1])
        return use

    async def retire(self, organisation: OrganisationId) -> KeyUse:
        """Seal the fields and factors of staff anew, and destroy every older version that nothing names.

        May be repeated. Raises ``ValueError`` for the platform, whose values no bucket leads to as a whole;
        ``KeyUnavailableError``.
        """
        if organisation == PLATFORM:
            raise ValueError(organisation)
        await self._reseal_staff(organisation)
        await self._factors.reseal(organisation)
        records = await key_records(self._records, organisation)
        use = KeyUse(named=await self._named(organisation))
        retired: list[int] = []
        kept: list[int] = []
        for record, successor in pairwise(records):
            version = version_of(record)
            if use.named[version] or is_destroyed(successor) or not self._is_settled(successor):
                kept.append(version)
                continue
            await self._audit.write(
                AuditEvent.ORGANISATION_KEY_RETIRED, organisation, by="system", version=str(version)
            )
            await delete(self._records, Place(record.partition, record.id))
            retired.append(version)
        use.retired, use.kept = tuple(retired), tuple(kept)
        return use

    def _is_settled(self, successor: Record) -> bool:
        return self._clock() >= Fields(successor.body).instant("created_at") + SETTLED

    async def _reseal_staff(self, organisation: OrganisationId) -> None:
        start, end = places.range_of("staff")
        partition = places.organisation(organisation).partition
        async for record in each_record(self._records, partition, start=start, end=end):
            await self._reseal(organisation, record)

    async def _reseal(self, organisation: OrganisationId, record: Record) -> None:
        current = await self._keyring.current(organisation)
        while True:
            sealed = {
                name: text for name in STAFF_FIELDS if (text := Fields(record.body).optional_text(name)) is not None
            }
            old = {name: text for name, text in sealed.items() if sealed_field_key_version(text) != current.version}
            if not old:
                return
            body = dict(record.body)
            for name, text in old.items():
                key = await self._keyring.of_version(organisation, sealed_field_key_version(text))
                clear = unseal_field(key, text, partition=record.partition, id=record.id, field=name)
                body[name] = seal_field(
                    current, clear, partition=record.partition, id=record.id, field=name, random=self._random
                )
            try:
                try:
                    await self._records.replace_if_match(record, body)
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
                else:
                    return
            except RecordNotFoundError:
                return

    async def _named(self, organisation: OrganisationId) -> Counter[int]:
        named: Counter[int] = Counter()
        async for record in self._all(organisation):
            named.update(_versions_in(record.body))
        return named

    async def _all(self, organisation: OrganisationId) -> AsyncGenerator[Record, None]:
        """Every record in which something may be sealed under the organisation's keys."""
        async for record in each_record(self._records, places.organisation(organisation).partition):
            yield record
        seen: set[str] = set()
        async for index in each_record(self._records, retention.BUCKET_INDEX):
            async for booking in each_record(self._records, retention.bucket_partition(index.id)):
                for partition, at in _homes(booking.id.partition("|")[2]):
                    if partition in seen:
                        continue
                    seen.add(partition)
                    if not await self._is_of(organisation, partition, at):
                        continue
                    async for record in each_record(self._records, partition):
                        yield record

    async def _is_of(self, organisation: OrganisationId, partition: str, at: str) -> bool:
        """Whether the record ``at`` of the partition says that it is the organisation's."""
        try:
            body = (await self._records.get(partition, at)).body
        except RecordNotFoundError:
            return False
        owner = body.get("organisation")
        if not isinstance(owner, str):
            raise IntegrityError
        return owner == organisation


def _homes(item: str) -> Iterator[tuple[str, str]]:
    """The partitions that a booking leads to, each with the record that says whose it is."""
    kind, _, ids = item.partition("|")
    if kind in {"thread", "message", "file"}:
        place = places.thread(ThreadId(ids.partition("|")[0]))
        yield place.partition, place.id
    if kind in {"upload", "file"}:
        place = places.upload(UploadId(ids.rpartition("|")[2]))
        yield place.partition, place.id


def _versions_in(value: Json) -> Iterator[int]:
    """The version of every sealed value in a body, however deep it lies."""
    if isinstance(value, str):
        found = _SEALED.match(value)
        if found is not None:
            yield int(found[1])
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _versions_in(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _versions_in(inner)
