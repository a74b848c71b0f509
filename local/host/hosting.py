"""The host put together: one process that serves an app until it is told to stop."""

import asyncio
import hashlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from local.host.admin import Admin
from local.host.configuration import HostConfiguration
from local.host.connections import HOST_STORAGE
from local.host.dispatching import Dispatcher
from local.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.host.invoking import Invoker
from local.host.keys import load_keys
from local.host.logs import host_log, report_forgotten_error
from local.host.options import Options
from local.host.queues import QueueListener
from local.host.routing import RouteTable
from local.host.storage import Storage
from local.host.timers import TimerListener

_KEEP_ALIVE_SECONDS = 130  # Kestrel's, in the real host; uvicorn's 5 s race with clients that reuse connections.

Listener = QueueListener | TimerListener


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process by the signal instead of with code 0."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


class Host:
    """Serves the functions of an app over HTTP, from queues and by timers."""

    def __init__(
        self, options: Options, configuration: HostConfiguration, functions: list[Function], routes: RouteTable
    ) -> None:
        self._options = options
        self._configuration = configuration
        self._functions = functions
        self._routes = routes
        self._host_id = host_id(options.app, os.environ)

    async def run(self, listener: socket.socket) -> None:
        """Serve until told to stop, then drain."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(report_forgotten_error)
        storage = Storage(os.environ)
        invoker = Invoker(_thread_count(os.environ))
        try:
            listeners = await self._listeners(storage, invoker)
            keys = load_keys(self._options.data, [function.name for function in self._functions])
            admin = Admin(functions=self._functions, keys=keys, invoker=invoker, host_id=self._host_id)
            dispatcher = Dispatcher(
                routes=self._routes,
                keys=keys,
                admin=admin,
                invoker=invoker,
                body_limit_bytes=self._configuration.body_limit_bytes,
                first_byte_seconds=self._options.first_byte_seconds,
            )
            server = _Server(self._server_settings(dispatcher), self._announce)

            end = loop.time()

            def stop() -> None:
                nonlocal end
                if not server.should_exit:
                    end = loop.time() + self._options.drain_seconds
                server.should_exit = True
                admin.state = "Stopping"
                for one in listeners:
                    one.stop()

            self._stop_on_signals(loop, stop)
            tasks = [asyncio.create_task(one.run()) for one in listeners]
            await server.serve(sockets=[listener])
            await _drain(tasks, invoker, end)
        finally:
            await storage.close()

    async def _listeners(self, storage: Storage, invoker: Invoker) -> list[Listener]:
        made: list[Listener] = []
        for function in self._functions:
            match function.trigger:
                case QueueTrigger() as trigger:
                    made.append(
                        QueueListener(
                            function=function,
                            trigger=trigger,
                            service=await storage.queues(trigger.connection),
                            settings=self._configuration.queues,
                            invoker=invoker,
                        )
                    )
                case TimerTrigger() as trigger:
                    made.append(
                        TimerListener(
                            function=function,
                            trigger=trigger,
                            blobs=await storage.blobs(HOST_STORAGE),
                            host_id=self._host_id,
                            invoker=invoker,
                        )
                    )
                case HttpTrigger():
                    pass
        return made

    def _server_settings(self, dispatcher: Dispatcher) -> uvicorn.Config:
        return uvicorn.Config(
            dispatcher,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=round(self._options.drain_seconds),
        )

    def _announce(self) -> None:
        if self._options.ready_fd is None:
            print("ready", flush=True)
        else:
            os.write(self._options.ready_fd, b"1")
            os.close(self._options.ready_fd)

    def _stop_on_signals(self, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        if self._options.life_fd is not None:
            # The parent holds the other end: it becomes readable, with nothing to read, when the parent is gone.
            life_fd = self._options.life_fd

            def parent_gone() -> None:
                loop.remove_reader(life_fd)
                stop()

            loop.add_reader(life_fd, parent_gone)


async def _drain(tasks: list[asyncio.Task[None]], invoker: Invoker, end: float) -> None:
    """Wait for queue, timer and admin work until that moment of the loop's clock; HTTP has been drained meanwhile."""
    clock = asyncio.get_running_loop().time
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=max(end - clock(), 0.0))
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await invoker.drain(max(end - clock(), 0.0))
    host_log.info("stopped")


def host_id(app: Path, environment: Mapping[str, str]) -> str:
    """The name under which hosts share timers: a setting, else made from the app's folder."""
    chosen = environment.get("AzureFunctionsWebHost__hostid")
    return chosen or f"local-{hashlib.sha256(str(app).encode()).hexdigest()[:16]}"


def _thread_count(environment: Mapping[str, str]) -> int | None:
    text = environment.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    return int(text) if text.isdigit() and int(text) > 0 else None
