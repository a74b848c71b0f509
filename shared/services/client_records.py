"""The stored API clients of an organisation: found, listed, and changed by compare-and-set."""

from collections.abc import Callable

from shared.domain import places
from shared.domain.api_clients import StoredClient
from shared.domain.errors import NotFoundError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import ClientId, OrganisationId, is_id
from shared.domain.ports import Body, Record, Records
from shared.services.listing import every_record


class ClientRecords:
    """Reads and writes them. Fields that this version does not know are kept as they are."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def of(self, organisation: OrganisationId, client: ClientId) -> StoredClient:
        """Raises ``NotFoundError``, also for an id of another organisation."""
        return StoredClient.of((await self._record(organisation, client)).body)

    async def all(self, organisation: OrganisationId) -> list[StoredClient]:
        """Every one that is or was there, oldest first."""
        start, end = places.range_of("client")
        found = await every_record(self._records, places.organisation(organisation).partition, start=start, end=end)
        return [StoredClient.of(record.body) for record in found]

    async def create(self, client: StoredClient) -> None:
        place = places.api_client(client.organisation, client.client)
        await self._records.create(place.partition, place.id, client.body())

    async def change(
        self, organisation: OrganisationId, client: ClientId, changes: Callable[[StoredClient], Body]
    ) -> StoredClient:
        """Write what ``changes`` gives over what is stored, whatever others write meanwhile.

        Raises ``NotFoundError``, and what ``changes`` raises.
        """
        while True:
            record = await self._record(organisation, client)
            changed = {**record.body, **changes(StoredClient.of(record.body))}
            if changed == dict(record.body):
                return StoredClient.of(record.body)
            try:
                return StoredClient.of((await self._records.replace_if_match(record, changed)).body)
            except RecordChangedError:
                continue
            except RecordNotFoundError as fault:
                raise NotFoundError from fault

    async def _record(self, organisation: OrganisationId, client: ClientId) -> Record:
        if not is_id(client):
            raise NotFoundError
        place = places.api_client(organisation, client)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
