"""BankID on the wire: starting an order, asking how it stands, its code, coming back from the app, and giving up.

No route takes an address to go to: where the app returns is made of our own settings, and where the page goes
afterwards is the page's own business.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Cookie, Depends, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, FLOW_COOKIE, Services, client_address, container_of
from functions.json_bodies import JsonRoute
from functions.limits import POLLS, STARTS, device_of, remember
from functions.models import Strict
from functions.problems import TABLE, RequestRefusedError, retry_after
from functions.qr_image import qr_svg
from functions.sessions import Previous, SessionView, set_session
from shared.crypto.tokens import new_token, token_hash
from shared.domain.electronic_id import OrderRequest
from shared.domain.errors import ConflictError, ElectronicIdError, NotFoundError
from shared.domain.sign_in_modes import SignInMode
from shared.domain.sign_in_text import visible_text
from shared.domain.user_messages import (
    WORDINGS,
    StartedBy,
    UserMessage,
    error_message,
    failed_message,
    pending_message,
)
from shared.sign_in_settings import BANKID

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.person_signing_in import Refused, SignedIn, Waiting

USER_AGENT_CHARACTERS: Final = 256
"""BankID refuses a longer one."""


async def _bankid_is_on(request: Request) -> None:
    if BANKID not in container_of(request).settings.sign_in.providers:
        raise NotFoundError


IF_ON: Final = Depends(_bankid_is_on)

router = APIRouter(prefix="/api/v1/bankid", tags=["sign-in"], route_class=JsonRoute)

Flow = Annotated[str, Cookie(alias=FLOW_COOKIE, max_length=128, include_in_schema=False)]


class NewOrder(Strict):
    """How the app is reached: by a code on another device, or opened on this device, a computer or a mobile."""

    mode: Literal["qr", "same-device"] = "qr"
    device: Literal["computer", "mobile"] = "computer"

    def started_by(self) -> StartedBy:
        if self.mode == "qr":
            return StartedBy.QR
        return StartedBy.THIS_MOBILE if self.device == "mobile" else StartedBy.THIS_COMPUTER


class Returned(Strict):
    """What the app brought back, from the fragment of the return address."""

    nonce: Annotated[str, Field(max_length=128)]


class OrderView(BaseModel):
    """How a sign-in by BankID stands."""

    status: Literal["pending", "failed", "complete"]
    mode: Literal["qr", "same-device"] = "qr"
    hint_code: Annotated[str | None, Field(description="BankID's word, or one of ours such as `awaitingReturn`.")] = (
        None
    )
    message: Annotated[str | None, Field(description="Id of the user message: BankID's (RFA), or ours.")] = None
    message_sv: str | None = None
    message_en: str | None = None
    qr: Annotated[str | None, Field(description="The code to show during this second, if any.")] = None
    launch_url: Annotated[str | None, Field(description="Opens the app on this device, if it is there.")] = None
    session: SessionView | None = None

    @classmethod
    def of(cls, answer: "Waiting | Refused") -> "OrderView":
        from shared.services.person_signing_in import Waiting  # noqa: PLC0415  # comes with its service

        is_waiting = isinstance(answer, Waiting)
        words = pending_message if is_waiting else failed_message
        message: UserMessage = words(answer.hint_code, answer.started_by)
        return cls(
            status="pending" if is_waiting else "failed",
            mode=_mode_of(answer.started_by),
            hint_code=answer.hint_code,
            message=message.value,
            message_sv=WORDINGS[message].swedish,
            message_en=WORDINGS[message].english,
            qr=answer.qr if isinstance(answer, Waiting) else None,
            launch_url=answer.launch_url if isinstance(answer, Waiting) else None,
        )


def _mode_of(started_by: StartedBy) -> Literal["qr", "same-device"]:
    return "qr" if started_by is StartedBy.QR else SignInMode.SAME_DEVICE.value


@router.post("/orders", status_code=201, dependencies=[EVERYONE, IF_ON, STARTS])
async def bankid_start(
    request: Request,
    services: Services,
    response: Response,
    *,
    new: Annotated[NewOrder, Body()] = NewOrder(),  # noqa: B008 - frozen
) -> OrderView:
    """Begin a sign-in by BankID. An order that this browser had begun before ends.

    With a code, show what polling returns. On the same device, open `launch_url`; the app then opens
    `/portal#/sign-in/return/<nonce>`, and the page sends the nonce to `/api/v1/bankid/callback`.
    """
    settings = services.settings
    device = device_of(request) or new_token(services.random)
    order = OrderRequest(
        end_user_ip=client_address(request, settings.client_address_header),
        user_visible_text=visible_text(settings.sign_in.service_name),
        referring_domain=urlsplit(settings.public_url).hostname or "",
        user_agent=request.headers.get("user-agent", "unknown")[:USER_AGENT_CHARACTERS],
        device_identifier=token_hash(device),
    )
    try:
        started = await services.person_signing_in.start(
            order, new.started_by(), leaving=request.cookies.get(FLOW_COOKIE)
        )
    except ConflictError as fault:
        raise RequestRefusedError(
            TABLE[ConflictError], members={"message": error_message("alreadyInProgress").value}
        ) from fault
    except ElectronicIdError as fault:
        members = {"message": error_message(fault.code.value).value}
        raise RequestRefusedError(TABLE[ElectronicIdError], retry_after(fault), members=members) from fault
    response.set_cookie(
        FLOW_COOKIE, started.flow, max_age=started.seconds, path="/", secure=True, httponly=True, samesite="lax"
    )
    remember(response, device)
    return OrderView(status="pending", mode=_mode_of(started.started_by), launch_url=started.launch_url)


@router.get("/order", dependencies=[EVERYONE, IF_ON, POLLS])
async def bankid_poll(services: Services, response: Response, flow: Flow = "", previous: Previous = None) -> OrderView:
    """How the order of this browser stands. With a code, the answer to a complete one carries the session's cookie."""
    return _view(await services.person_signing_in.poll(flow, replacing=previous), services, response)


@router.post("/callback", dependencies=[EVERYONE, IF_ON, POLLS])
async def bankid_callback(
    returned: Returned,
    request: Request,
    services: Services,
    response: Response,
    *,
    flow: Flow = "",
    previous: Previous = None,
) -> OrderView:
    """The app has come back into this browser. While the answer is `pending`, ask again in two seconds.

    Only this answer carries the session's cookie of a sign-in on the same device. In another browser than the one that
    started, and with a nonce that was used, the problem is `other-browser`.
    """
    address = client_address(request, services.settings.client_address_header)
    answer = await services.person_signing_in.come_back(flow, returned.nonce, address, replacing=previous)
    return _view(answer, services, response)


@router.get(
    "/order/qr",
    dependencies=[EVERYONE, IF_ON, POLLS],
    response_class=Response,
    responses={200: {"description": "The image.", "content": {"image/svg+xml": {"schema": {}}}}},
)
async def bankid_qr(services: Services, flow: Flow = "") -> Response:
    """The code of this second as an SVG image."""
    frame = await services.person_signing_in.qr(flow)
    if frame is None:
        raise NotFoundError
    return Response(qr_svg(frame), media_type="image/svg+xml")


@router.delete("/order", status_code=204, dependencies=[EVERYONE, IF_ON, POLLS])
async def bankid_cancel(services: Services, response: Response, flow: Flow = "") -> None:
    """Give up the order of this browser."""
    await services.person_signing_in.cancel(flow)
    _forget_flow(response)


def _view(answer: "Waiting | Refused | SignedIn", services: "Container", response: Response) -> OrderView:
    from shared.services.person_signing_in import SignedIn  # noqa: PLC0415  # comes with its service

    if not isinstance(answer, SignedIn):
        return OrderView.of(answer)
    _forget_flow(response)
    session = set_session(response, services, answer.session)
    return OrderView(status="complete", mode=_mode_of(answer.started_by), session=session)


def _forget_flow(response: Response) -> None:
    response.delete_cookie(FLOW_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
