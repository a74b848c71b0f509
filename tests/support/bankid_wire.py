"""A BankID that answers as a test tells it, behind ``httpx.MockTransport``."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.adapters.bankid import BankIdClient
from shared.domain.client_certificates import ClientCertificate, TlsCredentials
from shared.domain.electronic_id import OrderRequest, SignRequest
from shared.domain.errors import PicError

REF = "131daac9-16c6-4618-beb0-365768f37288"
NUMBER = "199006022397"
STARTED = {
    "orderRef": REF,
    "autoStartToken": "7c40b5c9-fa74-49cf-b98c-bfe651f9a7c6",
    "qrStartToken": "67df3917-fa0d-44e5-b327-edcc928297f8",
    "qrStartSecret": "d28db9a7-4cde-429e-a983-359be676944c",
}
REQUEST = OrderRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="Logga in på portalen.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="device",
)

CREDENTIALS = TlsCredentials(
    root=b"",
    chain=b"",
    key=b"",
    certificate=ClientCertificate(fingerprint="ab" * 32, ends_at=datetime(2026, 6, 1, tzinfo=UTC)),
)

Reply = httpx.Response | Exception
Call = Callable[[BankIdClient], Awaitable[object]]


SIGNING = SignRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="Jag godkänner avtalet.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="device",
    user_non_visible_data=b"digest",
)


def start(client: BankIdClient) -> Awaitable[object]:
    return client.start(REQUEST)


def sign(client: BankIdClient) -> Awaitable[object]:
    return client.sign(SIGNING)


def collect(client: BankIdClient) -> Awaitable[object]:
    return client.collect(REF)


def cancel(client: BankIdClient) -> Awaitable[object]:
    return client.cancel(REF)


class ScriptedBankId:
    """Gives the replies in turn, the last one for ever, and remembers what it was sent."""

    def __init__(self, *replies: Reply | Callable[[], httpx.Response]) -> None:
        self.replies: Sequence[Reply | Callable[[], httpx.Response]] = replies
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self.credentials = CREDENTIALS
        self.setup_fault: PicError | None = None
        self.client = BankIdClient(
            base_url="https://bankid.example/rp/v6.0/",
            credentials=self._credentials,
            transport=httpx.MockTransport(self._handle),
            sleep=self._sleep,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply()

    async def _credentials(self) -> TlsCredentials:
        if self.setup_fault is not None:
            raise self.setup_fault
        return self.credentials

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def answer(content: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=content)


def refusal(status: int, code: str, details: str = f"Something about {NUMBER}") -> httpx.Response:
    return answer({"errorCode": code, "details": details}, status)


def completion(**changes: object) -> dict[str, object]:
    user = {"personalNumber": NUMBER, "name": "Åsa Öberg", "givenName": "Åsa", "surname": "Öberg"}
    device = {"ipAddress": "192.0.2.9", "uhi": "OZvYM9VvyiAmG7NA5jU5zqGcVpo="}
    members = {"user": user, "device": device, "signature": "PD94", "ocspResponse": "MIIE", "risk": "low", **changes}
    return {"orderRef": REF, "status": "complete", "completionData": members}


def without(content: dict[str, object], *path: str) -> dict[str, object]:
    copy: dict[str, Any] = json.loads(json.dumps(content))
    target = copy
    for name in path[:-1]:
        target = target[name]
    del target[path[-1]]
    return copy


def user(**changes: object) -> dict[str, object]:
    return {"personalNumber": NUMBER, "name": "Åsa Öberg", "givenName": "Åsa", "surname": "Öberg", **changes}
