"""How large a file may be: what the organisation allows, and never more than the service does."""

from contextlib import suppress

from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import AssuranceTooLowError, NotFoundError, RecordNotFoundError
from shared.domain.ids import OrganisationId, ThreadId
from shared.domain.ports import Records
from shared.domain.principals import Principal, Staff
from shared.services.access import Access


class UploadLimits:
    """Reads the limits of organisations. ``most_bytes`` is the service's own."""

    def __init__(self, *, records: Records, access: Access, most_bytes: int) -> None:
        self._records = records
        self._access = access
        self._most_bytes = most_bytes

    @property
    def most_bytes(self) -> int:
        """What no organisation goes beyond."""
        return self._most_bytes

    async def of(self, organisation: OrganisationId) -> int:
        """The largest file in bytes. It is read afresh each time: a limit that is set works at once."""
        place = places.organisation(organisation)
        try:
            body = (await self._records.get(place.partition, place.id)).body
        except RecordNotFoundError:
            return self._most_bytes
        if body.get("upload_max_bytes") is None:
            return self._most_bytes
        return min(self._most_bytes, Fields(body).whole("upload_max_bytes"))

    async def shown_to(self, principal: Principal | None, thread: ThreadId | None) -> int:
        """What is told before an upload: that of the thread, if the principal belongs to it; else of one's own house.

        Whoever has neither learns what the service takes, and nothing of any thread.
        """
        if principal is not None and thread is not None:
            with suppress(NotFoundError, AssuranceTooLowError):
                return await self.of((await self._access.thread(principal, thread)).thread.organisation)
        return await self.of(principal.organisation) if isinstance(principal, Staff) else self._most_bytes
