"""The lifecycles: every step that the tables do not name is refused."""

from itertools import product

import pytest

from shared.domain.errors import ConflictError
from shared.domain.lifecycles import (
    MessageState,
    MessageStep,
    OrderState,
    OrderStep,
    next_message_state,
    next_order_state,
)

MESSAGE_PATHS = {
    "draft change": "draft",
    "draft send": "sent",
    "draft erase": "erasing",
    "sent deliver": "delivered",
    "sent erase": "erasing",
    "delivered open": "delivered",
    "delivered erase": "erasing",
    "erasing erase": "erasing",
}
"""Written out by hand a second time: a slip in the table is not repeated here."""

ORDER_PATHS = {
    "pending wait": "pending",
    "pending complete": "complete",
    "pending fail": "failed",
    "pending refuse": "failed",
    "complete refuse": "failed",
    "complete raise-session": "used",
}


@pytest.mark.parametrize(("state", "step"), list(product(MessageState, MessageStep)))
def test_a_message_takes_the_allowed_steps_and_no_other(state: MessageState, step: MessageStep) -> None:
    """Above all: nothing leads back from ``erasing``, and nothing is delivered that was not sent."""
    expected = MESSAGE_PATHS.get(f"{state} {step}")
    if expected is None:
        with pytest.raises(ConflictError):
            next_message_state(state, step)
    else:
        assert next_message_state(state, step).value == expected


@pytest.mark.parametrize(("state", "step"), list(product(OrderState, OrderStep)))
def test_an_order_takes_the_allowed_steps_and_no_other(state: OrderState, step: OrderStep) -> None:
    """Above all: one session for one completed order, and none for a failed one."""
    expected = ORDER_PATHS.get(f"{state} {step}")
    if expected is None:
        with pytest.raises(ConflictError):
            next_order_state(state, step)
    else:
        assert next_order_state(state, step).value == expected


def test_every_message_can_be_erased() -> None:
    """Retention reaches whatever state a message is in."""
    assert {next_message_state(state, MessageStep.ERASE) for state in MessageState} == {MessageState.ERASING}


def test_all_states_are_reached_from_the_first() -> None:
    """No state stands in the code that nothing can be in."""
    assert {state.value for state in MessageState} == {"draft", *MESSAGE_PATHS.values()}
    assert {state.value for state in OrderState} == {"pending", *ORDER_PATHS.values()}
