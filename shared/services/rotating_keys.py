"""Rotating keys: the key-encryption key of an organisation and its organisation key, each by age.

A new version of the KEK is made in the vault, then every organisation key is wrapped under it. A new organisation key
becomes the one that seals; the older ones open what they sealed, and no content is sealed anew. What is to be done is
read off the records and the vault each time, and each write is a compare-and-set, so a run may crash anywhere, be
repeated, and meet another: afterwards all is as after one.
"""

from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.organisation_keys import new_organisation_key
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import (
    KeyUnavailableError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId, RandomBytes
from shared.domain.key_addresses import is_key_name
from shared.domain.ports import Clock, Keys, Record, Records
from shared.services.auditing import Audit
from shared.services.custody import Custodies
from shared.services.organisation_key_records import (
    KeyVersion,
    is_destroyed,
    key_records,
    open_version,
    organisations_with_keys,
    read_version,
    wrap_version,
)


@dataclass(slots=True, kw_only=True)
class KeyRotation:
    """What a run did: counts only.

    ``refused``: organisations of which a key could not be had or made; what could be done for them was. ``faults``:
    what else went wrong, one for each organisation.
    """

    organisations: int = 0
    renewed: int = 0
    wrapped: int = 0
    added: int = 0
    refused: int = 0
    faults: list[Exception] = field(default_factory=list, repr=False)


class RotatingKeys:
    """Rotates what is older than an instant."""

    def __init__(
        self,
        *,
        records: Records,
        keys: Keys,
        custodies: Custodies,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._keys = keys
        self._custodies = custodies
        self._audit = audit
        self._clock = clock
        self._random = random

    async def rotate_all(self, *, made_before: datetime) -> KeyRotation:
        """``rotate`` for everyone who has keys. One that fails does not keep the others from it."""
        done = KeyRotation()
        async for organisation in organisations_with_keys(self._records):
            try:
                await self.rotate(organisation, made_before=made_before, done=done)
            except Exception as fault:  # noqa: BLE001 - told to whoever asked, with all others
                done.faults.append(fault)
        return done

    async def rotate(
        self, organisation: OrganisationId, *, made_before: datetime, done: KeyRotation | None = None
    ) -> KeyRotation:
        """See that no key that seals or wraps is from before ``made_before``, and that all are under the current KEK.

        Repeating it with the same instant makes nothing more. A KEK in the organisation's own vault is for the
        organisation to renew; what it wraps follows.
        """
        done = done or KeyRotation()
        custody = await self._custodies.read(organisation)
        if custody.destroyed_at is not None:
            return done
        done.organisations += 1
        try:
            renewed = await self._renew(organisation, custody.key, made_before, done)
            complete = await self.wrap_all(organisation, custody.key, done=done)
            await self._add(organisation, custody.key, made_before, done)
        except KeyUnavailableError:
            renewed = complete = False
        done.refused += not (renewed and complete)
        return done

    async def wrap_all(self, organisation: OrganisationId, key: str, *, done: KeyRotation) -> bool:
        """Wrap every version under the current version of ``key``. Returns whether all are.

        Raises ``KeyUnavailableError`` when ``key`` itself cannot be used.
        """
        kek = (await self._keys.describe(key)).kek
        is_complete = True
        for record in await key_records(self._records, organisation):
            try:
                await self._wrap(organisation, record, key, kek, done)
            except KeyUnavailableError:
                is_complete = False  # The KEK it is under. It stays there, and the others go on.
        return is_complete

    async def _wrap(self, organisation: OrganisationId, record: Record, key: str, kek: str, done: KeyRotation) -> None:
        while not is_destroyed(record):
            found = read_version(organisation, record)
            if found.wrapped.kek == kek:
                return
            opened = await open_version(organisation, record, self._keys)
            wrapped = await wrap_version(opened, key, self._keys, created_at=found.created_at, now=self._clock())
            try:
                try:
                    await self._records.replace_if_match(record, wrapped.body())
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
                else:
                    done.wrapped += 1
                    return
            except RecordNotFoundError:
                return  # Retired.

    async def _renew(self, organisation: OrganisationId, key: str, made_before: datetime, done: KeyRotation) -> bool:
        """Make a new version of the service's key if the current one has been in use since before ``made_before``.

        A current version that wraps nothing yet is new: made by a run that crashed, by another that is under way, or
        by the vault's own policy. Returns whether that was possible where it was due.
        """
        if not is_key_name(key):
            return True
        kek = (await self._keys.describe(key)).kek
        since = [found.wrapped_at for found in await self._versions(organisation) if found.wrapped.kek == kek]
        if not since or min(since) >= made_before:
            return True
        await self._audit.write(AuditEvent.KEK_RENEWED, organisation, by="system")
        try:
            await self._keys.renew(key)
        except KeyUnavailableError:
            return False  # The right to do so is not ours: the vault's policy or an operator has to.
        done.renewed += 1
        return True

    async def _add(self, organisation: OrganisationId, key: str, made_before: datetime, done: KeyRotation) -> None:
        versions = await self._versions(organisation)
        if not versions or versions[-1].created_at >= made_before:
            return
        version, now = versions[-1].version + 1, self._clock()
        fresh = new_organisation_key(organisation, version, self._random)
        wrapped = await wrap_version(fresh, key, self._keys, created_at=now, now=now)
        place = places.organisation_key(organisation, version)
        await self._audit.write(AuditEvent.ORGANISATION_KEY_ADDED, organisation, by="system", version=str(version))
        try:
            await self._records.create(place.partition, place.id, wrapped.body())
        except RecordExistsError:
            return  # Another run made it.
        done.added += 1

    async def _versions(self, organisation: OrganisationId) -> list[KeyVersion]:
        records = await key_records(self._records, organisation)
        return [read_version(organisation, record) for record in records if not is_destroyed(record)]
