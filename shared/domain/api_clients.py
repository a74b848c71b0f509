"""API clients as they are stored: what each may do, and the secrets and keys by which it proves who it is.

A secret is 256 random bits, so its SHA-256 says nothing of it and needs no slow hash (ASVS 5.0, 11.4.2 is about
passwords that people choose). Two credentials may be valid at once: the next one is in use before the last one ends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import ConflictError, IntegrityError
from shared.domain.ids import ClientId, OrganisationId, UnitId, is_id
from shared.domain.ports import Body, Json
from shared.domain.rate_limits import Limit
from shared.domain.scopes import Scope

TOKEN_LIFETIME: Final = timedelta(minutes=10)
MOST_CREDENTIALS: Final = 2
"""Valid at once: the one in use and its successor."""

DEFAULT_DAYS: Final = 365
MOST_DAYS: Final = 730
"""That a secret or key lasts: what nobody ever renews is forgotten by somebody."""

MOST_CLIENTS: Final = 200
"""Of one organisation, so that a list of them is one answer."""

PER_NETWORK: Final = Limit(count=120, seconds=60)
"""Questions for a token from one address. A token lasts ten minutes, so a client needs one question in that time."""

PER_CLIENT_AND_NETWORK: Final = Limit(count=30, seconds=60)
"""Questions in the name of one client from one address. Not of one client from everywhere: whoever knows its id,
which is no secret, could keep it from its tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """``digest`` is the SHA-256 of a secret that nobody can be shown again."""

    credential: str
    digest: str = field(repr=False)
    created_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """``jwk`` is a public key in its one spelling, as the text of a JSON Web Key (RFC 7517)."""

    credential: str
    jwk: str
    created_at: datetime
    ends_at: datetime

    @property
    def kid(self) -> str | None:
        """What the client calls it, if it does."""
        kid = json.loads(self.jwk).get("kid")
        return kid if isinstance(kid, str) else None


Credential: TypeAlias = StoredSecret | StoredKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraApp:
    """An application of Entra ID whose tokens count as this client's: the tenant, and the application's id."""

    tenant: str
    app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClient:
    """One client of an organisation. Once revoked it never works again; what it did stays with its id."""

    organisation: OrganisationId
    client: ClientId
    name: str
    units: frozenset[UnitId]
    scopes: frozenset[Scope]
    credentials: tuple[Credential, ...] = ()
    entra: EntraApp | None = None
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def client_id(self) -> str:
        """What the client is called at the token endpoint. It names the organisation, and is no secret."""
        return f"{self.organisation}.{self.client}"

    def valid(self, now: datetime) -> tuple[Credential, ...]:
        """Those credentials that work now."""
        return () if self.revoked_at is not None else tuple(each for each in self.credentials if now < each.ends_at)

    def with_credential(self, added: Credential, *, others_end_at: datetime | None, now: datetime) -> "Body":
        """The body with one more; those there are end then, or as they would. Raises ``ConflictError``.

        What has ended goes: nothing refers to it but the log, by its id.
        """
        kept = [_ending(each, others_end_at) for each in self.valid(now)]
        kept = [each for each in kept if now < each.ends_at]
        if self.revoked_at is not None or len(kept) >= MOST_CREDENTIALS:
            raise ConflictError
        return {"credentials": [_credential_body(each) for each in (*kept, added)]}

    def without_credential(self, credential: str) -> "Body":
        """The body without it."""
        kept = [each for each in self.credentials if each.credential != credential]
        return {"credentials": [_credential_body(each) for each in kept]}

    def body(self) -> Body:
        return {
            "client": self.client,
            "organisation": self.organisation,
            "name": self.name,
            "units": sorted(self.units),
            "scopes": sorted(self.scopes),
            "credentials": [_credential_body(each) for each in self.credentials],
            "entra_tenant": None if self.entra is None else self.entra.tenant,
            "entra_app": None if self.entra is None else self.entra.app,
            "created_at": instant_text(self.created_at),
            "revoked_at": None if self.revoked_at is None else instant_text(self.revoked_at),
        }

    @classmethod
    def of(cls, body: Body) -> "StoredClient":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        tenant, app = fields.optional_text("entra_tenant"), fields.optional_text("entra_app")
        return cls(
            organisation=OrganisationId(fields.text("organisation")),
            client=ClientId(fields.text("client")),
            name=fields.text("name"),
            units=frozenset(UnitId(unit) for unit in fields.texts("units")),
            scopes=frozenset(_scope(word) for word in fields.texts("scopes")),
            credentials=tuple(_credential(each) for each in fields.nested("credentials")),
            entra=None if tenant is None or app is None else EntraApp(tenant=tenant, app=app),
            created_at=fields.instant("created_at"),
            revoked_at=fields.optional_instant("revoked_at"),
        )


def parse_client_id(text: str) -> tuple[OrganisationId, ClientId] | None:
    """Whose client that is and which, or None for a text that can be nobody's."""
    organisation, _, client = text.partition(".")
    return (OrganisationId(organisation), ClientId(client)) if is_id(organisation) and is_id(client) else None


def _ending(credential: Credential, others_end_at: datetime | None) -> Credential:
    ends_at = credential.ends_at if others_end_at is None else min(credential.ends_at, others_end_at)
    match credential:
        case StoredSecret():
            return StoredSecret(
                credential=credential.credential,
                digest=credential.digest,
                created_at=credential.created_at,
                ends_at=ends_at,
            )
        case StoredKey():
            return StoredKey(
                credential=credential.credential,
                jwk=credential.jwk,
                created_at=credential.created_at,
                ends_at=ends_at,
            )


def _credential_body(credential: Credential) -> Mapping[str, Json]:
    match credential:
        case StoredSecret():
            kind, proof = "secret", {"digest": credential.digest}
        case StoredKey():
            kind, proof = "key", {"jwk": credential.jwk}
        case _:
            assert_never(credential)
    return {
        "credential": credential.credential,
        "kind": kind,
        **proof,
        "created_at": instant_text(credential.created_at),
        "ends_at": instant_text(credential.ends_at),
    }


def _credential(fields: Fields) -> Credential:
    credential, created_at, ends_at = fields.text("credential"), fields.instant("created_at"), fields.instant("ends_at")
    match fields.text("kind"):
        case "secret":
            digest = fields.text("digest")
            return StoredSecret(credential=credential, digest=digest, created_at=created_at, ends_at=ends_at)
        case "key":
            return StoredKey(credential=credential, jwk=fields.text("jwk"), created_at=created_at, ends_at=ends_at)
        case _:
            raise IntegrityError


def _scope(word: str) -> Scope:
    try:
        return Scope(word)
    except ValueError:
        raise IntegrityError from None
