"""Setting and reading a secret (https://learn.microsoft.com/rest/api/keyvault/secrets): from request to response."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.key_vault.answers import bad_parameter
from local.key_vault.bodies import base_of, body_of
from local.key_vault.requests import parse_attributes, parse_tags
from local.key_vault.secret_store import Secret, SecretStore, SecretVersion
from local.key_vault.store import RETENTION_DAYS


class SecretOperations:
    """The operations of secrets. ``recovery_level`` is the vault's."""

    def __init__(self, store: SecretStore, recovery_level: str) -> None:
        self._store = store
        self._recovery_level = recovery_level

    async def set(self, request: Request) -> Response:
        body = await body_of(request)
        value, content_type = body.get("value"), body.get("contentType")
        if not isinstance(value, str):
            raise bad_parameter("Property value is missing.")
        if content_type is not None and not isinstance(content_type, str):
            raise bad_parameter("Property contentType has an invalid value.")
        enabled = parse_attributes(body, known={"value", "contentType", "attributes", "tags"})
        found = await self._store.set(
            request.path_params["name"],
            value,
            content_type=content_type,
            enabled=True if enabled is None else enabled,
            tags=dict(parse_tags(body) or ()),
        )
        return self._bundle(request, *found)

    async def get(self, request: Request) -> Response:
        found = self._store.read(request.path_params["name"], request.path_params.get("version", ""))
        return self._bundle(request, *found)

    def _bundle(self, request: Request, secret: Secret, version: SecretVersion) -> Response:
        """``SecretBundle``."""
        bundle: dict[str, object] = {
            "value": version.value,
            "id": f"{base_of(request)}/secrets/{secret.name}/{version.id}",
            "attributes": {
                "enabled": version.enabled,
                "created": version.created,
                "updated": version.created,
                "recoveryLevel": self._recovery_level,
                "recoverableDays": RETENTION_DAYS,
            },
            "tags": version.tags,
        }
        if version.content_type is not None:
            bundle["contentType"] = version.content_type
        return JSONResponse(bundle)
