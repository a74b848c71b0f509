"""JSON bodies as strictly as this service reads them: one type, one encoding, each name once.

Where two parsers on the way read a body differently, the one that checks is not the one that acts. So what RFC 8259
leaves open (section 4: a name that stands twice) or does not know (``NaN``, UTF-16) is refused, not interpreted.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from functions.problems import UNSUPPORTED_TYPE, RequestRefusedError


class StrictRequest(Request):
    """A request whose ``json`` raises ``ValueError`` or ``RecursionError`` for what is not strictly JSON."""

    async def json(self) -> Any:
        return json.loads((await self.body()).decode(), object_pairs_hook=_once, parse_constant=_refuse)


class JsonRoute(APIRoute):
    """A route whose body, if it has one, is ``application/json`` and nothing else (415).

    Where the body may be left out, a request without one needs no type.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if self._reads_body(request) and kind != "application/json":
                raise RequestRefusedError(UNSUPPORTED_TYPE)
            return await answer(StrictRequest(request.scope, request.receive))

        return handle

    def _reads_body(self, request: Request) -> bool:
        if self.body_field is None:
            return False
        has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
        return has_body or self.body_field.field_info.is_required()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")
