"""The lifecycles of messages and sign-in orders, as transition tables.

All that decides whether a step is allowed stands here; services only ask. A step that is not in a table raises
``ConflictError``, and each missing entry is a test.
"""

from enum import StrEnum
from typing import Final

from shared.domain.errors import ConflictError


class MessageState(StrEnum):
    """``draft`` (only its author's side sees it) -> ``sent`` -> ``delivered`` -> ``erasing`` -> gone."""

    DRAFT = "draft"
    SENT = "sent"
    DELIVERED = "delivered"
    ERASING = "erasing"


class MessageStep(StrEnum):
    """What can happen to a message."""

    CHANGE = "change"
    SEND = "send"
    DELIVER = "deliver"
    ERASE = "erase"


MESSAGE_STEPS: Final = {
    (MessageState.DRAFT, MessageStep.CHANGE): MessageState.DRAFT,
    (MessageState.DRAFT, MessageStep.SEND): MessageState.SENT,
    (MessageState.SENT, MessageStep.DELIVER): MessageState.DELIVERED,
    (MessageState.DRAFT, MessageStep.ERASE): MessageState.ERASING,
    (MessageState.SENT, MessageStep.ERASE): MessageState.ERASING,
    (MessageState.DELIVERED, MessageStep.ERASE): MessageState.ERASING,
    (MessageState.ERASING, MessageStep.ERASE): MessageState.ERASING,
}


def next_message_state(state: MessageState, step: MessageStep) -> MessageState:
    """The state after ``step``. Raises ``ConflictError`` when the table has no such step."""
    try:
        return MESSAGE_STEPS[state, step]
    except KeyError:
        raise ConflictError from None


class OrderState(StrEnum):
    """A sign-in order: ``pending`` until the e-ID ends it; ``complete`` arms one session, ``used`` when raised."""

    PENDING = "pending"
    COMPLETE = "complete"
    FAILED = "failed"
    USED = "used"


class OrderStep(StrEnum):
    """What can happen to a sign-in order. ``fail``: the e-ID or its person ended it; ``refuse``: a rule of ours did."""

    WAIT = "wait"
    COMPLETE = "complete"
    FAIL = "fail"
    REFUSE = "refuse"
    RAISE_SESSION = "raise-session"


ORDER_STEPS: Final = {
    (OrderState.PENDING, OrderStep.WAIT): OrderState.PENDING,
    (OrderState.PENDING, OrderStep.COMPLETE): OrderState.COMPLETE,
    (OrderState.PENDING, OrderStep.FAIL): OrderState.FAILED,
    (OrderState.PENDING, OrderStep.REFUSE): OrderState.FAILED,
    (OrderState.COMPLETE, OrderStep.REFUSE): OrderState.FAILED,
    (OrderState.COMPLETE, OrderStep.RAISE_SESSION): OrderState.USED,
}


def next_order_state(state: OrderState, step: OrderStep) -> OrderState:
    """The state after ``step``. Raises ``ConflictError`` when the table has no such step."""
    try:
        return ORDER_STEPS[state, step]
    except KeyError:
        raise ConflictError from None
