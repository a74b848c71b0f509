"""``/app/?autostarttoken=...``: the app on the person's own device, which a link opens and which leads back.

Takes the place of ``https://app.bankid.com/`` and of ``bankid:///`` (there also with ``redirect``, which BankID has
deprecated: the order's ``returnUrl`` wins). Source: BankID RP API v6.0, "Autostart".
"""

import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from local.bankid.app_page_html import AppView, asking_html, returning_html, said_html
from local.bankid.lifecycle import Phase, StepError
from local.bankid.orders import Order, Orders
from local.bankid.page_requests import FormToken, page_headers, read_form
from local.bankid.personas import PERSONAS, Persona

_GONE = "This order is not there, or not any more. Go back to the browser and start again."


class AppPage:
    """Opening the page is what opens the app: from then on the order is in it."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._form_token = FormToken()
        self._chosen = next(iter(PERSONAS))

    @property
    def routes(self) -> list[Route]:
        return [Route("/app/", self._open, methods=["GET"]), Route("/app/", self._press, methods=["POST"])]

    async def _open(self, request: Request) -> Response:
        token, redirect = request.query_params.get("autostarttoken", ""), request.query_params.get("redirect", "")
        try:
            order = self._orders.started_by(token)
            if order.life.phase is Phase.WAITING:
                self._orders.autostart(order.ref, token)
                order = self._orders.find(order.ref)
        except KeyError:
            return _said(_GONE, HTTPStatus.NOT_FOUND)
        if not order.life.is_pending:
            return _said(_GONE, HTTPStatus.CONFLICT)
        return self._asking(order, token, redirect)

    async def _press(self, request: Request) -> Response:
        form = await read_form(request)
        if not self._form_token.came_with(request, form):
            return _said("This did not come from this page. Go back and try again.", HTTPStatus.FORBIDDEN)
        token, redirect = form.get("autostarttoken", ""), form.get("redirect", "")
        try:
            order = self._orders.started_by(token)
        except KeyError:
            return _said(_GONE, HTTPStatus.NOT_FOUND)
        persona = PERSONAS.get(form.get("persona", ""))
        if persona is None:
            return self._asking(order, token, redirect, "Pick a person.", HTTPStatus.BAD_REQUEST)
        self._chosen = persona.key
        try:
            self._act(order, persona, is_approved=form.get("action") == "approve")
        except StepError as fault:
            return self._asking(order, token, redirect, f"Not possible: {fault}.", HTTPStatus.CONFLICT)
        address = way_back(order.request.return_url, redirect)
        if address is None:
            return _said("Done. Go back to the browser.")
        nonce = secrets.token_urlsafe(16)
        is_shown = form.get("elsewhere") == "yes" or not is_web(address)
        return HTMLResponse(returning_html(address, nonce, is_followed=not is_shown), headers=page_headers(nonce))

    def _act(self, order: Order, persona: Persona, *, is_approved: bool) -> None:
        if is_approved:
            self._orders.approve(order.ref, persona)
        else:
            self._orders.fail(order.ref, "userCancel")

    def _asking(
        self, order: Order, token: str, redirect: str, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> Response:
        nonce = secrets.token_urlsafe(16)
        view = AppView(
            order=order,
            auto_start_token=token,
            redirect=redirect,
            form_token=self._form_token.value,
            chosen=self._chosen,
            nonce=nonce,
            fault=fault,
        )
        return HTMLResponse(asking_html(view), status, headers=page_headers(nonce))


def way_back(return_url: str | None, redirect: str) -> str | None:
    """Where the app sends the person: None leaves them in it. ``redirect`` may be the word ``null``."""
    return return_url or (redirect if redirect not in ("", "null") else None)


def is_web(address: str) -> bool:
    """Whether this browser can go there; the schemes of apps can only be shown."""
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return False


def _said(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(said_html(text, nonce), status, headers=page_headers(nonce))
