"""Handlers on azure.functions.HttpRequest and HttpResponse, which know no streams: the body is read whole."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import azure.functions
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from local.host.exchange import header


async def read_request(
    scope: Scope, receive: Receive, route_parameters: Mapping[str, str]
) -> azure.functions.HttpRequest:
    """Read a request to its end.

    Raises:
        ClientDisconnect: The body did not come to its end, or was refused on the way.
    """
    body = bytearray()
    is_last = False
    while not is_last:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        is_last = not message.get("more_body", False)
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{text}" if name in headers else text
    query = scope["query_string"].decode("latin-1")
    address = f"{scope['scheme']}://{header(scope, b'host') or 'localhost'}{scope['raw_path'].decode('latin-1')}"
    return azure.functions.HttpRequest(
        scope["method"],
        f"{address}?{query}" if query else address,
        headers=headers,
        params=dict(parse_qsl(query, keep_blank_values=True)),
        route_params=route_parameters,
        body=bytes(body),
    )


def to_response(result: object) -> Response | None:
    """The answer of a classic handler as Starlette has it; None when it is not an answer."""
    if isinstance(result, str):
        return Response(result, media_type="text/plain")
    if not isinstance(result, azure.functions.HttpResponse):
        return None
    response = Response(result.get_body(), status_code=result.status_code)
    response.raw_headers += [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in result.headers.items()
        if name.lower() != "content-length"
    ]
    if "content-type" not in response.headers:
        response.headers["content-type"] = f"{result.mimetype}; charset={result.charset}"
    return response
