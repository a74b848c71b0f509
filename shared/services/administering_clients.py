"""API clients as an organisation's admins make them, change them, renew their credentials and revoke them.

Whatever changes is read afresh with every request of a client, so that it works at once and everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.crypto.tokens import new_token, token_hash
from shared.domain import places, texts
from shared.domain.api_clients import (
    MOST_CLIENTS,
    MOST_DAYS,
    Credential,
    EntraApp,
    StoredClient,
    StoredKey,
    StoredSecret,
)
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.client_assertions import AssertionKeys
from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError, RecordChangedError, RecordExistsError
from shared.domain.ids import ClientId, OrganisationId, RandomBytes, UnitId, new_id
from shared.domain.places import Place
from shared.domain.ports import Body, Clock, Json, Records
from shared.domain.scopes import Scope
from shared.services.auditing import Audit
from shared.services.client_records import ClientRecords
from shared.services.units import Units

SECRET_PREFIX = "pic_cs_"  # noqa: S105 - what every secret begins with
"""So that whoever searches code and logs for secrets that were left there can find ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client to be."""

    name: str
    units: frozenset[UnitId]
    scopes: frozenset[Scope]
    entra: EntraApp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What changes; None stays as it is."""

    name: str | None = None
    units: frozenset[UnitId] | None = None
    scopes: frozenset[Scope] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How a credential is added: for how many days, and in how many hours the others end. None: as they would."""

    days: int
    others_end_after_hours: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """A secret that is shown once. ``client_id`` is what the client is called at the token endpoint."""

    client_id: str
    credential: str
    secret: str = field(repr=False)
    ends_at: datetime


class AdministeringClients:
    """``by`` is the staff id of the admin."""

    def __init__(
        self,
        *,
        records: Records,
        clients: ClientRecords,
        units: Units,
        keys: AssertionKeys,
        tenants: Mapping[str, str],
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._clients = clients
        self._units = units
        self._keys = keys
        self._tenants = tenants
        self._audit = audit
        self._clock = clock
        self._random = random

    async def list(self, organisation: OrganisationId) -> tuple[StoredClient, ...]:
        """All, by name; revoked ones come last."""
        found = await self._clients.all(organisation)
        return tuple(sorted(found, key=lambda each: (each.revoked_at is not None, each.name.casefold())))

    async def create(self, organisation: OrganisationId, new: NewClient, *, by: str) -> StoredClient:
        """Make one that cannot prove who it is yet, unless Entra ID does.

        Raises ``InvalidInputError`` (``name``, ``units``, ``entra-tenant``), ``ConflictError`` for an application that
        is another client already, and for more than ``MOST_CLIENTS``.
        """
        if len(await self._clients.all(organisation)) >= MOST_CLIENTS:
            raise ConflictError
        now = self._clock()
        created = StoredClient(
            organisation=organisation,
            client=ClientId(new_id(now, self._random)),
            name=texts.name(new.name),
            units=await self._checked(organisation, new.units),
            scopes=new.scopes,
            entra=new.entra,
            created_at=now,
        )
        await self._audit.write(AuditEvent.CLIENT_CREATED, organisation, by=by, client=created.client)
        if new.entra is not None:
            await self._claim(created, new.entra)
        await self._clients.create(created)
        return created

    async def change(
        self, organisation: OrganisationId, client: ClientId, change: ClientChange, *, by: str
    ) -> StoredClient:
        """Another name, other units, other scopes. Raises ``NotFoundError``, ``ConflictError`` once it is revoked."""
        wanted: dict[str, Json] = {}
        if change.name is not None:
            wanted["name"] = texts.name(change.name)
        if change.units is not None:
            wanted["units"] = sorted(await self._checked(organisation, change.units))
        if change.scopes is not None:
            wanted["scopes"] = sorted(change.scopes)
        await self._working(organisation, client)
        if wanted:
            changed = " ".join(sorted(wanted))
            await self._audit.write(AuditEvent.CLIENT_CHANGED, organisation, by=by, client=client, changed=changed)
        return await self._clients.change(organisation, client, lambda found: _unless_revoked(found, wanted))

    async def add_secret(
        self, organisation: OrganisationId, client: ClientId, renewal: Renewal, *, by: str
    ) -> NewSecret:
        """A secret that is shown this once. Raises as ``add_key``."""
        secret = SECRET_PREFIX + new_token(self._random)
        now, ends_at = self._lasting(renewal)
        credential = new_id(now, self._random)
        stored = StoredSecret(credential=credential, digest=token_hash(secret), created_at=now, ends_at=ends_at)
        changed = await self._add(organisation, client, stored, renewal, by=by)
        return NewSecret(client_id=changed.client_id, credential=credential, secret=secret, ends_at=ends_at)

    async def add_key(
        self, organisation: OrganisationId, client: ClientId, jwk: Mapping[str, Json], renewal: Renewal, *, by: str
    ) -> StoredClient:
        """A public key whose private half only the client has.

        Raises ``NotFoundError``, ``InvalidInputError`` (``key``, ``days``), ``ConflictError`` when as many work already
        as may, or the client is revoked.
        """
        text = self._keys.public_key(jwk)
        now, ends_at = self._lasting(renewal)
        stored = StoredKey(credential=new_id(now, self._random), jwk=text, created_at=now, ends_at=ends_at)
        return await self._add(organisation, client, stored, renewal, by=by)

    async def end_credential(
        self, organisation: OrganisationId, client: ClientId, credential: str, *, by: str
    ) -> StoredClient:
        """From now on neither it nor any token that was given for it works. Raises ``NotFoundError``."""
        found = await self._clients.of(organisation, client)
        if all(each.credential != credential for each in found.credentials):
            raise NotFoundError
        event = AuditEvent.CLIENT_CREDENTIAL_ENDED
        await self._audit.write(event, organisation, by=by, client=client, credential=credential)
        return await self._clients.change(organisation, client, lambda found: found.without_credential(credential))

    async def revoke(self, organisation: OrganisationId, client: ClientId, *, by: str) -> StoredClient:
        """For good, and at once. Revoking again changes nothing. Raises ``NotFoundError``."""
        found = await self._clients.of(organisation, client)
        if found.revoked_at is not None:
            return found
        await self._audit.write(AuditEvent.CLIENT_REVOKED, organisation, by=by, client=client)
        now = self._clock()

        def revoked(found: StoredClient) -> Body:
            return replace(found, credentials=(), revoked_at=found.revoked_at or now).body()

        return await self._clients.change(organisation, client, revoked)

    async def _add(
        self, organisation: OrganisationId, client: ClientId, added: Credential, renewal: Renewal, *, by: str
    ) -> StoredClient:
        hours = renewal.others_end_after_hours
        others_end_at = None if hours is None else added.created_at + timedelta(hours=hours)

        def changes(found: StoredClient) -> Body:
            return found.with_credential(added, others_end_at=others_end_at, now=added.created_at)

        changes(await self._clients.of(organisation, client))  # What cannot be is refused before the log tells of it.
        event = AuditEvent.CLIENT_CREDENTIAL_ADDED
        await self._audit.write(event, organisation, by=by, client=client, credential=added.credential)
        return await self._clients.change(organisation, client, changes)

    def _lasting(self, renewal: Renewal) -> tuple[datetime, datetime]:
        if not 1 <= renewal.days <= MOST_DAYS:
            raise InvalidInputError("days")
        now = self._clock()
        return now, now + timedelta(days=renewal.days)

    async def _working(self, organisation: OrganisationId, client: ClientId) -> StoredClient:
        found = await self._clients.of(organisation, client)
        if found.revoked_at is not None:
            raise ConflictError
        return found

    async def _checked(self, organisation: OrganisationId, units: frozenset[UnitId]) -> frozenset[UnitId]:
        if not await self._units.all_exist(organisation, units):
            raise InvalidInputError("units")
        return units

    async def _claim(self, client: StoredClient, entra: EntraApp) -> None:
        """Let the application be this client and no other. One that was revoked, or never came to be, gives way.

        Raises ``InvalidInputError`` for a tenant that the operator has not given to this organisation.
        """
        if self._tenants.get(entra.tenant) != client.organisation:
            raise InvalidInputError("entra-tenant")
        place = places.client_app(client.organisation, entra.tenant, entra.app)
        body: Body = {"client": client.client, "at": instant_text(client.created_at)}
        try:
            await self._records.create(place.partition, place.id, body)
        except RecordExistsError:
            await self._take_over(client, place, body)

    async def _take_over(self, client: StoredClient, place: Place, body: Body) -> None:
        record = await self._records.get(place.partition, place.id)
        try:
            holder = await self._clients.of(client.organisation, ClientId(Fields(record.body).text("client")))
        except NotFoundError:
            holder = None
        if holder is not None and holder.revoked_at is None:
            raise ConflictError
        try:
            await self._records.replace_if_match(record, body)
        except RecordChangedError as fault:
            raise ConflictError from fault


def _unless_revoked(found: StoredClient, wanted: Body) -> Body:
    if found.revoked_at is not None:
        raise ConflictError
    return wanted
