"""``ElectronicId`` on BankID's RP API v6.0: five calls over mutual TLS. Source: BankID developers, "RP API v6.0".

Retried are connecting (nothing was sent yet), ``maintenance`` (BankID did nothing) and a collect that got no answer.
An order that may have been received is never sent again: that could make a second order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Final

import httpx

from shared.adapters.bankid_answers import (
    PROVIDER,
    Members,
    parse_collected,
    parse_object,
    parse_started,
)
from shared.adapters.bankid_refusals import is_maintenance, is_unknown_order, refusal
from shared.adapters.bankid_requests import auth_body, sign_body
from shared.adapters.tls_contexts import client_context
from shared.domain.assurance import Assurance
from shared.domain.client_certificates import ClientCertificate, TlsCredentials
from shared.domain.deadlines import current_deadline, deadline
from shared.domain.electronic_id import CollectOutcome, OrderRequest, SignRequest, StartedOrder
from shared.domain.errors import ElectronicIdError, ElectronicIdFault, NotFoundError

CONNECT_SECONDS: Final = 3.0
CONNECT_RETRIES: Final = 2
"""The test host is known to let about every third first handshake hang; a second try goes through."""

READ_SECONDS: Final = 10.0
CALL_SECONDS: Final = 18.0
"""For one call with all its attempts and waits, below the 20 s that every dependency is given."""

LEAVING_SECONDS: Final = 0.2
"""Kept of the time there is, so that a handshake that hangs ends by httpx's own limit: cancelled from outside, it
would leave its connection open."""

MAINTENANCE_WAITS: Final = (1.0, 2.0)
"""Seconds before each retry."""

COLLECT_RETRIES: Final = 1
ANSWER_BYTES: Final = 256 * 1024
"""A completed order is about 40 KiB."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    raw: bytes
    headers: Mapping[str, str]


class BankIdClient:
    """Orders at BankID.

    ``credentials`` gives the root that is trusted and our certificate, and is asked before each call: what it raises
    is raised here, and nothing is sent. With other ones than before, the client connects anew. ``transport`` takes
    the place of the network and of TLS; ``clock`` says which birthdays have been.
    """

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Callable[[], Awaitable[TlsCredentials]],
        assurance: Assurance = Assurance.LOA3,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._transport = transport
        self._sleep = sleep
        self._clock = clock
        self._assurance = assurance
        self._known_by: TlsCredentials | None = None
        self._http: httpx.AsyncClient | None = None

    async def start(self, request: OrderRequest) -> StartedOrder:
        return await self._begin("auth", auth_body(request))

    async def sign(self, request: SignRequest) -> StartedOrder:
        return await self._begin("sign", sign_body(request))

    async def collect(self, order_ref: str) -> CollectOutcome:
        answer = await self._post("collect", {"orderRef": order_ref}, read_retries=COLLECT_RETRIES)
        if answer.status == HTTPStatus.OK:
            return parse_collected(
                answer.raw, _members(answer), order_ref=order_ref, assurance=self._assurance, today=self._today()
            )
        if is_unknown_order(answer.status, answer.raw):
            raise NotFoundError
        raise refusal(answer.status, answer.raw, answer.headers)

    async def cancel(self, order_ref: str) -> None:
        answer = await self._post("cancel", {"orderRef": order_ref})
        if answer.status != HTTPStatus.OK and not is_unknown_order(answer.status, answer.raw):
            raise refusal(answer.status, answer.raw, answer.headers)

    async def ping(self) -> None:
        answer = await self._call(lambda: self._send("GET", "auth", None))
        # BankID's own sample asks like this: the certificate was accepted, and no order was created.
        if answer.status != HTTPStatus.METHOD_NOT_ALLOWED:
            raise refusal(answer.status, answer.raw, answer.headers)

    async def certificate(self) -> ClientCertificate:
        return (await self._credentials()).certificate

    async def close(self) -> None:
        """End the connections. The client is of no use afterwards."""
        if self._http is not None:
            await self._http.aclose()

    async def _begin(self, method: str, body: Members) -> StartedOrder:
        answer = await self._post(method, body)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer.status, answer.raw, answer.headers)
        return parse_started(_members(answer))

    def _today(self) -> date:
        return self._clock().date()

    async def _connected(self) -> httpx.AsyncClient:
        credentials = await self._credentials()
        if self._http is not None and credentials is self._known_by:
            return self._http
        before, self._known_by = self._http, credentials
        self._http = httpx.AsyncClient(
            base_url=self._base_url,
            transport=self._transport or _transport(credentials),
            # Compressed answers are refused, so that the cap on their size cannot be evaded.
            headers={"accept-encoding": "identity"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )
        # Last, because whoever waits lets others in: they find the new one.
        connected = self._http
        if before is not None:
            await before.aclose()
        return connected

    async def _post(self, method: str, body: Members, *, read_retries: int = 0) -> _Answer:
        async def attempt() -> _Answer:
            answer = await self._send("POST", method, body)
            for seconds in MAINTENANCE_WAITS:
                if not is_maintenance(answer.status, answer.raw):
                    break
                await self._sleep(seconds)
                answer = await self._send("POST", method, body)
            return answer

        return await self._call(attempt, read_retries=read_retries)

    async def _call(self, attempt: Callable[[], Awaitable[_Answer]], *, read_retries: int = 0) -> _Answer:
        """What ``attempt`` gives, within the time there is. Raises ``ElectronicIdError``."""
        seconds_left = _seconds_left()
        if seconds_left <= 0:
            raise ElectronicIdError(ElectronicIdFault.UNREACHABLE, PROVIDER, "no time left")
        try:
            with deadline(time.monotonic() + seconds_left):
                async with asyncio.timeout(seconds_left):
                    for _ in range(read_retries):
                        try:
                            return await attempt()
                        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                            continue
                    return await attempt()
        except (httpx.HTTPError, TimeoutError) as exc:
            raise ElectronicIdError(ElectronicIdFault.UNREACHABLE, PROVIDER) from exc

    async def _send(self, verb: str, method: str, body: Members | None) -> _Answer:
        for _ in range(CONNECT_RETRIES):
            try:
                return await self._exchange(verb, method, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                if "CERTIFICATE_VERIFY_FAILED" in str(exc) or _seconds_left() <= LEAVING_SECONDS:
                    raise
        return await self._exchange(verb, method, body)

    async def _exchange(self, verb: str, method: str, body: Members | None) -> _Answer:
        http = await self._connected()
        connect_seconds = max(min(CONNECT_SECONDS, _seconds_left() - LEAVING_SECONDS), 0)
        timeout = httpx.Timeout(READ_SECONDS, connect=connect_seconds)
        # `json=` sends exactly `application/json`: BankID answers 415 to a charset.
        async with http.stream(verb, method, json=body, timeout=timeout) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ElectronicIdError(ElectronicIdFault.UNFIT, PROVIDER, "content-encoding")
            raw = bytearray()
            async for piece in response.aiter_bytes():
                raw += piece
                if len(raw) > ANSWER_BYTES:
                    raise ElectronicIdError(ElectronicIdFault.UNFIT, PROVIDER, "length")
            return _Answer(response.status_code, bytes(raw), response.headers)


def _transport(credentials: TlsCredentials) -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(verify=client_context(credentials), http1=True, http2=False, trust_env=False)


def _seconds_left() -> float:
    outer = current_deadline()
    return CALL_SECONDS if outer is None else min(CALL_SECONDS, outer - time.monotonic())


def _members(answer: _Answer) -> Members:
    members = parse_object(answer.raw)
    if members is None:
        raise ElectronicIdError(ElectronicIdFault.UNFIT, PROVIDER, "body")
    return members
