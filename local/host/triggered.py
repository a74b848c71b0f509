"""What handlers are given: queue messages, timer requests and contexts in the types of azure.functions."""

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import azure.functions
from azure.functions._abc import RetryContext, RpcException, TraceContext

from local.host.functions import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMetadata:
    """Trigger metadata of a queue message, under the names of azure.functions.QueueMessage."""

    id: str
    dequeue_count: int
    pop_receipt: str
    insertion_time: datetime | None = None
    expiration_time: datetime | None = None
    time_next_visible: datetime | None = None


class TriggeringMessage(azure.functions.QueueMessage):
    """A queue message with its metadata."""

    def __init__(self, body: bytes, metadata: MessageMetadata) -> None:
        super().__init__(id=metadata.id, body=body, pop_receipt=metadata.pop_receipt)
        self._metadata = metadata

    @property
    def dequeue_count(self) -> int:
        return self._metadata.dequeue_count

    @property
    def insertion_time(self) -> datetime | None:
        return self._metadata.insertion_time

    @property
    def expiration_time(self) -> datetime | None:
        return self._metadata.expiration_time

    @property
    def time_next_visible(self) -> datetime | None:
        return self._metadata.time_next_visible


class TriggeringTimer(azure.functions.TimerRequest):
    """Why a timer function runs."""

    def __init__(self, *, past_due: bool, schedule_status: dict[str, str] | None = None) -> None:
        self._past_due = past_due
        self._schedule_status = schedule_status or {}

    @property
    def past_due(self) -> bool:
        return self._past_due

    @property
    def schedule_status(self) -> dict[str, str]:
        return self._schedule_status

    @property
    def schedule(self) -> dict[str, bool]:
        return {"AdjustForDST": True}


class _NoTrace(TraceContext):
    @property
    def trace_state(self) -> str:
        return ""

    @property
    def trace_parent(self) -> str:
        return ""

    @property
    def attributes(self) -> dict[str, str]:
        return {}


class _NoRetry(RetryContext):
    @property
    def retry_count(self) -> int:
        return 0

    @property
    def max_retry_count(self) -> int:
        return 0

    @property
    def exception(self) -> RpcException:
        raise AttributeError("this host has no retry policies")


class _InvocationLocal(threading.local):
    invocation_id: str


class InvocationContext(azure.functions.Context):
    """The `context` parameter of a handler that wants it."""

    def __init__(self, function: Function, invocation_id: str) -> None:
        self._function = function
        self._local = _InvocationLocal()
        self._local.invocation_id = invocation_id
        self._invocation_id = invocation_id

    @property
    def invocation_id(self) -> str:
        return self._invocation_id

    @property
    def thread_local_storage(self) -> threading.local:  # type: ignore[override]
        # azure.functions annotates the class where it means an instance of it.
        return self._local

    @property
    def function_name(self) -> str:
        return self._function.name

    @property
    def function_directory(self) -> str:
        return str(Path.cwd())

    @property
    def trace_context(self) -> TraceContext:
        return _NoTrace()

    @property
    def retry_context(self) -> RetryContext:
        return _NoRetry()
