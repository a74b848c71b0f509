"""Being sent away to sign in, and coming back: the same with a broker as with Entra ID.

Every address that a browser is sent to afterwards is a constant; nothing of the provider's answer is in it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Cookie, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import REDIRECT_COOKIE
from functions.limits import device_of, remember
from shared.crypto.tokens import new_token
from shared.domain.brokers import Failure

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.redirects import Answered, StartedRedirect

FAILED: Final = {failure: f"/portal#/sign-in/failed/{failure.value}" for failure in Failure}
FLOW_SECONDS: Final = 600

Flow = Annotated[str, Cookie(alias=REDIRECT_COOKIE, max_length=128, include_in_schema=False)]


class AuthorizationView(BaseModel):
    """Where the browser goes now."""

    authorization_url: Annotated[str, Field(description="An address of the broker; good for ten minutes.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What stands in the address that a browser comes back to. None of it is believed yet."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None

    def at(self, provider: str) -> "Answered":
        """As the answer of the provider to whose address it came."""
        from shared.services.redirects import Answered  # noqa: PLC0415  # comes with its services

        return Answered(provider=provider, state=self.state, code=self.code, error=self.error, issuer=self.issuer)


async def returned_with(
    *,
    state: Annotated[str, Query(include_in_schema=False)] = "",
    code: Annotated[str, Query(include_in_schema=False)] = "",
    error: Annotated[str, Query(include_in_schema=False)] = "",
    iss: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> Return:
    """Each may be missing, or be anything (RFC 6749 section 4.1.2, RFC 9207)."""
    return Return(state=state, code=code, error=error, issuer=iss)


Returned = Annotated[Return, Depends(returned_with)]


def send_away(
    request: Request, response: Response, services: "Container", started: "StartedRedirect"
) -> AuthorizationView:
    """Where to go, told to the browser that alone may come back."""
    response.set_cookie(
        REDIRECT_COOKIE, started.flow, max_age=FLOW_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )
    remember(response, device_of(request) or new_token(services.random))
    return AuthorizationView(authorization_url=started.url)


def end_flow(answer: Response) -> None:
    """The browser has come back, and comes back no second time."""
    answer.delete_cookie(REDIRECT_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
