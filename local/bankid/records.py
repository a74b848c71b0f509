"""What the relying party sent, and what can be counted of it. Kept in memory alone, without personal numbers or texts.

A test asks for ``counted`` at its end: most figures are 0 for a client that behaves as BankID's guidelines say.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise

REMEMBERED = 10_000
"""Requests that are kept, the newest."""

LEFT_OUT = frozenset({"personalNumber", "userVisibleData", "userNonVisibleData"})
"""Members of which only the length is kept."""

STARTS = frozenset({"auth", "sign", "payment", "phone/auth", "phone/sign", "other/payment"})
_BY_NUMBER = frozenset({"phone/auth", "phone/sign", "other/payment"})

Members = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """``order`` is the one that it asked for or began; ``ended`` is what it learned: that the order is no more."""

    at: datetime
    verb: str
    path: str
    content_type: str
    tls_version: str
    fingerprint: str
    body: Members
    status: int
    order: str | None
    ended: bool

    @property
    def endpoint(self) -> str:
        return self.path.partition("/rp/v6.0/")[2]

    @property
    def shown(self) -> Members:
        return {
            "at": self.at.isoformat(),
            "method": self.verb,
            "path": self.path,
            "contentType": self.content_type,
            "tlsVersion": self.tls_version,
            "fingerprint": self.fingerprint,
            "body": self.body,
            "status": self.status,
        }


def without_secrets(body: Mapping[str, object]) -> Members:
    """Also in the objects within."""
    kept: Members = {}
    for name, value in body.items():
        if name in LEFT_OUT:
            kept[name] = f"({len(str(value))} characters)"
        else:
            kept[name] = without_secrets(value) if isinstance(value, dict) else value
    return kept


@dataclass(slots=True)
class Records:
    """Requests in the order in which they were answered."""

    requests: deque[RecordedRequest] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, request: RecordedRequest) -> None:
        self.requests.append(request)

    def clear(self) -> None:
        self.requests.clear()

    @property
    def counted(self) -> Members:
        """As ``GET /sim/assertions`` shows it.

        ``callsAfterEnd``: collects and cancels of an order that the relying party knew to have ended.
        ``startsBesidePending``: starts for a device (``web.deviceIdentifier``) whose earlier order had not ended:
        one click began two. ``numbersOutsideRequirement``: ``/auth`` or ``/sign`` with a number of version 5.
        """
        starts = [request for request in self.requests if request.endpoint in STARTS]
        return {
            "requests": len(self.requests),
            "starts": sum(request.status == HTTPStatus.OK for request in starts),
            "cancels": sum(request.endpoint == "cancel" for request in self.requests),
            "polls": self._polls(),
            "callsAfterEnd": self._calls_after_end(),
            "startsBesidePending": self._starts_beside_pending(),
            "numbersOutsideRequirement": sum(
                "personalNumber" in request.body for request in starts if request.endpoint not in _BY_NUMBER
            ),
            "longestUserAgent": max((len(_web(request, "userAgent")) for request in starts), default=0),
            "tlsVersions": sorted({request.tls_version for request in self.requests}),
            "certificates": sorted({request.fingerprint for request in self.requests}),
        }

    def _polls(self) -> Members:
        times: dict[str, list[datetime]] = {}
        for request in self.requests:
            if request.endpoint == "collect" and request.order is not None:
                times.setdefault(request.order, []).append(request.at)
        return {
            order: {
                "count": len(polls),
                "leastSeconds": min(
                    ((after - before).total_seconds() for before, after in pairwise(polls)),
                    default=None,
                ),
            }
            for order, polls in times.items()
        }

    def _calls_after_end(self) -> int:
        ended: set[str] = set()
        calls = 0
        for request in self.requests:
            if request.order is not None:
                calls += request.order in ended
                if request.ended:
                    ended.add(request.order)
        return calls

    def _starts_beside_pending(self) -> int:
        pending: dict[str, str] = {}
        beside = 0
        for request in self.requests:
            if request.endpoint in STARTS and request.order is not None and (device := _web(request)):
                beside += device in pending
                pending[device] = request.order
            elif request.ended:
                pending = {device: order for device, order in pending.items() if order != request.order}
        return beside


def _web(request: RecordedRequest, name: str = "deviceIdentifier") -> str:
    web = request.body.get("web")
    value = web.get(name) if isinstance(web, dict) else None
    return value if isinstance(value, str) else ""
