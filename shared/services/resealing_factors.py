"""Sealing the names and secrets of second factors anew, under the current version of the organisation's key."""

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.domain import places
from shared.domain.errors import RecordChangedError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes
from shared.domain.ports import Record, Records
from shared.domain.second_factors import Factors
from shared.domain.threads import Sealed
from shared.services.keyring import Keyring
from shared.services.listing import each_record


class ResealingFactors:
    """Goes through the members of an organisation. May be repeated."""

    def __init__(self, *, records: Records, keyring: Keyring, random: RandomBytes) -> None:
        self._records = records
        self._keyring = keyring
        self._random = random

    async def reseal(self, organisation: OrganisationId) -> None:
        """Afterwards no factor of the organisation names an older version. Raises ``KeyUnavailableError``."""
        start, end = places.range_of("factors")
        partition = places.organisation(organisation).partition
        async for record in each_record(self._records, partition, start=start, end=end):
            await self._reseal(organisation, record)

    async def _reseal(self, organisation: OrganisationId, record: Record) -> None:
        current = await self._keyring.current(organisation)
        while True:
            factors = Factors.of(record.body)
            sealed = factors.sealed()
            old = {name for name, text in sealed.items() if sealed_field_key_version(text) != current.version}
            if not old:
                return
            for name in old:
                key = await self._keyring.of_version(organisation, sealed_field_key_version(sealed[name]))
                clear = unseal_field(key, sealed[name], partition=record.partition, id=record.id, field=name)
                sealed[name] = Sealed(
                    seal_field(
                        current, clear, partition=record.partition, id=record.id, field=name, random=self._random
                    )
                )
            try:
                try:
                    await self._records.replace_if_match(record, factors.resealed(sealed).body())
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
                else:
                    return
            except RecordNotFoundError:
                return
