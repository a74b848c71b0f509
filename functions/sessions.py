"""Sessions on the wire: who is signed in here, where else, and ending any of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import SESSION_COOKIE, Services, SignedIn, SignedInUnfinished
from functions.json_bodies import JsonRoute
from functions.models import Id
from shared.crypto.tokens import csrf_token
from shared.domain.ids import SessionId
from shared.domain.principals import Person, SessionHolder, Staff

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.own_sessions import ShownSession
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
    unfinished: Annotated[bool, Field(description="Staff who first set up a second factor.")] = False
    provider: Annotated[str | None, Field(description="The e-ID that a person signed in with.")] = None
    assurance: Annotated[str | None, Field(description="Its level: `loa2`, `loa3` or `loa4`.")] = None
    expires_at: datetime | None = None
    idle_seconds: Annotated[int, Field(description="The session ends after this long without a request.")]

    @classmethod
    def of(
        cls, principal: SessionHolder, csrf: str, services: "Container", expires_at: datetime | None = None
    ) -> "SessionView":
        idle = int(services.settings.sign_in.idle_limit.total_seconds())
        match principal:
            case Staff():
                return cls(
                    kind="staff",
                    name=principal.name,
                    csrf_token=csrf,
                    role=principal.role.value,
                    unfinished=principal.is_unfinished,
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


class OwnSessionView(BaseModel):
    """A session of one's own. ``provider`` and ``assurance`` are null for staff."""

    session: Id
    kind: Literal["staff", "person"]
    provider: str | None
    assurance: str | None
    device: Annotated[str, Field(description="Coarse words.", examples=["Chrome on Windows"])]
    created_at: datetime
    seen_at: Annotated[datetime, Field(description="Of a request at most a minute before the last one.")]
    is_current: Annotated[bool, Field(description="The session of this request.")]

    @classmethod
    def of(cls, shown: "ShownSession") -> "OwnSessionView":
        return cls(
            session=shown.session,
            kind="staff" if shown.kind == "staff" else "person",
            provider=shown.provider,
            assurance=shown.assurance,
            device=shown.device,
            created_at=shown.created_at,
            seen_at=shown.seen_at,
            is_current=shown.is_current,
        )


class SessionList(BaseModel):
    """One's own sessions, oldest first."""

    sessions: list[OwnSessionView]


def set_session(response: Response, services: "Container", session: "NewSession") -> SessionView:
    """Let this browser hold the session: its token in a cookie that no script reads, the rest in the answer."""
    response.set_cookie(SESSION_COOKIE, session.token, path="/", secure=True, httponly=True, samesite="lax")
    return SessionView.of(session.principal, session.csrf, services, session.expires_at)


def clear_browser(response: Response) -> None:
    """Let the browser forget the session that has ended, and what it kept of us."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'


@router.get("/session")
async def read_session(request: Request, services: Services, principal: SignedInUnfinished) -> SessionView:
    """Who is signed in here."""
    return SessionView.of(principal, csrf_token(request.cookies[SESSION_COOKIE]), services)


@router.delete("/session", status_code=204)
async def sign_out(request: Request, services: Services, principal: SignedInUnfinished, response: Response) -> None:
    """End this session."""
    await services.sessions.end(request.cookies[SESSION_COOKIE], principal)
    clear_browser(response)


@router.get("/sessions")
async def list_sessions(request: Request, services: Services, principal: SignedIn) -> SessionList:
    """Where one is signed in now. Nobody has more than 20 sessions: the oldest gives way."""
    found = await services.own_sessions.list(principal, here=request.cookies[SESSION_COOKIE])
    return SessionList(sessions=[OwnSessionView.of(shown) for shown in found])


@router.delete("/sessions/{session}", status_code=204)
async def end_session(
    request: Request, services: Services, principal: SignedIn, response: Response, session: str
) -> None:
    """End one of one's own sessions, wherever it is. It opens nothing from this moment."""
    if await services.own_sessions.end(principal, SessionId(session), here=request.cookies[SESSION_COOKIE]):
        clear_browser(response)


@router.delete("/sessions", status_code=204)
async def sign_out_everywhere(request: Request, services: Services, principal: SignedIn, response: Response) -> None:
    """End all of one's own sessions, this one too."""
    await services.own_sessions.end_all(principal, here=request.cookies[SESSION_COOKIE])
    clear_browser(response)
