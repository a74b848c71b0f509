"""Tokens for emulators: unsigned, of no worth to any real service. The container wires it locally and nowhere else."""

import base64
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import AccessToken

LIFETIME_SECONDS = 3600
_TENANT = "00000000-0000-4000-8000-000000000000"
_SCOPE_SUFFIX = "/.default"


class LocalCredential:
    """An ``AsyncTokenCredential`` whose tokens name the audience that is asked for and prove nothing."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,  # noqa: ARG002 - the protocol's parameters
        tenant_id: str | None = None,
        enable_cae: bool = False,  # noqa: ARG002
        **_: Any,
    ) -> AccessToken:
        """A JWT with ``alg: none`` (RFC 7519 section 6) for the one resource in ``scopes``."""
        (scope,) = scopes
        issued = int(self._now())
        expires = issued + LIFETIME_SECONDS
        body = {
            "aud": scope.removesuffix(_SCOPE_SUFFIX),
            "iss": f"https://sts.windows.net/{tenant_id or _TENANT}/",
            "iat": issued,
            "nbf": issued,
            "exp": expires,
        }
        return AccessToken(f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(body)}.", expires)

    async def close(self) -> None:
        """There is nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def _segment(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
