"""API clients of one's own organisation, as its admins make, renew and revoke them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import FreshAdmin, Services, SignedInAdmin
from functions.json_bodies import JsonRoute
from functions.models import Id, Strict, without_defaults
from shared.domain.api_clients import DEFAULT_DAYS, MOST_DAYS, EntraApp, StoredClient, StoredKey
from shared.domain.ids import ClientId, UnitId
from shared.domain.scopes import Scope
from shared.domain.staff_members import MAX_UNITS
from shared.domain.texts import NAME_MAX_CHARACTERS

if TYPE_CHECKING:
    from shared.services.administering_clients import NewSecret, Renewal

router = APIRouter(prefix="/api/v1", tags=["clients"], route_class=JsonRoute)

ScopeName = Literal[
    "threads:read", "threads:write", "messages:send", "messages:read", "messages:delete", "receipts:read"
]
Name = Annotated[str, Field(max_length=NAME_MAX_CHARACTERS)]
Units = Annotated[list[Id], Field(max_length=MAX_UNITS)]
Scopes = Annotated[list[ScopeName], Field(max_length=len(Scope))]
Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Member = Annotated[str, Field(max_length=1024)]

HOURS_OF_A_YEAR = 365 * 24


class EntraApplication(Strict):
    """An application of Entra ID, whose tokens count as this client's."""

    tenant: Guid
    app: Annotated[Guid, Field(description="The application's (client) id.")]


class NewApiClient(Strict):
    """A client to be. It can prove who it is once it has a secret or a key, or an application of Entra ID."""

    name: Name
    units: Annotated[Units, Field(description="For which it acts, as a member of them would.")]
    scopes: Scopes
    entra: EntraApplication | None = None


class ApiClientChange(Strict):
    """What changes; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = ""
    units: Annotated[Units, Field(default_factory=list)]
    scopes: Annotated[Scopes, Field(default_factory=list)]


class RenewalTerms(Strict):
    """How long a new credential lasts, and when the others end: a rotation without a gap gives them some hours."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS
    others_end_after_hours: Annotated[
        int | None, Field(ge=0, le=HOURS_OF_A_YEAR, description="Null: at their own end.")
    ] = None

    def renewal(self) -> "Renewal":
        from shared.services.administering_clients import Renewal  # noqa: PLC0415  # comes with its service

        return Renewal(days=self.days, others_end_after_hours=self.others_end_after_hours)


class PublicKey(Strict):
    """A public key as a JSON Web Key (RFC 7517): RSA of 2048 to 4096 bits, P-256 or Ed25519."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    kty: Literal["RSA", "EC", "OKP"]
    kid: Annotated[str, Field(max_length=128)] = ""
    use: Literal["sig"] = "sig"
    alg: Literal["PS256", "ES256", "EdDSA", "Ed25519"] = "PS256"
    n: Member = ""
    e: Member = ""
    crv: Literal["P-256", "Ed25519"] = "P-256"
    x: Member = ""
    y: Member = ""


class NewKey(RenewalTerms):
    """A key to be accepted from now on."""

    jwk: PublicKey


class CredentialView(BaseModel):
    """A secret or key of a client. What a secret is, is shown once, when it is made."""

    credential: Id
    kind: Literal["secret", "key"]
    kid: str | None
    created_at: datetime
    ends_at: datetime


class ApiClientView(BaseModel):
    """A client of one's own organisation."""

    client: Id
    client_id: Annotated[str, Field(description="What it is called at the token endpoint. No secret.")]
    name: str
    units: list[Id]
    scopes: list[ScopeName]
    credentials: list[CredentialView]
    entra: EntraApplication | None
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, client: StoredClient) -> "ApiClientView":
        entra = client.entra
        return cls(
            client=client.client,
            client_id=client.client_id,
            name=client.name,
            units=sorted(client.units),
            scopes=sorted(scope.value for scope in client.scopes),
            credentials=[
                CredentialView(
                    credential=each.credential,
                    kind="key" if isinstance(each, StoredKey) else "secret",
                    kid=each.kid if isinstance(each, StoredKey) else None,
                    created_at=each.created_at,
                    ends_at=each.ends_at,
                )
                for each in client.credentials
            ],
            entra=None if entra is None else EntraApplication(tenant=entra.tenant, app=entra.app),
            created_at=client.created_at,
            revoked_at=client.revoked_at,
        )


class ApiClientList(BaseModel):
    """All clients of one's own organisation, by name; revoked ones come last."""

    clients: list[ApiClientView]


class SecretView(BaseModel):
    """A new secret. It is shown this once, and stored as a hash."""

    client_id: str
    credential: Id
    secret: str
    ends_at: datetime

    @classmethod
    def of(cls, made: "NewSecret") -> "SecretView":
        return cls(client_id=made.client_id, credential=made.credential, secret=made.secret, ends_at=made.ends_at)


@router.get("/organisation/clients")
async def list_clients(services: Services, principal: SignedInAdmin) -> ApiClientList:
    """The API clients of one's own organisation."""
    found = await services.administering_clients.list(principal.organisation)
    return ApiClientList(clients=[ApiClientView.of(client) for client in found])


@router.post("/organisation/clients", status_code=201)
async def create_client(services: Services, principal: FreshAdmin, new: NewApiClient) -> ApiClientView:
    """Make a client: which units it acts for, and what it may do there."""
    from shared.services.administering_clients import NewClient  # noqa: PLC0415  # comes with its service

    client = NewClient(
        name=new.name,
        units=frozenset(UnitId(unit) for unit in new.units),
        scopes=frozenset(Scope(scope) for scope in new.scopes),
        entra=None if new.entra is None else EntraApp(tenant=new.entra.tenant, app=new.entra.app),
    )
    created = await services.administering_clients.create(principal.organisation, client, by=principal.staff)
    return ApiClientView.of(created)


@router.patch("/organisation/clients/{client}")
async def change_client(
    services: Services, principal: FreshAdmin, client: str, change: ApiClientChange
) -> ApiClientView:
    """Another name, other units or other scopes. Its next request sees it, also with a token that it has."""
    from shared.services.administering_clients import ClientChange  # noqa: PLC0415  # comes with its service

    given = change.model_fields_set
    wanted = ClientChange(
        name=change.name if "name" in given else None,
        units=frozenset(UnitId(unit) for unit in change.units) if "units" in given else None,
        scopes=frozenset(Scope(scope) for scope in change.scopes) if "scopes" in given else None,
    )
    changed = await services.administering_clients.change(
        principal.organisation, ClientId(client), wanted, by=principal.staff
    )
    return ApiClientView.of(changed)


@router.post("/organisation/clients/{client}/secrets", status_code=201)
async def add_client_secret(services: Services, principal: FreshAdmin, client: str, terms: RenewalTerms) -> SecretView:
    """Make a secret. Two credentials may work at once, so that a client changes over without a gap."""
    made = await services.administering_clients.add_secret(
        principal.organisation, ClientId(client), terms.renewal(), by=principal.staff
    )
    return SecretView.of(made)


@router.post("/organisation/clients/{client}/keys", status_code=201)
async def add_client_key(services: Services, principal: FreshAdmin, client: str, key: NewKey) -> ApiClientView:
    """Accept proofs of a key (`private_key_jwt`): only the client ever has its private half."""
    changed = await services.administering_clients.add_key(
        principal.organisation,
        ClientId(client),
        key.jwk.model_dump(exclude_unset=True),
        key.renewal(),
        by=principal.staff,
    )
    return ApiClientView.of(changed)


@router.delete("/organisation/clients/{client}/credentials/{credential}")
async def end_client_credential(
    services: Services, principal: FreshAdmin, client: str, credential: str
) -> ApiClientView:
    """End a secret or key at once, and every token that was given for it."""
    changed = await services.administering_clients.end_credential(
        principal.organisation, ClientId(client), credential, by=principal.staff
    )
    return ApiClientView.of(changed)


@router.post("/organisation/clients/{client}/revoke")
async def revoke_client(services: Services, principal: FreshAdmin, client: str) -> ApiClientView:
    """Revoke a client for good. From this moment it can do nothing; what it wrote stays with the units."""
    revoked = await services.administering_clients.revoke(principal.organisation, ClientId(client), by=principal.staff)
    return ApiClientView.of(revoked)
