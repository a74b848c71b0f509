"""Talking to a broker: bounded in size and time, over TLS with the system's roots, straight to it.

What is no answer is an ``ElectronicIdError``; an answer that cannot be one of a broker is a ``MisfitError``.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from shared.domain.brokers import Misfit, MisfitError
from shared.domain.deadlines import current_deadline
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.domain.ports import Json

CONNECT_SECONDS: Final = 3.0
CALL_SECONDS: Final = 6.0
"""For one call. Signing in takes three in a row, and two more when nothing is remembered."""

RESERVE_SECONDS: Final = 3.0
"""Of the request's time, kept for what follows: writing down how it ended, and the answer."""

ANSWER_BYTES: Final = 256 * 1024
"""An ID token with the e-ID's own signature in it is about 40 KiB."""

_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_FAULTS: Final = {
    HTTPStatus.UNAUTHORIZED: ElectronicIdFault.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: ElectronicIdFault.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS: ElectronicIdFault.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE: ElectronicIdFault.MAINTENANCE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``media_type`` is in lower case and without parameters."""

    status: int
    media_type: str
    raw: bytes

    def members(self) -> Mapping[str, Json]:
        """The JSON object that it is. Raises ``MisfitError``."""
        if self.media_type != "application/json":
            raise MisfitError(Misfit.FORM)
        return parse_object(self.raw)


class OidcHttp:
    """Calls to brokers. ``allows_http`` lets a loopback address do without TLS: on a laptop only."""

    def __init__(self, *, allows_http: bool) -> None:
        self._allows_http = allows_http
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._http = httpx.AsyncClient(
            verify=context,
            # Compressed answers are refused, so that the cap on their size cannot be evaded.
            headers={"accept-encoding": "identity", "accept": "application/json, application/jwt"},
            timeout=httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def permits(self, address: object) -> bool:
        """Whether ``address`` is one that may be called or sent to."""
        if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
            return False
        try:
            parts = urlsplit(address)
            # Both raise for what is none. Later it would be a fault of ours, and not an answer that is refused.
            _, _ = parts.port, httpx.URL(address).host
        except (ValueError, httpx.InvalidURL):
            return False
        if not parts.hostname or parts.username is not None or parts.fragment:
            return False
        return parts.scheme == "https" or (
            parts.scheme == "http" and self._allows_http and parts.hostname in _LOCAL_HOSTS
        )

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises ``ElectronicIdError``, ``MisfitError``."""
        return await self._call("GET", url, headers, None)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """As ``get``, with a form as the body."""
        return await self._call("POST", url, headers, form)

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def _call(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Mapping[str, str] | None
    ) -> Answer:
        left = seconds_left()
        if left <= 0:
            raise ElectronicIdError(ElectronicIdFault.UNREACHABLE, "no time left")
        try:
            async with asyncio.timeout(left):
                return await self._exchange(method, url, headers, form)
        except (httpx.HTTPError, TimeoutError) as exc:
            raise ElectronicIdError(ElectronicIdFault.UNREACHABLE) from exc

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Mapping[str, str] | None
    ) -> Answer:
        async with self._http.stream(method, url, headers=headers, data=form) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise MisfitError(Misfit.FORM)
            raw = bytearray()
            async for piece in response.aiter_bytes():
                raw += piece
                if len(raw) > ANSWER_BYTES:
                    raise MisfitError(Misfit.FORM)
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(response.status_code, media_type, bytes(raw))


def seconds_left() -> float:
    """For the next call: what the request at hand can spare, and no more than any call is given."""
    outer = current_deadline()
    return CALL_SECONDS if outer is None else min(CALL_SECONDS, outer - RESERVE_SECONDS - time.monotonic())


def refusal(status: int, provider: str) -> ElectronicIdError:
    """What a status other than success means."""
    kind = HTTPStatus.INTERNAL_SERVER_ERROR
    fault = ElectronicIdFault.INTERNAL if status >= kind else ElectronicIdFault.INVALID
    return ElectronicIdError(
        next((known for code, known in _FAULTS.items() if code == status), fault), provider, status
    )


def parse_object(raw: bytes | str) -> Mapping[str, Json]:
    """The JSON object, each name once: where two parsers could read it differently, it is refused.

    Raises ``MisfitError``.
    """
    try:
        parsed: Any = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MisfitError(Misfit.FORM) from None
    if not isinstance(parsed, dict):
        raise MisfitError(Misfit.FORM)
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> None:
    raise ValueError
