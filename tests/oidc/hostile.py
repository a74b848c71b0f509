"""A broker that lies: an OpenID provider on loopback that signs and answers whatever a test tells it to."""

import asyncio
import base64
import contextlib
import hashlib
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.oidc.brokers import NAMES, PERSON

Answer = Callable[[Request], Awaitable[Response]]

CLIENT = "portal"
ACR = "urn:grn:authn:se:bankid"
ACCESS_TOKEN = "an-access-token"
DISCOVERY, JWKS, TOKEN, USERINFO, PUSHED = "/.well-known/openid-configuration", "/jwks", "/token", "/userinfo", "/par"

KEY = RSAKey.generate_key(2048)
OTHER_KEY = RSAKey.generate_key(2048)


def part(value: object) -> str:
    """One part of a JWT."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public(key: RSAKey, **members: str) -> dict[str, Any]:
    """The key as it is published."""
    return {**key.as_dict(private=False), "kid": "first", "use": "sig", "alg": "RS256", **members}


class Hostile:
    """Honest until told otherwise: ``instead`` answers in place of a path, ``claims`` change what is signed.

    ``padding`` is how many bytes more the JSON of a path has. A claim that is ``...`` is left out. ``token`` and ``userinfo`` are sent as they are, when they are set.
    """

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.now: Callable[[], datetime] = lambda: datetime.max.replace(tzinfo=UTC)
        self.nonce = ""
        self.keys: list[dict[str, Any]] = [public(KEY)]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.key = KEY
        self.token: str | None = None
        self.about: dict[str, Any] = {}
        self.userinfo: str | None = None
        self.instead: dict[str, Answer] = {}
        self.padding: dict[str, int] = {}
        self.asked: Counter[str] = Counter()
        self.forms: list[dict[str, str]] = []
        routes = [Route(path, self._answer, methods=["GET", "POST"]) for path in self._honest()]
        self.app = Starlette(routes=routes)

    def stated(self) -> dict[str, Any]:
        """The claims of the ID token."""
        now = int(self.now().timestamp())
        half = hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "somebody",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": self.nonce,
            "acr": ACR,
            "at_hash": part(half),
            "ssn": PERSON,
            **NAMES,
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not ...}

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """A JWT by the key of this broker, or by another."""
        header = {"alg": "RS256", "kid": "first", **self.header}
        return jwt.encode(
            {k: v for k, v in header.items() if v is not ...}, claims, key or self.key, ["RS256", "PS256"]
        )

    def _honest(self) -> dict[str, Answer]:
        return {
            DISCOVERY: self._discovery,
            JWKS: self._jwks,
            TOKEN: self._token,
            USERINFO: self._userinfo,
            PUSHED: self._pushed,
        }

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked[path] += 1
        answer = await self.instead.get(path, self._honest()[path])(request)
        padding = self.padding.get(path)
        return answer if padding is None else JSONResponse({**json.loads(bytes(answer.body)), "padding": "x" * padding})

    async def _discovery(self, _: Request) -> Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": self.issuer + TOKEN,
            "jwks_uri": self.issuer + JWKS,
            "userinfo_endpoint": self.issuer + USERINFO,
            **self.metadata,
        }
        return JSONResponse(document)

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": self.keys})

    async def _token(self, request: Request) -> Response:
        self.forms.append(dict(parse_qsl((await request.body()).decode())))
        token = self.token or self.signed(self.stated())
        return JSONResponse({"id_token": token, "access_token": ACCESS_TOKEN, "token_type": "Bearer"})

    async def _userinfo(self, _: Request) -> Response:
        if self.userinfo is not None:
            return Response(self.userinfo, media_type="application/jwt")
        return JSONResponse({"sub": "somebody", **self.about})

    async def _pushed(self, request: Request) -> Response:
        self.forms.append(dict(parse_qsl((await request.body()).decode())))
        return JSONResponse({"request_uri": "urn:request:1", "expires_in": 60}, status_code=201)


LyingProvider = TypeVar("LyingProvider", bound=Hostile)


@asynccontextmanager
async def listening(kind: type[LyingProvider]) -> AsyncIterator[LyingProvider]:
    """One that listens. Requests that hang in it are let go at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        broker = kind(listening.getsockname()[1])
        config = uvicorn.Config(broker.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listening]))
        try:
            yield broker
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    """A broker that listens."""
    async with listening(Hostile) as broker:
        yield broker


async def hang(_: Request) -> Response:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def flood(_: Request) -> Response:
    """One object, larger than any answer may be."""
    return JSONResponse({"issuer": "x" * 300 * 1024})


async def page(_: Request) -> Response:
    """HTML, as from a proxy that is in the way."""
    return Response("<html>all is well</html>", media_type="text/html")


async def twice(_: Request) -> Response:
    """JSON that two parsers read differently."""
    return Response('{"issuer": "a", "issuer": "b", "keys": [], "keys": []}', media_type="application/json")


async def deep(_: Request) -> Response:
    """JSON of a depth that no parser of ours can follow."""
    return Response("[" * 100_000 + "]" * 100_000, media_type="application/json")


async def elsewhere(_: Request) -> Response:
    """A redirect to where we must not go."""
    return Response(status_code=302, headers={"location": "http://127.0.0.1:9/"})


async def broken(_: Request) -> Response:
    """A fault of the broker."""
    return Response("{", status_code=500, media_type="application/json")
