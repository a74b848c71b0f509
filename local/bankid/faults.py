"""Which faults are to strike, and when: per endpoint, per order, each nth call, or by chance with a seed.

As JSON, for the control API and ``--fault``: ``{"kind": "maintenance", "endpoint": "auth", "times": 2}``.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from local.bankid.fault_kinds import KINDS, ConnectionFault, FaultKind, RefusalFault

REMEMBERED = 10_000
"""Strikes that are kept to be looked at."""

LONGEST_SECONDS = 3600.0

_Family = TypeVar("_Family", bound=FaultKind)


class FaultError(Exception):
    """What was asked for is no fault. The text is a fixed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault to come. Calls count that match ``endpoint``, ``order`` and ``status`` (None: any).

    ``status`` is that of a collected order and so of an answer alone; connections have none of the three.
    The first ``skip`` of them pass; of the others each ``every``-th is struck, with ``chance`` (0 to 1, drawn from
    ``seed``), until it has struck ``times`` (None: for ever). ``seconds`` is how slow a slow answer is, ``member``
    the path of a missing member (``completionData.user``).
    """

    kind: FaultKind
    endpoint: str | None = None
    order: str | None = None
    status: str | None = None
    skip: int = 0
    every: int = 1
    times: int | None = 1
    chance: float = 1.0
    seed: int = 0
    seconds: float = 60.0
    member: str = "orderRef"

    @classmethod
    def parse(cls, members: Mapping[str, object]) -> "Fault":
        """Raises ``FaultError``."""
        if unknown := members.keys() - _PARSERS.keys():
            raise FaultError(f"{len(unknown)} members of the fault are unknown")
        values = {name: _PARSERS[name](value) for name, value in members.items()}
        if "kind" not in values:
            raise FaultError("kind is missing")
        fault = cls(**values)  # type: ignore[arg-type]
        if isinstance(fault.kind, ConnectionFault) and (fault.endpoint, fault.order) != (None, None):
            raise FaultError("a connection has no endpoint and no order")
        if isinstance(fault.kind, ConnectionFault | RefusalFault) and fault.status is not None:
            raise FaultError("where BankID is not asked there is no status")
        return fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that has struck. ``endpoint`` is empty for connections."""

    kind: FaultKind
    endpoint: str


@dataclass(slots=True)
class _Armed:
    fault: Fault
    random: random.Random
    calls: int = 0
    strikes: int = 0

    def strikes_now(self) -> bool:
        """Counts this call."""
        self.calls += 1
        fault = self.fault
        if self.calls <= fault.skip or (self.calls - fault.skip) % fault.every:
            return False
        if self.random.random() >= fault.chance:
            return False
        self.strikes += 1
        return True

    @property
    def is_over(self) -> bool:
        return self.fault.times is not None and self.strikes >= self.fault.times


@dataclass(slots=True)
class Faults:
    """The faults to come, in the order they were armed, and those that were."""

    _armed: list[_Armed] = field(default_factory=list)
    struck: deque[Strike] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def armed(self) -> list[Fault]:
        return [one.fault for one in self._armed]

    def arm(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault, random.Random(fault.seed)))  # noqa: S311 - repeatable, not secret

    def clear(self) -> None:
        self._armed.clear()
        self.struck.clear()

    def next(
        self,
        family: type[_Family],
        *,
        endpoint: str = "",
        order: str | None = None,
        fits: Callable[[Fault], bool] = lambda _: True,
    ) -> Fault | None:
        """The fault of this family that strikes this call, if one does. ``fits``: whether it could strike at all."""
        for one in self._armed:
            fault = one.fault
            if not isinstance(fault.kind, family) or fault.endpoint not in (None, endpoint):
                continue
            if fault.order not in (None, order) or not fits(fault) or not one.strikes_now():
                continue
            self.struck.append(Strike(kind=fault.kind, endpoint=endpoint))
            if one.is_over:
                self._armed.remove(one)
            return fault
        return None


def _kind(value: object) -> FaultKind:
    kind = KINDS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise FaultError("no such kind of fault")
    return kind


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise FaultError("endpoint, order, status and member are texts")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(name: str, least: float, most: float) -> Callable[[object], float]:
    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise FaultError(f"{name} is not a number from {least:g} to {most:g}")
        return value

    return parse


def _count(name: str, least: int) -> Callable[[object], int]:
    number = _number(name, least, 10**9)

    def parse(value: object) -> int:
        if int(number(value)) != value:
            raise FaultError(f"{name} is not a whole number")
        return int(number(value))

    return parse


_PARSERS: Mapping[str, Callable[[object], object]] = {
    "kind": _kind,
    "endpoint": _optional_text,
    "order": _optional_text,
    "status": _optional_text,
    "member": _text,
    "skip": _count("skip", 0),
    "every": _count("every", 1),
    "times": lambda value: None if value is None else _count("times", 1)(value),
    "chance": _number("chance", 0, 1),
    "seed": _count("seed", 0),
    "seconds": _number("seconds", 0, LONGEST_SECONDS),
}
