"""Queue and timer triggers: one service call, or what a message asks for (``functions.queue_messages``)."""

import json
import logging
import time
from collections.abc import Awaitable
from datetime import timedelta
from typing import Final, Protocol

import azure.functions as func

from functions.faults import run_job
from functions.time_limits import JOB_SECONDS
from shared.container import Container
from shared.domain.deadlines import deadline
from shared.domain.metrics import Counter

TIMER: Final = "timer"
"""In place of an invocation id, which timers are not told."""

_log = logging.getLogger("pic.jobs")


class _Run(Protocol):
    async def __call__(self, work: Awaitable[None], *, name: str, invocation: str) -> None: ...


def register(app: func.FunctionApp, container: Container) -> None:
    """Add the queue and timer functions. None lets an exception out as it is (``functions.faults``)."""
    run = _counting(container)

    @app.function_name("dispatch")
    @app.queue_trigger(arg_name="message", queue_name="%PIC_DISPATCH_QUEUE%", connection="PIC_STORAGE")
    async def dispatch(message: func.QueueMessage) -> None:
        async def work() -> None:
            from functions.queue_messages import dispatched  # noqa: PLC0415  # with the first message

            await dispatched(container, message)

        await run(work(), name="dispatch", invocation=message.id or "unknown")

    @app.function_name("notify")
    @app.queue_trigger(arg_name="message", queue_name="%PIC_NOTIFY_QUEUE%", connection="PIC_STORAGE")
    async def notify(message: func.QueueMessage) -> None:
        async def work() -> None:
            from functions.queue_messages import notified  # noqa: PLC0415  # with the first message

            await notified(container, message)

        await run(work(), name="notify", invocation=message.id or "unknown")

    @app.function_name("retain")
    @app.timer_trigger(arg_name="timer", schedule="%PIC_RETENTION_SCHEDULE%", run_on_startup=False)
    async def retain(timer: func.TimerRequest) -> None:
        async def work() -> None:
            # Before the sweep, which may fail: of all timers this one runs often enough for a day, and seldom enough.
            if container.settings.bankid is not None:
                await container.bankid_certificate.remind()
            settled = await container.retaining.sweep()
            _log.info(json.dumps({"event": "sweep.completed", "settled": settled, "past_due": timer.past_due}))

        await run(work(), name="retain", invocation=TIMER)

    @app.function_name("recover")
    @app.timer_trigger(arg_name="timer", schedule="%PIC_RECOVERY_SCHEDULE%", run_on_startup=False)
    async def recover(timer: func.TimerRequest) -> None:
        async def work() -> None:
            looked = await container.sending.recover()
            _log.info(json.dumps({"event": "recovery.completed", "looked": looked, "past_due": timer.past_due}))

        await run(work(), name="recover", invocation=TIMER)

    _register_rotation(app, container, run)
    _register_audit_copy(app, container, run)


def _counting(container: Container) -> _Run:
    """``run_job``, counted, and within ``JOB_SECONDS``: what is left then comes with the next run.

    What timers count is told at once: the next run may be elsewhere.
    """

    async def run(work: Awaitable[None], *, name: str, invocation: str) -> None:
        result = "failed"
        try:
            with deadline(time.monotonic() + JOB_SECONDS):
                await run_job(work, name=name, invocation=invocation)
            result = "done"
        finally:
            container.metrics.add(Counter.JOBS, job=name, result=result)
            if invocation == TIMER:
                container.metric_lines.write()
            else:
                container.metric_lines.write_if_due()

    return run


def _register_rotation(app: func.FunctionApp, container: Container, run: _Run) -> None:
    @app.function_name("rotate_keys")
    @app.timer_trigger(arg_name="timer", schedule="%PIC_KEY_ROTATION_SCHEDULE%", run_on_startup=False)
    async def rotate_keys(timer: func.TimerRequest) -> None:
        async def work() -> None:
            made_before = container.clock() - timedelta(days=container.settings.keys.age_days)
            done = await container.rotating_keys.rotate_all(made_before=made_before)
            counts = {name: getattr(done, name) for name in ("organisations", "renewed", "wrapped", "added", "refused")}
            _log.info(json.dumps({"event": "rotation.completed", **counts, "past_due": timer.past_due}))
            if done.faults:
                raise ExceptionGroup("organisations whose keys could not be rotated", done.faults)

        await run(work(), name="rotate_keys", invocation=TIMER)


def _register_audit_copy(app: func.FunctionApp, container: Container, run: _Run) -> None:
    @app.function_name("copy_audit")
    @app.timer_trigger(arg_name="timer", schedule="%PIC_AUDIT_COPY_SCHEDULE%", run_on_startup=False)
    async def copy_audit(timer: func.TimerRequest) -> None:
        async def work() -> None:
            done = await container.audit_copying.copy_all()
            counts = {name: getattr(done, name) for name in ("logs", "blobs", "records")}
            if done.faults:
                raise ExceptionGroup("audit logs that could not be copied", done.faults)
            _log.info(json.dumps({"event": "audit.copied", **counts, "past_due": timer.past_due}))

        await run(work(), name="copy_audit", invocation=TIMER)
