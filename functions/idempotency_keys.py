"""Requests that name themselves: ``Idempotency-Key``, so that whoever repeats one does nothing twice.

Source: draft-ietf-httpapi-idempotency-key-header. Without the header a request is done as it comes.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from functions.dependencies import container_of
from shared.domain.errors import InvalidInputError
from shared.domain.idempotency import MOST_KEY_CHARACTERS
from shared.domain.ids import ThreadId
from shared.domain.principals import Principal

IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"

_KEY: Final = re.compile(rf'(?P<quote>"?)(?P<key>[!#-\[\]-~]{{1,{MOST_KEY_CHARACTERS}}})(?P=quote)')
"""Visible ASCII, as a string of structured fields (RFC 9651) or, as most clients write it, without quotes."""

View = TypeVar("View", bound=BaseModel)


class Doing(Protocol):
    """``act`` is given the id of what it makes, or None where it makes one up, and gives a ``kind``."""

    async def __call__(
        self,
        principal: Principal,
        act: Callable[[str | None], Awaitable[View]],
        kind: type[View],
        *,
        thread: Callable[[str], ThreadId],
    ) -> View: ...


async def _once(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias=IDEMPOTENCY_KEY_HEADER,
            description="Any name of this request, up to 255 characters. Repeated, it gets the same answer for a day.",
        ),
    ] = None,
) -> Doing:
    async def do(
        principal: Principal,
        act: Callable[[str | None], Awaitable[View]],
        kind: type[View],
        *,
        thread: Callable[[str], ThreadId],
    ) -> View:
        from shared.services.idempotency import Named  # noqa: PLC0415  # comes with its service

        if key is None:
            return await act(None)
        found = _KEY.fullmatch(key)
        if found is None or len(request.headers.getlist(IDEMPOTENCY_KEY_HEADER)) != 1:
            raise InvalidInputError("idempotency-key")
        named = Named(
            route=request.scope["route"].name,
            key=found["key"],
            content=(request.url.path.encode(), await request.body()),
        )

        async def told(item: str) -> str:
            return (await act(item)).model_dump_json()

        answer = await container_of(request).idempotency.once(principal, named, told, thread=thread)
        return kind.model_validate_json(answer)

    return do


Once = Annotated[Doing, Depends(_once)]
