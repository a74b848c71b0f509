"""Faults on request and counts of calls: the part of the emulator that Azure does not have.

Under ``/emulator/``, for whoever sends the token of DIR/control-token in the header ``x-emulator-token``:

- ``GET counters`` -> ``{"unwrap_key": 3, ...}``, requests by operation, refused ones too (``challenge``: those
  without a good token); ``DELETE counters`` begins anew.
- ``POST faults`` adds a fault, ``GET faults`` lists those left, ``DELETE faults`` ends them all. A fault is
  ``{"kind": ..., "operation": ..., "key": ..., "calls": ..., "seconds": ...}``: kind ``deny`` (403), ``throttle``
  (429 with Retry-After of ``seconds``), ``unavailable`` (503, with Retry-After if ``seconds``) or ``delay``
  (``seconds``, then goes on); ``operation`` and ``key`` narrow it, ``calls`` ends it after so many.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.key_vault.answers import VaultError, bad_parameter

FaultKind: TypeAlias = Literal["deny", "throttle", "unavailable", "delay"]
FAULT_KINDS: tuple[FaultKind, ...] = ("deny", "throttle", "unavailable", "delay")
_FIELDS = {"kind", "operation", "key", "calls", "seconds"}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault and how many calls of it are left (None: until it is ended)."""

    kind: FaultKind
    operation: str | None
    key: str | None
    calls: int | None
    seconds: float

    def meets(self, operation: str, key: str | None) -> bool:
        return (
            self.calls != 0
            and self.operation in (None, operation)
            and (self.key is None or (key is not None and self.key.lower() == key.lower()))
        )


class Faults:
    """The faults in force and the counters."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._counters: Counter[str] = Counter()

    def count(self, operation: str) -> None:
        """Note one request."""
        self._counters[operation] += 1

    async def strike(self, operation: str, key: str | None) -> None:
        """Do what the faults in force ask for: wait, raise, or nothing. One refusal at most is used up a call."""
        for fault in self._faults:
            if not fault.meets(operation, key):
                continue
            if fault.calls is not None:
                fault.calls -= 1
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
                continue
            raise _refusal(fault)

    async def read_counters(self, _: Request) -> Response:
        return JSONResponse(dict(self._counters))

    async def reset_counters(self, _: Request) -> Response:
        self._counters.clear()
        return Response(status_code=204)

    async def list_faults(self, _: Request) -> Response:
        left = [fault for fault in self._faults if fault.calls != 0]
        return JSONResponse(
            [
                {"kind": f.kind, "operation": f.operation, "key": f.key, "calls": f.calls, "seconds": f.seconds}
                for f in left
            ]
        )

    async def add_fault(self, request: Request) -> Response:
        self._faults.append(_parse(await request.body()))
        return Response(status_code=204)

    async def end_faults(self, _: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)


def _refusal(fault: Fault) -> VaultError:
    headers = {"Retry-After": str(int(fault.seconds))} if fault.seconds else None
    match fault.kind:
        case "deny":
            return VaultError(403, "Forbidden", "Caller is not authorized to perform action.", inner="ForbiddenByRbac")
        case "throttle":
            return VaultError(429, "Throttled", "Too many requests.", headers=headers)
        case _:
            return VaultError(503, "ServiceUnavailable", "The service is unavailable.", headers=headers)


def _parse(body: bytes) -> Fault:
    try:
        asked = json.loads(body)
    except ValueError as exc:
        raise bad_parameter("A fault is a JSON object.") from exc
    if not isinstance(asked, dict) or not asked.keys() <= _FIELDS or asked.get("kind") not in FAULT_KINDS:
        raise bad_parameter("See local/key_vault/faults.py for what a fault is.")
    operation, key = asked.get("operation"), asked.get("key")
    calls, seconds = asked.get("calls"), asked.get("seconds", 0)
    if not (
        (operation is None or isinstance(operation, str))
        and (key is None or isinstance(key, str))
        and (calls is None or (isinstance(calls, int) and calls > 0))
        and isinstance(seconds, int | float)
        and seconds >= 0
    ):
        raise bad_parameter("See local/key_vault/faults.py for what a fault is.")
    kind = cast("FaultKind", asked["kind"])
    return Fault(kind=kind, operation=operation, key=key, calls=calls, seconds=seconds)
