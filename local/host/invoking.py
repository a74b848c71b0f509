"""Running a handler: async ones on the loop, plain ones in the thread pool, each under its invocation id."""

import asyncio
import contextvars
import inspect
import os
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.host.functions import Function
from local.host.logs import error_name, host_log, invocation_scope
from local.host.triggered import InvocationContext

_MOST_DEFAULT_THREADS = 32


def new_invocation_id() -> str:
    """An id for one invocation, in the form that the real host uses."""
    return str(uuid.uuid4())


class Invoker:
    """Calls handlers and keeps the tasks that nobody waits for."""

    def __init__(self, threads: int | None = None) -> None:
        """`threads` for plain functions; by default as many as the Python worker of Azure has."""
        self._pool = ThreadPoolExecutor(
            threads or min(_MOST_DEFAULT_THREADS, (os.cpu_count() or 1) + 4), thread_name_prefix="function"
        )
        self._detached: set[asyncio.Task[None]] = set()

    async def call(self, function: Function, argument: object, invocation_id: str) -> object:
        """Run a handler to its end; whatever it raises comes out unchanged."""
        arguments = {function.parameter: argument}
        if function.wants_context:
            arguments["context"] = InvocationContext(function, invocation_id)
        call = partial(function.handler, **arguments)
        if inspect.iscoroutinefunction(function.handler):
            awaited: object = await call()  # type: ignore[misc]  # what a coroutine function returns
            return awaited
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, call)

    async def attempt(self, function: Function, argument: object) -> bool:
        """Run a queue or timer handler and log how it ended; True when it succeeded."""
        invocation_id = new_invocation_id()
        with invocation_scope(function.name, invocation_id):
            try:
                await self.call(function, argument, invocation_id)
            except Exception as exc:  # noqa: BLE001 - a handler may raise anything; the trigger decides what follows
                host_log.error("failed error=%s", error_name(exc))
                return False
            host_log.info("succeeded")
            return True

    def detach(self, work: Coroutine[object, object, object]) -> None:
        """Run something that nobody waits for, except `drain`."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._detached.add(task)
        task.add_done_callback(self._detached.discard)

    async def drain(self, bound_seconds: float) -> None:
        """Wait for detached work, cancel what takes longer than the bound, and let the threads go."""
        if self._detached:
            _, late = await asyncio.wait(self._detached, timeout=bound_seconds)
            for task in late:
                task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
