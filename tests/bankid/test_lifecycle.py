"""The simulator's state machine: what follows what, what does not, and what time does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from local.bankid.lifecycle import Life, Phase, StepError

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


WAITING = Life(created_at=START)
PICKED_UP = WAITING.picked_up(at(5))
COMPLETE = PICKED_UP.completed(at(10))
FAILED = PICKED_UP.failed(at(10), "userCancel")
GONE = WAITING.cancelled(at(10))

Step = Callable[[Life], Life]
STEPS: dict[str, Step] = {
    "pick up": lambda life: life.picked_up(at(11)),
    "hint before": lambda life: life.hinted(at(11), "noClient"),
    "hint after": lambda life: life.hinted(at(11), "processing"),
    "complete": lambda life: life.completed(at(11)),
    "fail": lambda life: life.failed(at(11), "certificateErr"),
    "cancel": lambda life: life.cancelled(at(11)),
    "tell": lambda life: life.told(at(11)),
}
LIVES = {
    Phase.WAITING: WAITING,
    Phase.PICKED_UP: PICKED_UP,
    Phase.COMPLETE: COMPLETE,
    Phase.FAILED: FAILED,
    Phase.GONE: GONE,
}
ALLOWED = {
    (Phase.WAITING, "pick up"): (Phase.PICKED_UP, "userSign"),
    (Phase.WAITING, "hint before"): (Phase.WAITING, "noClient"),
    (Phase.WAITING, "fail"): (Phase.FAILED, "certificateErr"),
    (Phase.WAITING, "cancel"): (Phase.GONE, "outstandingTransaction"),
    (Phase.WAITING, "tell"): (Phase.WAITING, "outstandingTransaction"),
    (Phase.PICKED_UP, "hint after"): (Phase.PICKED_UP, "processing"),
    (Phase.PICKED_UP, "complete"): (Phase.COMPLETE, ""),
    (Phase.PICKED_UP, "fail"): (Phase.FAILED, "certificateErr"),
    (Phase.PICKED_UP, "cancel"): (Phase.GONE, "userSign"),
    (Phase.PICKED_UP, "tell"): (Phase.PICKED_UP, "userSign"),
    (Phase.COMPLETE, "tell"): (Phase.GONE, ""),
    (Phase.FAILED, "tell"): (Phase.GONE, "userCancel"),
}


@pytest.mark.parametrize("phase", LIVES)
@pytest.mark.parametrize("step", STEPS)
def test_only_the_listed_steps_are_possible(phase: Phase, step: str) -> None:
    """Each pair of phase and step either leads where the table says, or nowhere."""
    if (expected := ALLOWED.get((phase, step))) is not None:
        life = STEPS[step](LIVES[phase])
        assert (life.phase, life.hint_code) == expected
    else:
        with pytest.raises(StepError):
            STEPS[step](LIVES[phase])


@pytest.mark.parametrize(
    ("life", "seconds", "phase", "hint_code"),
    [
        (WAITING, 29.9, Phase.WAITING, "outstandingTransaction"),
        (WAITING, 30, Phase.FAILED, "startFailed"),
        (WAITING, 189.9, Phase.FAILED, "startFailed"),
        (WAITING, 190, Phase.GONE, "startFailed"),
        (PICKED_UP, 179.9, Phase.PICKED_UP, "userSign"),
        (PICKED_UP, 180, Phase.FAILED, "expiredTransaction"),
        (PICKED_UP, 479.9, Phase.FAILED, "expiredTransaction"),
        (PICKED_UP, 480, Phase.GONE, "expiredTransaction"),
        (COMPLETE, 189.9, Phase.COMPLETE, ""),
        (COMPLETE, 190, Phase.GONE, ""),
        (FAILED, 309.9, Phase.FAILED, "userCancel"),
        (FAILED, 310, Phase.GONE, "userCancel"),
        (GONE, 1000, Phase.GONE, "outstandingTransaction"),
    ],
)
def test_time_ends_what_nobody_goes_on_with(life: Life, seconds: float, phase: Phase, hint_code: str) -> None:
    """Thirty seconds to pick up, three minutes in all, then some minutes to collect."""
    settled = life.settled(at(seconds))
    assert (settled.phase, settled.hint_code) == (phase, hint_code)


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_possible_once_time_has_ended_an_order(step: str) -> None:
    """Also if nobody looked in between: each step first asks what time it is."""
    late: dict[str, Step] = {
        "pick up": lambda life: life.picked_up(at(31)),
        "hint before": lambda life: life.hinted(at(31), "noClient"),
        "hint after": lambda life: life.hinted(at(31), "processing"),
        "complete": lambda life: life.completed(at(31)),
        "fail": lambda life: life.failed(at(31), "certificateErr"),
        "cancel": lambda life: life.cancelled(at(31)),
        "tell": lambda life: life.told(at(190)),
    }
    with pytest.raises(StepError):
        late[step](WAITING)
