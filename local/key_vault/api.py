"""Key Vault's REST API for keys (https://learn.microsoft.com/rest/api/keyvault/keys) and secrets: routes, answers."""

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.key_vault import bundles
from local.key_vault.answers import VaultError, bad_parameter
from local.key_vault.bodies import base_of, body_of
from local.key_vault.challenge import require_token
from local.key_vault.faults import Faults
from local.key_vault.requests import CreateRequest, UpdateRequest, parse_create, parse_update
from local.key_vault.secret_operations import SecretOperations
from local.key_vault.secret_store import SecretStore
from local.key_vault.store import KeyStore

MAX_PAGE = 25
"""Most items on a page, and how many there are when the client does not say: Key Vault's own figures."""

ALGORITHM = "RSA-OAEP-256"

_BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,4})")

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


def make_application(store: KeyStore, secret_store: SecretStore, faults: Faults, control_token: str) -> Starlette:
    """The whole emulator as an ASGI application."""
    vault = _Vault(store)
    texts = SecretOperations(secret_store, store.recovery_level)

    def served(path: str, method: str, operation: str, handler: Handler) -> Route:
        return Route(path, _guarded(handler, operation, faults), methods=[method], name=operation)

    def control(path: str, method: str, handler: Handler) -> Route:
        return Route(f"/emulator/{path}", _controlled(handler, control_token), methods=[method])

    # The SDK asks for the current version with an empty last segment, hence the twins with a slash at the end.
    routes = [
        served("/keys/{name}/create", "POST", "create_key", vault.create),
        served("/keys/{name}/rotate", "POST", "rotate_key", vault.rotate),
        served("/keys/{name}/versions", "GET", "list_key_versions", vault.list_versions),
        served("/keys/{name}/{version}/wrapkey", "POST", "wrap_key", vault.wrap),
        served("/keys/{name}/{version}/unwrapkey", "POST", "unwrap_key", vault.unwrap),
        served("/keys/{name}/{version}", "GET", "get_key", vault.get),
        served("/keys/{name}/{version}", "PATCH", "update_key", vault.update),
        served("/keys/{name}/", "GET", "get_key", vault.get),
        served("/keys/{name}/", "PATCH", "update_key", vault.update),
        served("/keys/{name}", "GET", "get_key", vault.get),
        served("/keys/{name}", "DELETE", "delete_key", vault.delete),
        served("/keys", "GET", "list_keys", vault.list_keys),
        served("/deletedkeys", "GET", "list_deleted_keys", vault.list_deleted),
        served("/deletedkeys/{name}", "GET", "get_deleted_key", vault.get_deleted),
        served("/deletedkeys/{name}", "DELETE", "purge_key", vault.purge),
        served("/deletedkeys/{name}/recover", "POST", "recover_key", vault.recover),
        served("/secrets/{name}", "PUT", "set_secret", texts.set),
        served("/secrets/{name}/{version}", "GET", "get_secret", texts.get),
        served("/secrets/{name}/", "GET", "get_secret", texts.get),
        served("/secrets/{name}", "GET", "get_secret", texts.get),
        control("counters", "GET", faults.read_counters),
        control("counters", "DELETE", faults.reset_counters),
        control("faults", "GET", faults.list_faults),
        control("faults", "POST", faults.add_fault),
        control("faults", "DELETE", faults.end_faults),
        served("/{rest:path}", "GET", "unknown", _not_simulated),
        served("/{rest:path}", "POST", "unknown", _not_simulated),
        served("/{rest:path}", "PUT", "unknown", _not_simulated),
        served("/{rest:path}", "PATCH", "unknown", _not_simulated),
        served("/{rest:path}", "DELETE", "unknown", _not_simulated),
    ]
    # A page in the developer's browser may not reach the vault under a name of its own (DNS rebinding).
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False)
    application = Starlette(routes=routes, middleware=[only_here], exception_handlers={VaultError: _refuse})
    application.router.redirect_slashes = False
    return application


async def _refuse(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, VaultError)
    return exc.answer()


def _guarded(handler: Handler, operation: str, faults: Faults) -> Handler:
    """Every operation of the vault: the token first, then the count, the faults, the version of the API."""

    async def endpoint(request: Request) -> Response:
        try:
            require_token(request.headers)
        except VaultError:
            faults.count("challenge")
            raise
        faults.count(operation)
        await faults.strike(operation, request.path_params.get("name"))
        if not request.query_params.get("api-version"):
            raise bad_parameter("The request URI lacks the parameter api-version.")
        response = await handler(request)
        response.headers["x-ms-request-id"] = secrets.token_hex(16)
        return response

    return endpoint


def _controlled(handler: Handler, control_token: str) -> Handler:
    async def endpoint(request: Request) -> Response:
        given = request.headers.get("x-emulator-token", "")
        if not hmac.compare_digest(given.encode(), control_token.encode()):
            raise VaultError(401, "Unauthorized", "The header x-emulator-token is missing or wrong.")
        return await handler(request)

    return endpoint


async def _not_simulated(_: Request) -> Response:
    raise VaultError(501, "NotSimulated", "The Key Vault emulator does not simulate this operation.")


class _Vault:
    """The operations, each from request to response."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    async def create(self, request: Request) -> Response:
        asked: CreateRequest = parse_create(await body_of(request))
        key = await self._store.create(
            request.path_params["name"],
            type=asked.type,
            size=asked.size,
            operations=asked.operations,
            enabled=asked.enabled,
            tags=asked.tags,
        )
        return self._bundle(request, key.name, "")

    async def rotate(self, request: Request) -> Response:
        key = await self._store.rotate(request.path_params["name"])
        return self._bundle(request, key.name, "")

    async def get(self, request: Request) -> Response:
        return self._bundle(request, request.path_params["name"], request.path_params.get("version", ""))

    async def update(self, request: Request) -> Response:
        asked: UpdateRequest = parse_update(await body_of(request))
        key, version = await self._store.update(
            request.path_params["name"],
            request.path_params.get("version", ""),
            enabled=asked.enabled,
            operations=asked.operations,
            tags=asked.tags,
        )
        return self._bundle(request, key.name, version.id)

    async def delete(self, request: Request) -> Response:
        key = await self._store.delete(request.path_params["name"])
        return JSONResponse(bundles.deleted_bundle(base_of(request), key, self._store.recovery_level))

    async def get_deleted(self, request: Request) -> Response:
        key = self._store.deleted_key(request.path_params["name"])
        return JSONResponse(bundles.deleted_bundle(base_of(request), key, self._store.recovery_level))

    async def recover(self, request: Request) -> Response:
        key = await self._store.recover(request.path_params["name"])
        return self._bundle(request, key.name, "")

    async def purge(self, request: Request) -> Response:
        await self._store.purge(request.path_params["name"])
        return Response(status_code=204)

    async def list_keys(self, request: Request) -> Response:
        level = self._store.recovery_level
        return _page(
            request, [bundles.item(base_of(request), k, k.current, level) for k in self._store.list(deleted=False)]
        )

    async def list_versions(self, request: Request) -> Response:
        key, level = self._store.key(request.path_params["name"]), self._store.recovery_level
        items = [bundles.version_item(base_of(request), key, version, level) for version in key.versions]
        return _page(request, items)

    async def list_deleted(self, request: Request) -> Response:
        level = self._store.recovery_level
        return _page(
            request, [bundles.deleted_item(base_of(request), k, level) for k in self._store.list(deleted=True)]
        )

    async def wrap(self, request: Request) -> Response:
        key = self._store.key(request.path_params["name"])
        version = key.version(request.path_params["version"])
        value = await _wrapping_value(request)
        result = await asyncio.to_thread(version.wrap, value)
        return JSONResponse(bundles.operation_result(base_of(request), key, version, result))

    async def unwrap(self, request: Request) -> Response:
        key = self._store.key(request.path_params["name"])
        version = key.version(request.path_params["version"])
        value = await _wrapping_value(request)
        result = await asyncio.to_thread(version.unwrap, value)
        return JSONResponse(bundles.operation_result(base_of(request), key, version, result))

    def _bundle(self, request: Request, name: str, version: str) -> Response:
        key = self._store.key(name)
        return JSONResponse(bundles.bundle(base_of(request), key, key.version(version), self._store.recovery_level))


async def _wrapping_value(request: Request) -> bytes:
    body = await body_of(request)
    if body.get("alg") != ALGORITHM:
        raise bad_parameter(f"Property alg has an invalid value: this vault knows {ALGORITHM} only.")
    value = body.get("value")
    if not isinstance(value, str) or _BASE64URL.fullmatch(value) is None:
        raise bad_parameter("Property value is missing or not base64url.")
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _page(request: Request, items: Sequence[dict[str, object]]) -> Response:
    """One page of ``items`` and the address of the next. The continuation is a plain count here."""
    try:
        start = int(request.query_params.get("$skiptoken", "0"))
        size = int(request.query_params.get("maxresults", str(MAX_PAGE)))
    except ValueError as exc:
        raise bad_parameter("Parameter maxresults or $skiptoken is not a number.") from exc
    if start < 0 or not 1 <= size <= MAX_PAGE:
        raise bad_parameter(f"Parameter maxresults must be 1 to {MAX_PAGE}.")
    following = start + size
    link = None
    if following < len(items):
        version = request.query_params["api-version"]
        path = request.url.path
        link = f"{base_of(request)}{path}?api-version={version}&$skiptoken={following}&maxresults={size}"
    return JSONResponse({"value": items[start:following], "nextLink": link})
