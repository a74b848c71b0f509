"""An answer of the RP API as a whole: taken from the application, perhaps changed, then sent."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = "application/json"
Members = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RpAnswer:
    """Status, headers without the length, and body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def of(cls, status: HTTPStatus, content: object, headers: tuple[tuple[str, str], ...] = ()) -> "RpAnswer":
        """JSON."""
        return cls(status=status, headers=(("content-type", JSON), *headers), body=_written(content))

    @property
    def members(self) -> Members | None:
        """Of a JSON object with status 200; None for all else."""
        if self.status != HTTPStatus.OK:
            return None
        content = json.loads(self.body)
        return content if isinstance(content, dict) else None

    def saying(self, content: object) -> "RpAnswer":
        """The same with other JSON."""
        return replace(self, body=_written(content))

    def dated(self, date: str) -> "RpAnswer":
        return replace(self, headers=(*self.headers, ("date", date)))

    async def send(self, send: Send, *, length: int | None = None) -> None:
        """All of it, or with ``length`` only so many bytes of what it says it is."""
        whole = str(len(self.body))
        names = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in self.headers]
        headers = [*names, (b"content-length", whole.encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:length], "more_body": length is not None})


async def ask(application: ASGIApp, scope: Scope, receive: Receive) -> RpAnswer:
    """What ``application`` answers, before anybody hears it."""
    heads: list[Message] = []
    body = bytearray()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            heads.append(message)
        else:
            body.extend(message.get("body", b""))

    await application(scope, receive, send)
    (head,) = heads
    headers = ((name.decode("latin-1"), text.decode("latin-1")) for name, text in head["headers"])
    kept = tuple((name, text) for name, text in headers if name != "content-length")
    return RpAnswer(status=head["status"], headers=kept, body=bytes(body))


def _written(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
