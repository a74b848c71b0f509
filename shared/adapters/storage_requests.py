"""Requests to Azure Storage with nothing around them but a signature, repeats and a connection of the shared pool.

For what is asked all the time: records and content. The vendor's clients put fifteen policies and generated code
around each request, which cost two thirds of its processor time (ADR 0019); what is rare stays with them. Waits,
budget and errors are those of ``retries``, whichever way a request takes.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from yarl import URL

from shared.adapters.connections import CONNECT_SECONDS, SILENCE_SECONDS, Connections
from shared.adapters.retries import Retries
from shared.adapters.storage_authorising import Authorising
from shared.domain.buffers import room_for
from shared.domain.ports import Taking

UNAUTHORISED: Final = 401
PARTIAL: Final = 206
_TIMEOUT: Final = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)

PIECE_BYTES: Final = 1024 * 1024
"""A longer body goes to the socket in pieces: in one, the loop would stand still, and what waits would be copied."""

PUT_BYTES: Final = range(1024 * 1024, 16 * 1024 * 1024)
"""Lengths of a body that is put in its place as it comes. A shorter one is as well collected; a longer one, which
nothing asks for, is not given its memory before it is there."""

Content = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    """By their names in any case."""
    body: bytes | bytearray = field(repr=False)


class StorageRequests:
    """Asks one service of one account. ``endpoint`` is where its paths begin, without a slash at the end."""

    def __init__(
        self, *, endpoint: str, authorising: Authorising, connections: Connections, budget_seconds: float
    ) -> None:
        self._endpoint = URL(endpoint)
        self._authorising = authorising
        self._connections = connections
        self._retries = Retries(budget_seconds=budget_seconds)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str],
        content: Content | None = None,
        begin: Callable[[], Taking] | None = None,
    ) -> Answer:
        """The answer to a request, repeated as ``Retries`` says; ``path`` and ``query`` are encoded already.

        With ``begin`` a part that was asked for (206) is handed over as ``Blobs.read_into`` says, not in the answer.
        Raises ``AzureError`` when there is no answer, or not all of it.
        """
        if content is not None:
            headers = {**headers, "Content-Length": str(memoryview(content).nbytes)}
        url = URL.build(
            scheme=self._endpoint.scheme,
            authority=self._endpoint.raw_authority,
            path=self._endpoint.raw_path.rstrip("/") + path,
            query_string=query,
            encoded=True,
        )

        async def attempt() -> Answer:
            answer = await self._attempt(method, url, headers, content, begin)
            if answer.status == UNAUTHORISED and self._authorising.forget():
                return await self._attempt(method, url, headers, content, begin)
            return answer

        return await self._retries.repeat(attempt, said=_said, let_go=_let_go)

    async def _attempt(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        content: Content | None,
        begin: Callable[[], Taking] | None,
    ) -> Answer:
        signed = await self._authorising.sign(method, url, headers)
        await self._connections.open()
        session = self._connections.session
        assert session is not None
        try:
            async with session.request(
                method,
                url,
                headers=signed,
                data=_data(content),
                skip_auto_headers=("Content-Type", "User-Agent"),
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as response:
                # Who goes away in mid-body hangs up: the end of this block closes what is not read to its end.
                if begin is None or response.status != PARTIAL:
                    return Answer(response.status, response.headers, await _read(response))
                await _hand_over(response, begin())
                return Answer(response.status, response.headers, b"")
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError) as exc:
            raise ServiceRequestError("no connection") from exc
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as exc:
            raise ServiceResponseError("no whole answer") from exc


async def _read(response: aiohttp.ClientResponse) -> bytes | bytearray:
    """The body. Collected and joined, as aiohttp does it, a long one is in memory twice for a moment."""
    length = response.content_length
    if length is None or length not in PUT_BYTES:
        return await response.read()
    body, at = bytearray(room_for(length)), 0
    while piece := await response.content.readany():
        body[at : at + len(piece)] = piece
        at += len(piece)
    del body[at:]  # The room beside it; and all, where a length is told and no body comes, as in the answer to HEAD.
    return body


async def _hand_over(response: aiohttp.ClientResponse, take: Taking) -> None:
    while piece := await response.content.readany():
        take(piece)


def _data(content: Content | None) -> bytes | AsyncIterator[memoryview] | None:
    if content is None or (isinstance(content, bytes) and len(content) < PIECE_BYTES):
        return content
    return _pieces(content)


async def _pieces(content: Content) -> AsyncIterator[memoryview]:
    view = memoryview(content).cast("B")
    for start in range(0, view.nbytes, PIECE_BYTES):
        yield view[start : start + PIECE_BYTES]


def _said(answer: Answer) -> tuple[int, Mapping[str, str]]:
    return answer.status, answer.headers


async def _let_go(_: Answer) -> None:
    """Nothing to do: it was read to its end."""
