"""Which routes are limited, and whom a request counts for: its address, and the browser that its cookies name.

A limited route declares it as it declares who may call it. The answer over a limit is 429 with ``Retry-After``.
"""

from typing import Final

from fastapi import Depends, Request, Response
from fastapi.routing import RouteContext

from functions.dependencies import FLOW_COOKIE, client_address, container_of

DEVICE_COOKIE: Final = "__Host-device"
"""A random name of the browser, for a year. No session, and no one's name."""

DEVICE_CHARACTERS: Final = 43
DEVICE_SECONDS: Final = 365 * 24 * 3600


def device_of(request: Request) -> str | None:
    """What this browser is called, if it has a cookie that can be ours. Without one its address alone counts."""
    device = request.cookies.get(DEVICE_COOKIE, "")
    return device if len(device) == DEVICE_CHARACTERS else None


def remember(response: Response, device: str) -> None:
    """Let the browser that has begun a sign-in, in whichever way, be known again when it begins the next."""
    response.set_cookie(
        DEVICE_COOKIE, device, max_age=DEVICE_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )


class Limited:
    """Limits a route: as something that begins a sign-in, or as a question how one stands."""

    def __init__(self, *, starts: bool) -> None:
        self.starts = starts

    async def __call__(self, request: Request) -> None:
        container = container_of(request)
        address = client_address(request, container.settings.client_address_header)
        if self.starts:
            await container.limiting.allow_start(address=address, browser=device_of(request))
        else:
            await container.limiting.allow_poll(address=address, browser=request.cookies.get(FLOW_COOKIE))


STARTS: Final = Depends(Limited(starts=True))
POLLS: Final = Depends(Limited(starts=False))


def is_limited(route: RouteContext) -> bool:
    """Whether the route declares a limit."""
    return any(isinstance(dependant.call, Limited) for dependant in route.dependant.dependencies)
