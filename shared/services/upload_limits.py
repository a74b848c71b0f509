"""How large a file may be: what the organisation allows, and never more than the service does."""

from contextlib import suppress

from shared.domain.errors import AssuranceTooLowError, NotFoundError
from shared.domain.ids import OrganisationId, ThreadId
from shared.domain.principals import ApiClient, Principal, Staff
from shared.services.access import Access
from shared.services.organisation_settings import SettingsOfOrganisations


class UploadLimits:
    """Reads the limits of organisations."""

    def __init__(self, *, settings: SettingsOfOrganisations, access: Access) -> None:
        self._settings = settings
        self._access = access

    @property
    def most_bytes(self) -> int:
        """What no organisation goes beyond."""
        return self._settings.upload_max_bytes

    async def of(self, organisation: OrganisationId) -> int:
        """The largest file in bytes. It is read afresh each time: a limit that is set works at once."""
        return await self._settings.largest_upload(organisation)

    async def shown_to(self, principal: Principal | None, thread: ThreadId | None) -> int:
        """What is told before an upload: that of the thread, if the principal belongs to it; else of one's own house.

        Whoever has neither learns what the service takes, and nothing of any thread.
        """
        if principal is not None and thread is not None:
            with suppress(NotFoundError, AssuranceTooLowError):
                return await self.of((await self._access.thread(principal, thread)).thread.organisation)
        return await self.of(principal.organisation) if isinstance(principal, Staff | ApiClient) else self.most_bytes
