"""Signing in: staff by password, persons by BankID."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Cookie, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import (
    EVERYONE,
    FLOW_COOKIE,
    Device,
    Services,
    client_address,
)
from functions.json_bodies import JsonRoute
from functions.models import Strict
from functions.qr_image import qr_svg
from functions.sessions import Previous, SessionView, set_session
from shared.crypto.tokens import token_hash
from shared.domain.electronic_id import OrderRequest
from shared.domain.errors import NotFoundError
from shared.domain.user_messages import WORDINGS, StartedBy, UserMessage, failed_message, pending_message

router = APIRouter(prefix="/api/v1", tags=["sign-in"], route_class=JsonRoute)

Flow = Annotated[str, Cookie(alias=FLOW_COOKIE, max_length=128, include_in_schema=False)]

BANKID_TEXT = """# Logga in
Du loggar in på *Private Identity Control* för att läsa meddelanden till dig.

Avbryt om någon har ringt eller skrivit och bett dig logga in."""


class StaffCredentials(Strict):
    """What staff sign in with."""

    mail_address: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=1024)]


class OrderView(BaseModel):
    """How a sign-in by BankID stands."""

    status: Literal["pending", "failed", "complete"]
    hint_code: str | None = None
    message: Annotated[str | None, Field(description="Id of the recommended user message (RFA).")] = None
    message_sv: str | None = None
    message_en: str | None = None
    qr: Annotated[str | None, Field(description="The code to show during this second, if any.")] = None
    session: SessionView | None = None

    @classmethod
    def of(
        cls, status: Literal["pending", "failed"], hint_code: str, message: UserMessage, *, qr: str | None = None
    ) -> "OrderView":
        wording = WORDINGS[message]
        return cls(
            status=status,
            hint_code=hint_code,
            message=message.value,
            message_sv=wording.swedish,
            message_en=wording.english,
            qr=qr,
        )


@router.post("/staff/sign-in", dependencies=[EVERYONE])
async def staff_sign_in(
    credentials: StaffCredentials, services: Services, response: Response, device: Device, previous: Previous = None
) -> SessionView:
    """Sign in with an address and a password. The answer is the same for an unknown address and a wrong password."""
    session = await services.staff_signing_in.sign_in(
        credentials.mail_address, credentials.password, replacing=previous, device=device
    )
    return set_session(response, services, session)


@router.post("/bankid/orders", status_code=201, dependencies=[EVERYONE])
async def bankid_start(request: Request, services: Services, response: Response) -> OrderView:
    """Begin a sign-in by BankID on another device: show the code that polling returns."""
    settings = services.settings
    public_host = urlsplit(settings.public_url).hostname or ""
    agent = request.headers.get("user-agent", "unknown")
    started = await services.person_signing_in.start(
        OrderRequest(
            end_user_ip=client_address(request, settings.client_address_header),
            user_visible_text=BANKID_TEXT,
            referring_domain=public_host,
            user_agent=agent[:256],
            device_identifier=token_hash(agent)[:64],
        )
    )
    response.set_cookie(FLOW_COOKIE, started.flow, max_age=600, path="/", secure=True, httponly=True, samesite="lax")
    return OrderView(status="pending")


@router.get("/bankid/order", dependencies=[EVERYONE])
async def bankid_poll(services: Services, response: Response, flow: Flow = "", previous: Previous = None) -> OrderView:
    """How the order of this browser stands. When it is complete, the answer carries the session's cookie."""
    from shared.services.person_signing_in import Refused, Waiting  # noqa: PLC0415  # comes with its service
    from shared.services.person_signing_in import SignedIn as RaisedSession  # noqa: PLC0415

    match await services.person_signing_in.poll(flow, replacing=previous):
        case Waiting() as waiting:
            message = pending_message(waiting.hint_code, StartedBy.QR)
            return OrderView.of("pending", waiting.hint_code, message, qr=waiting.qr)
        case Refused() as refused:
            return OrderView.of("failed", refused.hint_code, failed_message(refused.hint_code, StartedBy.QR))
        case RaisedSession() as raised:
            response.delete_cookie(FLOW_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
            return OrderView(status="complete", session=set_session(response, services, raised.session))


@router.get(
    "/bankid/order/qr",
    dependencies=[EVERYONE],
    response_class=Response,
    responses={200: {"description": "The image.", "content": {"image/svg+xml": {"schema": {}}}}},
)
async def bankid_qr(services: Services, flow: Flow = "") -> Response:
    """The code of this second as an SVG image."""
    frame = await services.person_signing_in.qr(flow)
    if frame is None:
        raise NotFoundError
    return Response(qr_svg(frame), media_type="image/svg+xml")


@router.delete("/bankid/order", status_code=204, dependencies=[EVERYONE])
async def bankid_cancel(services: Services, response: Response, flow: Flow = "") -> None:
    """Give up the order of this browser."""
    await services.person_signing_in.cancel(flow)
    response.delete_cookie(FLOW_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
