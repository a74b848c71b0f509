"""One timer function: waits for its lock, catches up, then runs at each moment of its schedule, never two at once."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob.aio import BlobServiceClient

from local.host.functions import Function, TimerTrigger
from local.host.invoking import Invoker
from local.host.logs import error_name, host_log
from local.host.singleton import BlobLock
from local.host.timer_status import StatusBlob, TimerStatus, after_run, assess
from local.host.triggered import TriggeringTimer

CONTAINER = "azure-webjobs-hosts"

_RETRY_SECONDS = 5.0
# A laptop that sleeps stops the loop's clock but not the wall clock: look at the latter now and then.
_LONGEST_SLEEP_SECONDS = 30.0


def utc_now() -> datetime:
    """The wall clock; timers know UTC alone, as on Flex Consumption."""
    return datetime.now(UTC)


class TimerListener:
    """Runs one timer function on one of the hosts that share the storage."""

    def __init__(
        self,
        *,
        function: Function,
        trigger: TimerTrigger,
        blobs: BlobServiceClient,
        host_id: str,
        invoker: Invoker,
    ) -> None:
        self._function = function
        self._trigger = trigger
        self._container = blobs.get_container_client(CONTAINER)
        lock = self._container.get_blob_client(f"locks/{host_id}/Host.Functions.{function.name}.Listener")
        self._lock = BlobLock(lock)
        self._status = StatusBlob(self._container.get_blob_client(f"timers/{host_id}/{function.name}/status"))
        self._invoker = invoker
        self._stopping = asyncio.Event()
        self._is_running = False
        self._task: asyncio.Task[object] | None = None

    async def run(self) -> None:
        """Keep the schedule until `stop`."""
        self._task = asyncio.current_task()
        while not self._stopping.is_set():
            try:
                with suppress(ResourceExistsError):
                    await self._container.create_container()
                async with self._lock.held() as lost:
                    await self._keep_schedule(lost)
            except AzureError as exc:
                host_log.warning("timer %s: storage failed: %s", self._function.name, error_name(exc))
                await asyncio.sleep(_RETRY_SECONDS)

    def stop(self) -> None:
        """Begin no further run; a run that has begun goes on to its end, and then gives the lock back."""
        self._stopping.set()
        if self._task is not None and not self._is_running:
            self._task.cancel()

    async def _keep_schedule(self, lost: asyncio.Event) -> None:
        now = utc_now()
        stored = await self._status.load() if self._trigger.is_monitored else None
        assessment = assess(stored, self._trigger.schedule, now)
        status = assessment.status
        if status != stored:
            await self._save(status)
        if assessment.is_past_due or self._trigger.runs_on_startup:
            status = await self._fire(status, past_due=assessment.is_past_due, is_scheduled=False)
        while await self._is_due(status.next, lost):
            status = await self._fire(status, past_due=False, is_scheduled=True)

    async def _fire(self, status: TimerStatus, *, past_due: bool, is_scheduled: bool) -> TimerStatus:
        started = utc_now()
        self._is_running = True
        try:
            request = TriggeringTimer(past_due=past_due, schedule_status=status.as_json())
            await self._invoker.attempt(self._function, request)
            following = after_run(status, self._trigger.schedule, started, is_scheduled=is_scheduled)
            await self._save(following)
        finally:
            self._is_running = False
        return following

    async def _save(self, status: TimerStatus) -> None:
        if self._trigger.is_monitored:
            await self._status.save(status)

    async def _is_due(self, moment: datetime, lost: asyncio.Event) -> bool:
        """Wait for the moment; False when the host stops or the lock is lost before."""
        halts = [asyncio.create_task(event.wait()) for event in (self._stopping, lost)]
        try:
            while (remaining := (moment - utc_now()).total_seconds()) > 0:
                bound = min(remaining, _LONGEST_SLEEP_SECONDS)
                done, _ = await asyncio.wait(halts, timeout=bound, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return False
            return not (self._stopping.is_set() or lost.is_set())
        finally:
            for halt in halts:
                halt.cancel()
            await asyncio.gather(*halts, return_exceptions=True)
