"""Giving an organisation its tenants of Entra ID, each to one alone, and taking them back."""

from collections.abc import Callable
from dataclasses import replace

from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.entra_rules import is_tenant
from shared.domain.errors import ConflictError, InvalidInputError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.organisation_settings import OrganisationSettings, StaffSignIn
from shared.domain.ports import Records
from shared.services.deleting import delete
from shared.services.organisation_settings import SettingsOfOrganisations

OPERATOR = "system"


class EntraTenants:
    """Both may be repeated. They raise ``NotFoundError``, and ``InvalidInputError`` for what is no tenant."""

    def __init__(self, *, records: Records, settings: SettingsOfOrganisations) -> None:
        self._records = records
        self._settings = settings

    async def give(self, organisation: OrganisationId, tenant: str) -> frozenset[str]:
        """All that the organisation has then. Raises ``ConflictError`` for another organisation's."""
        if not is_tenant(tenant):
            raise InvalidInputError("entra-tenants")
        await self._settings.check(organisation)
        place = places.entra_tenant(tenant)
        try:
            # Whose it is comes first: of two who are given it at once, one is told no.
            await self._records.create(place.partition, place.id, {"organisation": organisation})
        except RecordExistsError:
            if await self._owner(tenant) != organisation:
                raise ConflictError from None
        return await self._change(organisation, lambda tenants: tenants | {tenant})

    async def take_back(self, organisation: OrganisationId, tenant: str) -> frozenset[str]:
        """All that the organisation has left. Sessions from the tenant end with their next request."""
        left = await self._change(organisation, lambda tenants: tenants - {tenant})
        if await self._owner(tenant) == organisation:
            await delete(self._records, places.entra_tenant(tenant))
        return left

    async def _owner(self, tenant: str) -> str | None:
        place = places.entra_tenant(tenant)
        try:
            return Fields((await self._records.get(place.partition, place.id)).body).text("organisation")
        except RecordNotFoundError:
            return None

    async def _change(
        self, organisation: OrganisationId, change: Callable[[frozenset[str]], frozenset[str]]
    ) -> frozenset[str]:
        def changed(found: OrganisationSettings) -> OrganisationSettings:
            tenants = change(found.entra.tenants)
            # Without any tenant only passwords are left: else nobody could sign in to change anything.
            ways = found.sign_in if tenants else found.sign_in - {StaffSignIn.ENTRA} or {StaffSignIn.PASSWORD}
            return replace(found, entra=replace(found.entra, tenants=tenants), sign_in=frozenset(ways))

        return (await self._settings.change(organisation, changed, by=OPERATOR)).entra.tenants
