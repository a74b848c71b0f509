"""The token endpoint for API clients: OAuth 2.0 client credentials. Source: RFC 6749, RFC 7009, RFC 7523, RFC 8414.

Errors are those of RFC 6749 section 5.2, with fixed texts. A secret in the address is refused whatever it is: addresses
are written down on the way.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, Services, client_address, container_of
from functions.oauth_errors import NO_STORE, OAuthRefusedError
from shared.domain.client_assertions import ASSERTION_TYPE
from shared.domain.errors import ClientRefusedError, InvalidInputError
from shared.domain.scopes import Scope, parse_scopes

if TYPE_CHECKING:
    from shared.services.client_authenticating import ClientProof, ProvenClient

router = APIRouter(tags=["clients"])

TOKEN_PATH: Final = "/api/v1/oauth/token"  # noqa: S105 - an address
REVOCATION_PATH: Final = "/api/v1/oauth/revoke"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
CLIENT_ROUTES: Final = frozenset({"issue_token", "revoke_token"})
MOST_FIELDS: Final = 20
ALGORITHMS: Final = ("PS256", "ES256", "EdDSA", "Ed25519")
METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")


class TokenView(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(description="Seconds.")]
    scope: Annotated[str, Field(description="What the token may do, with spaces between.")]


class ServerMetadata(BaseModel):
    """RFC 8414 section 2."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_signing_alg_values_supported: list[str]
    service_documentation: str


def _form(**fields: str) -> dict[str, Any]:
    """For the description: the form is read by hand, because each of its fields may stand once and no more."""
    proof = {
        "client_id": "With a secret here; with a proof it may be left out.",
        "client_secret": "Here, or in the header `Authorization: Basic`.",
        "client_assertion_type": f"`{ASSERTION_TYPE}`.",
        "client_assertion": "A proof by the client's own key (RFC 7523): PS256, ES256 or Ed25519, of five minutes.",
    }
    properties = {name: {"type": "string", "description": text} for name, text in {**fields, **proof}.items()}
    schema = {"type": "object", "properties": properties, "required": [next(iter(fields))]}
    return {"requestBody": {"required": True, "content": {FORM_TYPE: {"schema": schema}}}}


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE or request.url.query:
        raise OAuthRefusedError("invalid_request")
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise OAuthRefusedError("invalid_request") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthRefusedError("invalid_request")
    return fields


def _proof(request: Request, fields: Mapping[str, str]) -> "ClientProof":
    """By exactly one of the ways that there are (RFC 6749 section 2.3)."""
    from shared.services.client_authenticating import (  # noqa: PLC0415  # comes with its service
        AssertionProof,
        SecretProof,
    )

    lines = request.headers.getlist("authorization")
    client_id, secret, assertion = (fields.get(f"client_{name}") for name in ("id", "secret", "assertion"))
    if len(lines) + (secret is not None) + (assertion is not None) != 1:
        raise OAuthRefusedError("invalid_request" if lines or secret or assertion else "invalid_client")
    if assertion is not None:
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthRefusedError("invalid_request")
        return AssertionProof(client_id=client_id, assertion=assertion)
    if secret is not None:
        return SecretProof(client_id=client_id or "", secret=secret)
    named, secret = _basic(lines[0])
    if client_id not in {None, named}:
        raise OAuthRefusedError("invalid_request")
    return SecretProof(client_id=named, secret=secret)


def _basic(line: str) -> tuple[str, str]:
    scheme, _, value = line.partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise OAuthRefusedError("invalid_client") from None
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise OAuthRefusedError("invalid_client")
    return unquote_plus(client_id), unquote_plus(secret)


async def _proven(request: Request, services: Services, fields: Mapping[str, str]) -> "ProvenClient":
    address = client_address(request, services.settings.client_address_header)
    try:
        return await services.client_authenticating.prove(_proof(request, fields), client_address=address)
    except ClientRefusedError:
        raise OAuthRefusedError("invalid_client") from None


@router.post(
    TOKEN_PATH,
    dependencies=[EVERYONE],
    openapi_extra=_form(grant_type="`client_credentials`.", scope="Scopes with spaces between; all by default."),
)
async def issue_token(request: Request, services: Services, response: Response) -> TokenView:
    """Give an API client an access token of ten minutes (RFC 6749 section 4.4)."""
    fields = await _fields(request)
    if (grant := fields.get("grant_type")) != "client_credentials":
        raise OAuthRefusedError("invalid_request" if grant is None else "unsupported_grant_type")
    proven = await _proven(request, services, fields)
    try:
        wanted = parse_scopes(fields["scope"].split()) if fields.get("scope") else None
        issued = await services.client_tokens.issue(proven, wanted=wanted)
    except InvalidInputError:
        raise OAuthRefusedError("invalid_scope") from None
    response.headers.update(NO_STORE)
    return TokenView(
        access_token=issued.token,
        token_type="Bearer",  # noqa: S106 - a word
        expires_in=int((issued.expires_at - services.clock()).total_seconds()),
        scope=" ".join(sorted(issued.scopes)),
    )


@router.post(
    REVOCATION_PATH,
    dependencies=[EVERYONE],
    response_class=Response,
    openapi_extra=_form(token="An access token of this client.", token_type_hint="Ignored."),  # noqa: S106 - words
)
async def revoke_token(request: Request, services: Services) -> Response:
    """End an access token before its time, at once and everywhere (RFC 7009). The same answer if there is none."""
    fields = await _fields(request)
    proven = await _proven(request, services, fields)
    if "token" not in fields:
        raise OAuthRefusedError("invalid_request")
    await services.client_tokens.end(fields["token"], proven)
    return Response(headers=NO_STORE)


@router.get("/.well-known/oauth-authorization-server", dependencies=[EVERYONE])
async def token_server(request: Request) -> ServerMetadata:
    """Where API clients get their tokens, and how (RFC 8414)."""
    issuer = container_of(request).settings.public_url
    return ServerMetadata(
        issuer=issuer,
        token_endpoint=issuer + TOKEN_PATH,
        revocation_endpoint=issuer + REVOCATION_PATH,
        grant_types_supported=["client_credentials"],
        response_types_supported=[],
        scopes_supported=[scope.value for scope in Scope],
        token_endpoint_auth_methods_supported=list(METHODS),
        token_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        revocation_endpoint_auth_methods_supported=list(METHODS),
        revocation_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        service_documentation=f"{issuer}/api/openapi.json",
    )
