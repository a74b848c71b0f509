"""The page where a developer plays the person: pick an order and a test person, approve or cancel.

Who may press its buttons is in ``local.bankid.page_requests``.
"""

import hashlib
import secrets
from collections import deque
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from local.bankid.clock import Clock
from local.bankid.lifecycle import Phase, StepError
from local.bankid.orders import Orders
from local.bankid.page_html import PageView, page_html
from local.bankid.page_requests import FormToken, page_headers, read_form
from local.bankid.personas import PERSONAS, Persona

PAST = 5
"""How many of the last actions the page tells of."""


class Page:
    """The page with what it remembers: the person chosen last and what was done."""

    def __init__(self, orders: Orders, clock: Clock) -> None:
        self._orders = orders
        self._clock = clock
        self._form_token = FormToken()
        self._past: deque[str] = deque(maxlen=PAST)
        self._done = 0
        self._chosen = next(iter(PERSONAS))

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/version", self._tell_version, methods=["GET"]),
            Route("/orders/{ref}", self._act, methods=["POST"]),
        ]

    async def _show(self, _: Request) -> Response:
        return self._page()

    async def _tell_version(self, _: Request) -> Response:
        return PlainTextResponse(self._version(), headers={"Cache-Control": "no-store"})

    async def _act(self, request: Request) -> Response:
        form = await read_form(request)
        if not self._form_token.came_with(request, form):
            return self._page("This did not come from this page. Try again.", HTTPStatus.FORBIDDEN)
        persona = PERSONAS.get(form.get("persona", ""))
        if persona is None:
            return self._page("Pick a person.", HTTPStatus.BAD_REQUEST)
        self._chosen = persona.key
        try:
            self._press(request.path_params["ref"], form.get("action", ""), persona)
        except KeyError:
            return self._page("The order is gone.", HTTPStatus.NOT_FOUND)
        except StepError as fault:
            return self._page(f"Not possible: {fault}.", HTTPStatus.CONFLICT)
        # After a POST the browser is sent to a GET, so that reloading presses nothing again.
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

    def _press(self, ref: str, action: str, persona: Persona) -> None:
        order = self._orders.find(ref)
        if order.life.phase is Phase.WAITING:
            # An order with an address to return to was started on the person's own device.
            if order.request.endpoint.is_by_number:
                self._orders.receive(ref, persona)
            elif order.request.return_url is not None:
                self._orders.autostart(ref, order.auto_start_token, persona)
            else:
                self._orders.scan(ref, order.frame(self._clock()), persona)
        if action == "approve":
            self._orders.approve(ref, persona)
        else:
            self._orders.fail(ref, "userCancel")
        life = self._orders.find(ref).life
        result = "approved" if life.phase is Phase.COMPLETE else f"ended with {life.hint_code}"
        self._past.appendleft(f"{self._clock():%H:%M:%S} UTC {persona.name}: {result}")
        self._done += 1

    def _page(self, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
        nonce = secrets.token_urlsafe(16)
        view = PageView(
            orders=self._orders.alive(),
            past=list(self._past),
            version=self._version(),
            form_token=self._form_token.value,
            chosen=self._chosen,
            nonce=nonce,
            fault=fault,
        )
        return HTMLResponse(page_html(view), status, headers=page_headers(nonce))

    def _version(self) -> str:
        """Changes with whatever the page shows."""
        seen = [f"{order.ref} {order.life.phase} {order.life.hint_code}" for order in self._orders.alive()]
        return hashlib.sha256(repr((self._form_token.value, self._done, seen)).encode()).hexdigest()[:16]
