"""The HTTP side: a page for people, JSON for programs, and a switch that makes the SMTP side refuse.

::

    GET    /             the page
    GET    /mails        {"mails": [...]}, newest first
    GET    /mails/{id}   one, with its source as "raw"
    DELETE /mails        empties it
    PUT    /refusals     {"reply": "550 5.1.1 No such mailbox", "count": 2, "step": "recipient"}
"""

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.mail.pages import STYLE, overview
from local.mail.smtp import Refusals, Step
from local.mail.store import CaughtMail, MailStore

_POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"


def make_application(store: MailStore, refusals: Refusals) -> Starlette:
    """The routes above."""

    async def page(request: Request) -> Response:
        mails = await asyncio.to_thread(store.newest_first)
        address = str(request.base_url).rstrip("/")
        return HTMLResponse(overview(mails, address), headers={"Content-Security-Policy": _POLICY})

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    async def list_mails(_: Request) -> Response:
        return JSONResponse({"mails": [_as_json(mail) for mail in await asyncio.to_thread(store.newest_first)]})

    async def read_mail(request: Request) -> Response:
        mail = await asyncio.to_thread(store.find, request.path_params["id"])
        if mail is None:
            return JSONResponse({"error": "no such mail"}, status_code=404)
        return JSONResponse(_as_json(mail) | {"raw": mail.raw.decode(errors="replace")})

    async def delete_mails(_: Request) -> Response:
        await asyncio.to_thread(store.clear)
        return Response(status_code=204)

    async def refuse(request: Request) -> Response:
        try:
            wanted = json.loads(await request.body())
            refusals.set(reply=str(wanted["reply"]), count=int(wanted["count"]), step=Step(wanted["step"]))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "reply, count and step"}, status_code=400)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/style.css", style),
            Route("/mails", list_mails),
            Route("/mails", delete_mails, methods=["DELETE"]),
            Route("/mails/{id}", read_mail),
            Route("/refusals", refuse, methods=["PUT"]),
        ],
        # A web page elsewhere that points its own name at 127.0.0.1 must not read the mails.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


def _as_json(mail: CaughtMail) -> dict[str, Any]:
    message = mail.message
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "to": list(mail.recipients),
        "from": str(message["From"] or ""),
        "subject": str(message["Subject"] or ""),
        "message_id": str(message["Message-ID"] or ""),
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": mail.text,
    }
