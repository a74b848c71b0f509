"""Sessions on the wire: who is signed in here, and signing out."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import SESSION_COOKIE, Services, SignedIn
from functions.json_bodies import JsonRoute
from shared.crypto.tokens import csrf_token
from shared.domain.principals import Person, Principal, Staff

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.sessions import NewSession

router = APIRouter(prefix="/api/v1", tags=["sessions"], route_class=JsonRoute)

Previous = Annotated[str | None, Cookie(alias=SESSION_COOKIE, max_length=128, include_in_schema=False)]
"""The session this browser holds while it signs in anew."""


class SessionView(BaseModel):
    """Who is signed in. ``csrf_token`` goes into the header ``X-CSRF-Token`` of every unsafe request."""

    kind: Literal["staff", "person"]
    name: str
    csrf_token: str
    role: str | None = None
    provider: Annotated[str | None, Field(description="The e-ID that a person signed in with.")] = None
    assurance: Annotated[str | None, Field(description="Its level: `loa2`, `loa3` or `loa4`.")] = None
    expires_at: datetime | None = None
    idle_seconds: Annotated[int, Field(description="The session ends after this long without a request.")]

    @classmethod
    def of(
        cls, principal: Principal, csrf: str, services: "Container", expires_at: datetime | None = None
    ) -> "SessionView":
        idle = int(services.settings.sign_in.idle_limit.total_seconds())
        match principal:
            case Staff():
                return cls(
                    kind="staff",
                    name=principal.name,
                    csrf_token=csrf,
                    role=principal.role.value,
                    expires_at=expires_at,
                    idle_seconds=idle,
                )
            case Person():
                return cls(
                    kind="person",
                    name=principal.name,
                    csrf_token=csrf,
                    provider=principal.provider,
                    assurance=principal.assurance.value,
                    expires_at=expires_at,
                    idle_seconds=idle,
                )


def set_session(response: Response, services: "Container", session: "NewSession") -> SessionView:
    """Let this browser hold the session: its token in a cookie that no script reads, the rest in the answer."""
    response.set_cookie(SESSION_COOKIE, session.token, path="/", secure=True, httponly=True, samesite="lax")
    return SessionView.of(session.principal, session.csrf, services, session.expires_at)


def clear_browser(response: Response) -> None:
    """Let the browser forget the session that has ended, and what it kept of us."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'


@router.get("/session")
async def read_session(request: Request, services: Services, principal: SignedIn) -> SessionView:
    """Who is signed in here."""
    return SessionView.of(principal, csrf_token(request.cookies[SESSION_COOKIE]), services)


@router.delete("/session", status_code=204)
async def sign_out(request: Request, services: Services, principal: SignedIn, response: Response) -> None:
    """End this session."""
    await services.sessions.end(request.cookies[SESSION_COOKIE], principal)
    clear_browser(response)
