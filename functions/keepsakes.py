"""What a browser keeps of having signed in as staff: its own count of attempts, which no stranger can use up."""

from typing import Annotated, Final

from fastapi import Depends, Request, Response

from functions.dependencies import client_address, container_of
from shared.domain.rate_limits import Trier

KEEPSAKE_COOKIE: Final = "__Host-known"
KEEPSAKE_SECONDS: Final = 365 * 24 * 60 * 60
"""As long as anybody goes without signing in; signing out ends it, too."""


async def _trier(request: Request) -> Trier:
    header = container_of(request).settings.client_address_header
    return Trier(client_address=client_address(request, header), keepsake=request.cookies.get(KEEPSAKE_COOKIE))


FromWhere = Annotated[Trier, Depends(_trier)]


def keep(response: Response, keepsake: str) -> None:
    """Let the browser keep it. No script reads it, and it signs nobody in."""
    response.set_cookie(
        KEEPSAKE_COOKIE, keepsake, max_age=KEEPSAKE_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )
