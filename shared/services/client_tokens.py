"""Access tokens of API clients: opaque, of ten minutes, stored as hashes, and worth what their client is worth now.

With each request the client is read afresh, so a scope, a unit, a credential or the client itself that is taken away is
gone with the next request, on every instance.
"""

from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.tokens import new_token, token_hash
from shared.domain import places
from shared.domain.api_clients import TOKEN_LIFETIME, StoredClient
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import InvalidInputError, NotFoundError, NotSignedInError, RecordNotFoundError
from shared.domain.ids import ClientId, OrganisationId, RandomBytes
from shared.domain.ports import Clock, Records
from shared.domain.principals import ApiClient
from shared.domain.retention import is_expired
from shared.domain.scopes import Scope, parse_scopes
from shared.services.auditing import Audit
from shared.services.client_authenticating import ProvenClient
from shared.services.client_records import ClientRecords
from shared.services.deleting import delete
from shared.services.expiring import Expiries

TOKEN_PREFIX = "pic_at_"  # noqa: S105 - what every token begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """``token`` goes to the client and is never stored."""

    token: str = field(repr=False)
    scopes: frozenset[Scope]
    expires_at: datetime


class ClientTokens:
    """Issues, recognises and ends them."""

    def __init__(
        self,
        *,
        records: Records,
        clients: ClientRecords,
        expiries: Expiries,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._clients = clients
        self._expiries = expiries
        self._audit = audit
        self._clock = clock
        self._random = random

    async def issue(self, proven: ProvenClient, *, wanted: frozenset[Scope] | None) -> IssuedToken:
        """A token for these scopes, or for all that the client has.

        Raises ``InvalidInputError`` (``scope``) for one that it does not have, and where it has none.
        """
        client = proven.client
        scopes = client.scopes if wanted is None else wanted
        if not scopes or not scopes <= client.scopes:
            raise InvalidInputError("scope")
        token, now = TOKEN_PREFIX + new_token(self._random), self._clock()
        hashed, ends = token_hash(token), now + TOKEN_LIFETIME
        event = AuditEvent.CLIENT_TOKEN_ISSUED
        await self._audit.write(event, client.organisation, by=client.client, credential=proven.credential)
        await self._expiries.book(ends, f"token|{hashed}")
        place = places.client_token(hashed)
        body = {
            "organisation": client.organisation,
            "client": client.client,
            "credential": proven.credential,
            "scopes": sorted(scopes),
            "created_at": instant_text(now),
            "expires_at": instant_text(ends),
        }
        await self._records.create(place.partition, place.id, body)
        return IssuedToken(token=token, scopes=scopes, expires_at=ends)

    async def principal_of(self, token: str) -> ApiClient:
        """Whose token it is. Raises ``NotSignedInError`` for one that is unknown or over, or whose client is."""
        place = places.client_token(token_hash(token))
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault
        if is_expired(fields.instant("expires_at"), now=self._clock()):
            raise NotSignedInError
        client, credential = await self._client(fields), fields.text("credential")
        if all(each.credential != credential for each in client.valid(self._clock())):
            raise NotSignedInError
        scopes = client.scopes & parse_scopes(fields.texts("scopes"))
        return principal(client, scopes=scopes, credential=credential)

    async def end(self, token: str, proven: ProvenClient) -> None:
        """It works no more. No error for one that is over, or another client's: nothing happens then (RFC 7009)."""
        place = places.client_token(token_hash(token))
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return
        if (fields.text("organisation"), fields.text("client")) == (proven.client.organisation, proven.client.client):
            await delete(self._records, place)

    async def still(self, client: ApiClient) -> None:
        """Whether a client that is in the middle of a long request may go on. Raises ``NotSignedInError``."""
        try:
            found = await self._clients.of(client.organisation, client.client)
        except NotFoundError as fault:
            raise NotSignedInError from fault
        valid = {each.credential for each in found.valid(self._clock())}
        if found.revoked_at is not None or (client.credential is not None and client.credential not in valid):
            raise NotSignedInError

    async def _client(self, fields: Fields) -> StoredClient:
        try:
            return await self._clients.of(OrganisationId(fields.text("organisation")), ClientId(fields.text("client")))
        except NotFoundError as fault:
            raise NotSignedInError from fault


def principal(client: StoredClient, *, scopes: frozenset[Scope], credential: str | None) -> ApiClient:
    """A stored client as whoever acts."""
    return ApiClient(
        organisation=client.organisation,
        client=client.client,
        units=client.units,
        scopes=scopes,
        name=client.name,
        credential=credential,
    )
