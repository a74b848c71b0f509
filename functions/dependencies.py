"""What routes declare: who may call them, and where the services are.

Every route has exactly one ``Allowing``; there is no default. A test walks all routes and fails on a missing or an
unexpected one.
"""

import ipaddress
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request
from fastapi.routing import RouteContext
from starlette.requests import ClientDisconnect

from functions.bearers import bearer_of, client_of
from functions.problems import FORGED, NO_ADDRESS, RequestRefusedError
from functions.request_context import answering, has_arrived
from shared.container import Container
from shared.crypto.tokens import csrf_token, equal
from shared.domain.devices import device_words
from shared.domain.errors import (
    NotAllowedError,
    NotSignedInError,
    ScopeMissingError,
    SecondFactorRequiredError,
    SourceCutError,
    StepUpRequiredError,
)
from shared.domain.places import Place
from shared.domain.principals import ApiClient, Person, Principal, Role, SessionHolder, Staff, UnitSide
from shared.domain.scopes import Scope
from shared.domain.sign_in_methods import is_fresh

SESSION_COOKIE: Final = "__Host-session"
FLOW_COOKIE: Final = "__Host-bankid"
REDIRECT_COOKIE: Final = "__Host-oidc"
STEP_COOKIE: Final = "__Host-second-step"
"""A sign-in of staff that is half done. It opens no route but those that end it."""
PASSKEY_COOKIE: Final = "__Host-passkey"
"""Which challenge this browser was given for an authenticator."""
CSRF_HEADER: Final = "X-CSRF-Token"
LOOPBACK: Final = "127.0.0.1"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def container_of(request: Request) -> Container:
    """The composition root of this application."""
    container: Container = request.app.state.container
    return container


async def services_of(request: Request) -> Container:
    """``container_of`` as a dependency: a plain function would cost each request a trip through the thread pool."""
    return container_of(request)


Beside: TypeAlias = Callable[[Mapping[str, str]], Sequence[Place]]


class Allowing:
    """Lets these kinds of principals call a route; without kinds, everyone, signed in or not.

    Of staff only those with one of ``roles``. ``fresh``: only minutes after they proved who they are, for acts that
    change who can do what. ``unfinished``: also while they still have to set up a second factor, which nothing else
    lets through. ``beside``: which records the route will look at, by the parameters of its path: they are fetched at
    the same time as the session, and decide nothing earlier than they would. ``scope``: also API clients with that one;
    without it no client may.

    Unsafe methods must come from our own pages: the browser's word for it (``Origin``, ``Sec-Fetch-Site``) where
    there is one, and with a session the token that only our pages know (``X-CSRF-Token``).
    """

    def __init__(
        self,
        *kinds: type[SessionHolder],
        roles: Collection[Role] = tuple(Role),
        fresh: bool = False,
        unfinished: bool = False,
        scope: Scope | None = None,
        beside: Beside = lambda _: (),
    ) -> None:
        self.kinds = kinds
        self.roles = roles
        self.fresh = fresh
        self.unfinished = unfinished
        self.scope = scope
        self.beside = beside

    async def __call__(self, request: Request) -> Principal | None:
        container = container_of(request)
        if request.method not in SAFE_METHODS:
            _refuse_foreign_pages(request, container.settings.public_url)
        if not self.kinds:
            return None
        bearer = bearer_of(request)
        if bearer is not None:
            client = await client_of(request, container, bearer)
            request.state.principal = client
            return self._checked_client(client)
        token = request.cookies.get(SESSION_COOKIE)
        if not token:
            raise NotSignedInError
        with answering(request):
            container.anticipating.begin(token, self.beside(request.path_params))
            principal = await container.sessions.principal_of(token)
        container.anticipating.note(token, principal)
        request.state.principal = principal
        if request.method not in SAFE_METHODS:
            sent = request.headers.get(CSRF_HEADER, "")
            if not equal(sent, csrf_token(token)):
                raise RequestRefusedError(FORGED)
        if not isinstance(principal, self.kinds):
            raise NotAllowedError
        if isinstance(principal, Staff):
            self._check_staff(principal, container.clock())
        return principal

    def _checked_client(self, client: ApiClient) -> ApiClient:
        """What no scope opens, no client may; what one does, it may once it has that."""
        if self.scope is None:
            raise NotAllowedError
        if self.scope not in client.scopes:
            raise ScopeMissingError(self.scope)
        return client

    def _check_staff(self, staff: Staff, now: datetime) -> None:
        """First what can never be, then what they can do something about."""
        if staff.role not in self.roles:
            raise NotAllowedError
        if staff.is_unfinished and not self.unfinished:
            raise SecondFactorRequiredError
        if self.fresh and not is_fresh(staff.verified_at, now=now):
            raise StepUpRequiredError


def _refuse_foreign_pages(request: Request, public_url: str) -> None:
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    if (origin is not None and origin != public_url) or site not in {"same-origin", "none"}:
        raise RequestRefusedError(FORGED)


def allowings_of(route: RouteContext) -> list[Allowing]:
    """What a route declares of who may call it, wherever in its dependencies."""
    found: list[Allowing] = []
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found += [dependant.call] if isinstance(dependant.call, Allowing) else []
        waiting += dependant.dependencies
    return found


EVERYONE: Final = Depends(Allowing())


async def _device_of(request: Request) -> str:
    return device_words(request.headers.get("user-agent", ""))


Services = Annotated[Container, Depends(services_of)]
SignedInStaff = Annotated[Staff, Depends(Allowing(Staff))]
SignedInPerson = Annotated[Person, Depends(Allowing(Person))]
SignedIn = Annotated[SessionHolder, Depends(Allowing(Staff, Person))]
ThreadReader = Annotated[Principal, Depends(Allowing(Staff, Person, scope=Scope.THREADS_READ))]
UnitReader = Annotated[UnitSide, Depends(Allowing(Staff, scope=Scope.THREADS_READ))]
ThreadOpener = Annotated[UnitSide, Depends(Allowing(Staff, scope=Scope.THREADS_WRITE))]
Sender = Annotated[Principal, Depends(Allowing(Staff, Person, scope=Scope.MESSAGES_SEND))]
MessageReader = Annotated[Principal, Depends(Allowing(Staff, Person, scope=Scope.MESSAGES_READ))]
MessageDeleter = Annotated[Principal, Depends(Allowing(Staff, Person, scope=Scope.MESSAGES_DELETE))]
SignedInUnfinished = Annotated[SessionHolder, Depends(Allowing(Staff, Person, unfinished=True))]
SignedInAdmin = Annotated[Staff, Depends(Allowing(Staff, roles={Role.ADMIN}))]
FreshAdmin = Annotated[Staff, Depends(Allowing(Staff, roles={Role.ADMIN}, fresh=True))]
LogReader = Annotated[Staff, Depends(Allowing(Staff, roles={Role.ADMIN, Role.AUDITOR}))]
Device = Annotated[str, Depends(_device_of)]
"""What the session that a request raises will be known by to its owner."""


def client_address(request: Request, header: str | None) -> str:
    """The address of the client's device: from the gateway's header where there is a gateway, else the peer.

    The last entry of the last such header counts, because whatever stands before it was sent by the client.
    Application Gateway adds the port; an IPv6 address then stands in brackets. Raises ``RequestRefusedError`` when the
    gateway's header is configured and holds no address: the peer is then the platform's own front end.
    """
    stated = ",".join(request.headers.getlist(header)) if header else ""
    last = stated.rpartition(",")[2].strip()
    if last.startswith("["):
        host, closing, _ = last[1:].partition("]")
        host = host if closing else ""
    else:
        host = last.rpartition(":")[0] if last.count(":") == 1 else last
    try:
        address = ipaddress.ip_address(host)
    except ValueError as fault:
        if header:
            raise RequestRefusedError(NO_ADDRESS) from fault
        return request.client.host if request.client else LOOPBACK
    if isinstance(address, ipaddress.IPv6Address):
        # A zone (RFC 4007) means nothing to anyone else, and may hold any text.
        return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address)))
    return str(address)


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. The time for the answer begins with its end.

    Raises ``SourceCutError`` when the client goes away before that, ``OutOfTimeError`` when it takes too long.
    """
    try:
        async for data in request.stream():
            if data:
                yield data
    except ClientDisconnect as fault:
        raise SourceCutError from fault
    has_arrived(request)
