"""When an armed fault strikes, and what is refused as a fault."""

from collections.abc import Callable

import pytest

from local.bankid.fault_kinds import (
    KINDS,
    AnswerFault,
    ConnectionFault,
    DeliveryFault,
    EvidenceFault,
    RefusalFault,
)
from local.bankid.faults import Fault, FaultError, Faults, Strike

MAINTENANCE = RefusalFault.MAINTENANCE


def strikes(fault: Fault, calls: int = 8, *, endpoint: str = "auth", order: str | None = None) -> str:
    """``x`` for each call that is struck, ``.`` for the others."""
    faults = Faults()
    faults.arm(fault)
    return "".join("x" if faults.next(RefusalFault, endpoint=endpoint, order=order) else "." for _ in range(calls))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=MAINTENANCE), "x......."),
        (Fault(kind=MAINTENANCE, times=3), "xxx....."),
        (Fault(kind=MAINTENANCE, times=None), "xxxxxxxx"),
        (Fault(kind=MAINTENANCE, skip=2), "..x....."),
        (Fault(kind=MAINTENANCE, every=3, times=None), "..x..x.."),
        (Fault(kind=MAINTENANCE, skip=1, every=2, times=2), "..x.x..."),
        (Fault(kind=MAINTENANCE, chance=0, times=None), "........"),
        (Fault(kind=MAINTENANCE, endpoint="auth"), "x......."),
        (Fault(kind=MAINTENANCE, endpoint="collect"), "........"),
        (Fault(kind=MAINTENANCE, order="one"), "........"),
        (Fault(kind=AnswerFault.INVALID_JSON), "........"),
    ],
)
def test_it_strikes_the_calls_it_is_meant_for(fault: Fault, expected: str) -> None:
    """Once, unless it says otherwise."""
    assert strikes(fault) == expected


def test_it_strikes_one_order_alone() -> None:
    """Others on the same endpoint go on."""
    fault = Fault(kind=MAINTENANCE, endpoint="collect", order="one", times=None)
    assert strikes(fault, 3, endpoint="collect", order="one") == "xxx"
    assert strikes(fault, 3, endpoint="collect", order="two") == "..."


def test_chance_is_repeatable() -> None:
    """What went wrong once can be looked at again."""
    patterns = {seed: strikes(Fault(kind=MAINTENANCE, chance=0.5, times=None, seed=seed), 64) for seed in (1, 1, 2, 3)}
    assert len(set(patterns.values())) == 3
    again = strikes(Fault(kind=MAINTENANCE, chance=0.5, times=None, seed=1), 64)
    assert again == patterns[1]
    assert 16 < again.count("x") < 48


def test_what_cannot_be_struck_is_not_counted() -> None:
    """A fault of completed orders waits for one."""
    faults = Faults()
    faults.arm(Fault(kind=AnswerFault.NO_RISK))
    assert faults.next(AnswerFault, fits=lambda _: False) is None
    assert faults.next(AnswerFault) is not None
    assert list(faults.struck) == [Strike(kind=AnswerFault.NO_RISK, endpoint="")]


def test_every_kind_has_its_own_name() -> None:
    """So that a name says which family it is of."""
    families = (ConnectionFault, RefusalFault, AnswerFault, EvidenceFault, DeliveryFault)
    assert len(KINDS) == sum(len(family) for family in families)
    assert all(Fault.parse({"kind": name}) == Fault(kind=kind) for name, kind in KINDS.items())


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kind": "somethingNew"},
        {"kind": 1},
        {"kind": "maintenance", "invented": 1},
        {"kind": "maintenance", "endpoint": ""},
        {"kind": "maintenance", "order": 1},
        {"kind": "maintenance", "status": "pending"},
        {"kind": "maintenance", "skip": -1},
        {"kind": "maintenance", "every": 0},
        {"kind": "maintenance", "every": 1.5},
        {"kind": "maintenance", "times": 0},
        {"kind": "maintenance", "times": True},
        {"kind": "maintenance", "chance": 1.1},
        {"kind": "maintenance", "chance": float("nan")},
        {"kind": "slow-answer", "seconds": 3601},
        {"kind": "handshake-hangs", "endpoint": "auth"},
        {"kind": "handshake-hangs", "order": "one"},
        {"kind": "handshake-hangs", "status": "complete"},
    ],
)
def test_what_is_no_fault_is_refused(members: dict[str, object]) -> None:
    """A test that misspells its fault must not pass for lack of one."""
    with pytest.raises(FaultError):
        Fault.parse(members)


@pytest.mark.parametrize("number", [int, float])
def test_numbers_may_come_as_json_has_them(number: Callable[[int], object]) -> None:
    """2 and 2.0 are one number there."""
    members = {"kind": "slow-answer", "skip": number(2), "every": number(2), "times": number(2), "seconds": number(2)}
    assert Fault.parse(members) == Fault(kind=DeliveryFault.SLOW_ANSWER, skip=2, every=2, times=2, seconds=2)
