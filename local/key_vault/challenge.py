"""Key Vault's challenge authentication: who sends no good token is told where to get one.

https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
"""

import base64
import binascii
import json
import time

from starlette.datastructures import Headers

from local.key_vault.answers import VaultError

AUDIENCE = "https://vault.azure.net"
TENANT = "00000000-0000-4000-8000-000000000000"
CHALLENGE = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="{AUDIENCE}"'


def require_token(headers: Headers) -> None:
    """Raises a 401 with the challenge unless the request carries a token this vault accepts."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("AKV10000: Request is missing a Bearer or PoP token.")
    head, claims = _parse(token.strip())
    if head.get("alg") != "none":
        raise _unauthorized("AKV10041: This emulator takes unsigned tokens only; keep signed ones for Azure.")
    if claims.get("aud") not in (AUDIENCE, f"{AUDIENCE}/"):
        raise _unauthorized("AKV10022: Invalid audience.")
    now = time.time()
    expires, starts = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int | float) or expires <= now:
        raise _unauthorized("AKV10046: The token is expired.")
    if not isinstance(starts, int | float) or starts > now:
        raise _unauthorized("AKV10045: The token is not yet valid.")


def _unauthorized(message: str) -> VaultError:
    return VaultError(401, "Unauthorized", message, headers={"WWW-Authenticate": CHALLENGE})


def _parse(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of a compact JWT with an empty signature (RFC 7519 section 6)."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise _unauthorized("AKV10001: The token is malformed.")
    head, claims = _decode(parts[0]), _decode(parts[1])
    if head.get("alg") == "none" and parts[2]:
        raise _unauthorized("AKV10001: An unsigned token has no signature.")
    return head, claims


def _decode(part: str) -> dict[str, object]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as exc:
        raise _unauthorized("AKV10001: The token is malformed.") from exc
    if not isinstance(value, dict):
        raise _unauthorized("AKV10001: The token is malformed.")
    return value
