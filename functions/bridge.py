"""One ASGI application behind many handlers: runs it in a task and hands its answer on, streaming both ways.

A handler (a Starlette request in, a response out) is what the Functions runtime and the local host call; an ASGI
application wants to receive and send by itself. So the application runs in a task of its own. The handler returns as
soon as the first piece of the answer exists; from then on the application's task writes straight to the server,
without a queue between: one chunk is in flight, and the server's back-pressure is the application's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from starlette import requests, responses
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.faults import invocation_of, neutral_answer, report_http

Handler = Callable[[requests.Request], Awaitable[responses.Response]]

OPENING_SECONDS = 30.0
"""How long an answer waits for the server to take it before its task gives up; else a dropped answer would leak."""

_SCOPE_KEYS = frozenset(
    {"type", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path", "headers"}
    | {"client", "server"}
)  # and nothing of the routing, state or extensions of whoever received the request
_BODYLESS = frozenset({204, 304})  # RFC 9110 section 6.4.1, with HEAD


class BrokenAnswerError(Exception):
    """The application failed after its answer began: the server must cut the connection, not end the answer."""


class _UnfinishedError(Exception):
    """The application returned without completing an answer."""


class _InformationalError(Exception):
    """The application sent a 1xx status, which ASGI has no place for."""


class Inlet:
    """What the client sends. Shared by the application and by whoever watches for the client's leaving."""

    def __init__(self, receive: Receive) -> None:
        self.has_left = False
        self._receive = receive
        self._unread: deque[Message] = deque()
        self._ahead: asyncio.Future[Message] | None = None
        self._taken = asyncio.Event()

    async def receive(self) -> Message:
        """The application's own ``receive``."""
        while True:
            if self._unread:
                self._taken.set()
                return self._unread.popleft()
            if (ahead := self._ahead) is None:
                return self._seen(await self._receive())
            await asyncio.wait({ahead})
            self._file(ahead)

    async def until_left(self) -> None:
        """Return once the client has left. Reads at most one message of content ahead of the application."""
        while True:
            if self._ahead is None:
                self._ahead = asyncio.ensure_future(self._receive())
            ahead = self._ahead
            await asyncio.wait({ahead})
            self._file(ahead)
            message = ahead.result()
            if self.has_left:
                return
            if message.get("more_body", False):
                while self._unread:
                    self._taken.clear()
                    await self._taken.wait()

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()

    def _file(self, ahead: "asyncio.Future[Message]") -> None:
        if self._ahead is ahead:  # both readers may have waited for it; it is one message
            self._ahead = None
            self._unread.append(self._seen(ahead.result()))

    def _seen(self, message: Message) -> Message:
        self.has_left = self.has_left or message["type"] == "http.disconnect"
        return message


class Outlet:
    """What the application sends."""

    def __init__(self, method: str, opening_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[bool] = loop.create_future()
        self.is_complete = False
        self.has_refused = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._is_bodyless = method == "HEAD"
        self._opening_seconds = opening_seconds
        self._taken: asyncio.Future[tuple[Send, Message]] = loop.create_future()
        self._send: Send | None = None

    async def send(self, message: Message) -> None:
        """The application's own ``send``. Raises: OSError when nobody reads on (ASGI HTTP 2.4)."""
        send = self._send
        if send is None:
            await self._begin(message)
            return
        if self.is_complete:
            self.has_refused = True
            raise OSError
        if message["type"] != "http.response.body":
            raise _UnfinishedError
        self.is_complete = not message.get("more_body", False)
        await send(message)

    def connect(self, send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Let the application write to ``send``, beginning with this status and these headers."""
        if not self._taken.done():  # else its task has given up already
            self._taken.set_result((send, {"type": "http.response.start", "status": status, "headers": headers}))

    def end(self) -> None:
        """The application's task is over; whoever waits for an answer to begin waits in vain."""
        if not self.begun.done():
            self.begun.set_result(False)

    async def _begin(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._keep(message["status"], message.get("headers", ()))
            return
        # ASGI HTTP, Response Start: nothing goes out before the first piece of the body is there. A fault between
        # the two is still an honest 500.
        if not self.status:
            raise _UnfinishedError
        if self._is_bodyless:
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        self.is_complete = not message.get("more_body", False)
        if not self.begun.done():
            self.begun.set_result(True)
        try:
            async with asyncio.timeout(self._opening_seconds):
                self._send, start = await self._taken
        except TimeoutError:
            self.is_complete = False
            raise
        await self._send(start)
        await self._send(message)

    def _keep(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if status < 200:  # noqa: PLR2004  # 1xx, RFC 9110 section 15.2
            raise _InformationalError
        self.status = status
        self.headers = list(headers)
        self._is_bodyless = self._is_bodyless or status in _BODYLESS
        if status == 204:  # noqa: PLR2004  # no Content-Length with it, RFC 9110 section 8.6
            unwanted = {b"content-length", b"transfer-encoding"}
            self.headers = [(name, value) for name, value in self.headers if name.lower() not in unwanted]


class Answer(responses.Response):
    """An answer that has begun, and the task that is still writing it."""

    def __init__(self, inlet: Inlet, outlet: Outlet, task: "asyncio.Task[Exception | None]", invocation: str) -> None:
        self.status_code = outlet.status
        self.raw_headers = outlet.headers
        self.body = b""
        self.background = None
        self._inlet, self._outlet, self._task, self._invocation = inlet, outlet, task, invocation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # Response's signature
        """Send the answer, to its end or until the client leaves. Raises: BrokenAnswerError."""
        outlet, task = self._outlet, self._task
        is_stopped = False
        watch = None if outlet.is_complete else asyncio.create_task(self._inlet.until_left())
        outlet.connect(send, self.status_code, self.raw_headers)
        try:
            if watch is not None:
                await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
                if not task.done() and not outlet.is_complete:  # a server reports a finished answer as a disconnect
                    is_stopped = task.cancel()
            await asyncio.wait({task})  # clean-up and background work of the application end before the call does
        finally:
            self._inlet.close()
            if watch is not None:
                watch.cancel()
            await _stop(task)
        fault = _fault_of(task)
        if fault is None and not outlet.is_complete:
            fault = _UnfinishedError()
        if fault is None or is_stopped or _is_leaving(fault, self._inlet, outlet):
            return
        report_http(fault, self._invocation)
        if not outlet.is_complete:
            raise BrokenAnswerError


def bridge(api: ASGIApp, *, opening_seconds: float = OPENING_SECONDS) -> Handler:
    """A handler that answers with what ``api`` answers. Never raises what ``api`` raised: that may quote input.

    Until the answer begins, a client that leaves is seen only by an application that reads: whatever it has begun to
    change, it finishes. From then on its leaving cancels the application.
    """

    async def handle(req: requests.Request) -> responses.Response:
        inlet, outlet = Inlet(req.receive), Outlet(req.method, opening_seconds)
        task = asyncio.create_task(_run(api, _scope_of(req), inlet, outlet))
        try:
            has_begun = await outlet.begun
        except asyncio.CancelledError:
            await _stop(task)
            raise
        invocation = invocation_of(req.headers)
        if has_begun:
            return Answer(inlet, outlet, task, invocation)
        fault = _fault_of(task) or _UnfinishedError()
        if _is_leaving(fault, inlet, outlet):
            return responses.Response(status_code=400)  # nobody is there to read it
        report_http(fault, invocation)
        return neutral_answer()

    return handle


def _scope_of(request: requests.Request) -> Scope:
    scope = {key: request.scope[key] for key in _SCOPE_KEYS if key in request.scope}
    # 2.4: `send` raises OSError once nobody reads, so the application need not listen on `receive` beside us.
    scope["asgi"] = {"version": "3.0", "spec_version": "2.4"}
    return scope


async def _run(api: ASGIApp, scope: Scope, inlet: Inlet, outlet: Outlet) -> Exception | None:
    try:
        await api(scope, inlet.receive, outlet.send)
    except Exception as fault:  # noqa: BLE001  # any fault of the application: it is judged by whoever awaits this task
        return fault
    finally:
        outlet.end()
    return None


async def _stop(task: "asyncio.Task[Exception | None]") -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


def _fault_of(task: "asyncio.Task[Exception | None]") -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.result()


def _is_leaving(fault: BaseException, inlet: Inlet, outlet: Outlet) -> bool:
    # Starlette takes every OSError of a stream's producer, a timeout of a store as well, for a client that left.
    return isinstance(fault, requests.ClientDisconnect) and (inlet.has_left or outlet.has_refused)
