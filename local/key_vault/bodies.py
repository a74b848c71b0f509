"""What every operation reads of a request: its JSON body, and the address by which the client calls the vault."""

import json

from starlette.requests import Request

from local.key_vault.answers import VaultError, bad_parameter

MAX_BODY_BYTES = 64 * 1024


def base_of(request: Request) -> str:
    """The vault's address as this client calls it: ids of keys and secrets begin with it."""
    return f"https://{request.headers['host']}"


async def body_of(request: Request) -> dict[str, object]:
    """The JSON object in the body, an empty one for none. Raises ``VaultError``."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise VaultError(413, "RequestEntityTooLarge", "The request is too large.")
    try:
        body = json.loads(content or b"{}")
    except ValueError as exc:
        raise bad_parameter("The request body is not JSON.") from exc
    if not isinstance(body, dict):
        raise bad_parameter("The request body is not a JSON object.")
    return body
