"""The RP API with faults between it and the relying party: before BankID hears, in what it says, or on the way back."""

import json
from asyncio import timeout
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import assert_never, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.bankid.bank import SimulatedBank
from local.bankid.false_refusals import FALSE_REFUSALS
from local.bankid.fault_kinds import AnswerFault, DeliveryFault, EvidenceFault, RefusalFault
from local.bankid.faults import Fault, Faults
from local.bankid.rp import BODY_BYTES, PREFIX
from local.bankid.rp_answers import RpAnswer, ask
from local.bankid.server import RESET_STATE
from local.bankid.spoiled_answers import spoiled
from local.bankid.spoiled_evidence import spoil_evidence

POLL_INTERVAL = timedelta(seconds=2)
"""The least time between two collects of one order, as BankID asks for."""


@dataclass(slots=True)
class FaultyRp:
    """An ASGI application around ``application``. Answers carry the date of ``clock``."""

    application: ASGIApp
    faults: Faults
    bank: SimulatedBank
    clock: Callable[[], datetime]
    _collected_at: dict[str, datetime] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = await _Call.read(scope, receive)
        answer = self._refusal(call) or self._spoiled(call, await ask(self.application, scope, call.receive))
        now = self.clock()
        answer = answer.dated(format_datetime(now, usegmt=True))
        delivery = self.faults.next(
            DeliveryFault, endpoint=call.endpoint, order=call.order, fits=lambda fault: _has_status(fault, answer)
        )
        if delivery is None:
            await answer.send(send)
        else:
            await _deliver(delivery, answer, scope, receive, send)

    def _refusal(self, call: "_Call") -> RpAnswer | None:
        is_too_fast = self._is_too_fast(call)
        fault = self.faults.next(
            RefusalFault,
            endpoint=call.endpoint,
            order=call.order,
            fits=lambda fault: is_too_fast or fault.kind is not RefusalFault.TOO_FAST,
        )
        return None if fault is None else FALSE_REFUSALS[cast("RefusalFault", fault.kind)]

    def _is_too_fast(self, call: "_Call") -> bool:
        if call.endpoint != "collect" or call.order is None:
            return False
        now = self.clock()
        before = self._collected_at.get(call.order)
        self._collected_at[call.order] = now
        return before is not None and now - before < POLL_INTERVAL

    def _spoiled(self, call: "_Call", answer: RpAnswer) -> RpAnswer:
        def other_evidence(fault: Fault) -> RpAnswer | None:
            return spoil_evidence(cast("EvidenceFault", fault.kind), answer, bank=self.bank, now=self.clock())

        answer = self._changed(EvidenceFault, other_evidence, call, answer)
        return self._changed(AnswerFault, lambda fault: spoiled(fault, answer), call, answer)

    def _changed(
        self,
        family: type[AnswerFault | EvidenceFault],
        change: Callable[[Fault], RpAnswer | None],
        call: "_Call",
        answer: RpAnswer,
    ) -> RpAnswer:
        fault = self.faults.next(
            family,
            endpoint=call.endpoint,
            order=call.order,
            fits=lambda fault: _has_status(fault, answer) and change(fault) is not None,
        )
        return answer if fault is None else change(fault) or answer


@dataclass(slots=True)
class _Call:
    """A request, read so far that its order is known; ``receive`` gives it once more."""

    endpoint: str
    order: str | None
    messages: list[Message]
    rest: Receive

    @classmethod
    async def read(cls, scope: Scope, receive: Receive) -> "_Call":
        messages: list[Message] = []
        body = bytearray()
        while len(body) <= BODY_BYTES:
            messages.append(await receive())
            body += messages[-1].get("body", b"")
            if not messages[-1].get("more_body", False):
                break
        path: str = scope["path"]
        return cls(path.removeprefix(PREFIX), _order(bytes(body)), messages, receive)

    async def receive(self) -> Message:
        return self.messages.pop(0) if self.messages else await self.rest()


def _order(body: bytes) -> str | None:
    try:
        content = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    ref = content.get("orderRef") if isinstance(content, dict) else None
    return ref if isinstance(ref, str) else None


def _has_status(fault: Fault, answer: RpAnswer) -> bool:
    return fault.status is None or fault.status == (answer.members or {}).get("status")


async def _deliver(fault: Fault, answer: RpAnswer, scope: Scope, receive: Receive, send: Send) -> None:
    match cast("DeliveryFault", fault.kind):
        case DeliveryFault.LOST_IN_GATEWAY:
            await FALSE_REFUSALS[RefusalFault.GATEWAY_TIMEOUT].send(send)
        case DeliveryFault.SLOW_ANSWER:
            if not await _is_left(receive, fault.seconds):
                await answer.send(send)
        case DeliveryFault.ANSWER_LOST:
            scope["state"][RESET_STATE]()
            await _is_left(receive, None)
        case DeliveryFault.ANSWER_CUT:
            await answer.send(send, length=len(answer.body) // 2)
            scope["state"][RESET_STATE]()
            await _is_left(receive, None)
        case never:
            assert_never(never)


async def _is_left(receive: Receive, seconds: float | None) -> bool:
    """Whether the relying party goes away within that time."""
    try:
        async with timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
