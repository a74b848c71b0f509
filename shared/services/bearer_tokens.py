"""Which API client holds a bearer token: ours, or one that Entra ID issued to an application that is bound here."""

from collections.abc import Mapping

from shared.domain import places
from shared.domain.app_tokens import AppTokens
from shared.domain.bodies import Fields
from shared.domain.errors import NotFoundError, NotSignedInError, RecordNotFoundError
from shared.domain.ids import ClientId, OrganisationId
from shared.domain.ports import Records
from shared.domain.principals import ApiClient
from shared.services.client_records import ClientRecords
from shared.services.client_tokens import TOKEN_PREFIX, ClientTokens, principal


class BearerTokens:
    """``tenants`` says which organisation each tenant belongs to; the operator has checked that."""

    def __init__(
        self,
        *,
        records: Records,
        clients: ClientRecords,
        tokens: ClientTokens,
        apps: AppTokens | None,
        tenants: Mapping[str, str],
    ) -> None:
        self._records = records
        self._clients = clients
        self._tokens = tokens
        self._apps = apps
        self._tenants = tenants

    async def principal_of(self, token: str) -> ApiClient:
        """Raises ``NotSignedInError``, ``DependencyError``."""
        if token.startswith(TOKEN_PREFIX):
            return await self._tokens.principal_of(token)
        if self._apps is None:
            raise NotSignedInError
        found = await self._apps.verified(token)
        # The tenant alone says whose it is: no organisation can bind an application of another one's tenant.
        organisation = OrganisationId(self._tenants[found.tenant])
        place = places.client_app(organisation, found.tenant, found.app)
        try:
            bound = ClientId(Fields((await self._records.get(place.partition, place.id)).body).text("client"))
            client = await self._clients.of(organisation, bound)
        except (RecordNotFoundError, NotFoundError) as fault:
            raise NotSignedInError from fault
        entra = client.entra
        if client.revoked_at is not None or entra is None or (entra.tenant, entra.app) != (found.tenant, found.app):
            raise NotSignedInError
        return principal(client, scopes=client.scopes & found.scopes, credential=None)
