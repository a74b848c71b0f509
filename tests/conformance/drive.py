"""Drives a function app inside the real azure-functions-runtime, in the place of the Functions host.

Runs in an environment of its own (Python 3.13, requirements.txt), one app and one start per process, for the runtime
keeps its state in modules. Whoever started it writes lines of JSON to its standard input and reads one line of JSON
for each: so a step may use what the answer to an earlier one held. Answers go to what was standard output; what the
app prints, to either stream, goes to standard error, so that a test can look for what must not be there.

The first line is the plan, answered when every function is indexed:

    app             directory of function_app.py
    start           "init": a worker that starts with its app; "reload": a placeholder worker that becomes the app, as
                    on Flex Consumption, with `settings` for its whole environment
    settings        for "reload": the environment

Every other line is a step, {"http": {...}}, {"queue": {...}} or {"timer": {...}}. At the end of the input comes one
more answer: what is left of it all.

An http step has `function`, `method`, `path`, `params` (route parameters), `headers`, `text` or `size` (a body of that
many pseudo-random bytes, streamed), `leave_after` (bytes after which the client goes away, sending with `size`, else
receiving) and `count` and `parallel` (how often, and how many at once; the last answer is reported). A queue step has
`function`, `text` and `dequeued`, a timer step `function` and `is_past_due`.
"""

import asyncio
import itertools
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.conformance.stand_ins import Message, OneOf, ask

if TYPE_CHECKING:
    from tests.conformance.http_client import HttpClient

SETTLE_SECONDS = 5.0
"""How long a client that left may take to be noticed by everyone."""


class Worker:
    """The runtime with an app in it."""

    def __init__(self) -> None:
        self.uri: str | None = None
        self.functions: dict[str, Any] = {}
        self._invocations = itertools.count(1)

    async def start(self, plan: dict[str, Any]) -> None:
        import azure_functions_runtime as runtime  # noqa: PLC0415  # its import is part of what is timed

        runtime.start_threadpool_executor()
        if plan["start"] == "init":
            sys.path.insert(0, plan["app"])
            reply = await runtime.worker_init_request(
                ask("worker_init_request", capabilities={}, function_app_directory=plan["app"])
            )
        else:
            reply = await runtime.function_environment_reload_request(
                ask(
                    "function_environment_reload_request",
                    function_app_directory=plan["app"],
                    environment_variables=plan["settings"],
                )
            )
        if reply.result.status != Message.Success:
            raise RuntimeError(vars(reply.result.exception))
        found = await runtime.functions_metadata_request(ask("functions_metadata_request"))
        self.uri = reply.capabilities.get("HttpUri")
        self.functions = {function.name: function for function in found.function_metadata_results or ()}

    def surface(self) -> dict[str, Any]:
        """Every function with its bindings, as the host would read them."""
        return {
            name: {
                "bindings": [json.loads(raw) for raw in found.raw_bindings],
                "retry": found.retry_options is not None,
            }
            for name, found in self.functions.items()
        }

    async def http(self, step: dict[str, Any]) -> dict[str, Any]:
        """Send requests as the host's proxy would, each beside its invocation."""
        from tests.conformance.http_client import HttpClient  # noqa: PLC0415  # a client is no part of the app's start

        began = time.perf_counter()
        answer: dict[str, Any] = {}
        async with HttpClient(self.uri or "") as client:
            await client.listening()
            for _ in range(0, step.get("count", 1), step.get("parallel", 1)):
                calls = [self._call(client, step) for _ in range(step.get("parallel", 1))]
                answer = (await asyncio.gather(*calls))[-1]
        return answer | {"seconds": time.perf_counter() - began, "peak_bytes": client.peak_bytes}

    async def _call(self, client: "HttpClient", step: dict[str, Any]) -> dict[str, Any]:
        invocation = f"00000000-0000-0000-0000-{next(self._invocations):012}"
        asking = asyncio.create_task(client.ask(step, invocation))
        status = await self._invoke(step["function"], invocation, step.get("params", {}))
        return {"invocation": "Success" if status == Message.Success else "Failure"} | await asking

    async def _invoke(self, name: str, invocation: str, params: dict[str, str]) -> int:
        import azure_functions_runtime as runtime  # noqa: PLC0415

        function = self.functions[name]
        data = OneOf("http", SimpleNamespace(method="", url="", headers={}, body=OneOf(), params=params, query={}))
        reply = await runtime.invocation_request(
            ask(
                "invocation_request",
                invocation_id=invocation,
                function_id=function.function_id,
                trigger_metadata={},
                input_data=[OneOf("data", data, name=self._trigger(name))],
                trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
                retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
            )
        )
        return int(reply.result.status)

    def _trigger(self, name: str) -> str:
        bindings = (json.loads(raw) for raw in self.functions[name].raw_bindings)
        return next(str(binding["name"]) for binding in bindings if str(binding["type"]).lower().endswith("trigger"))

    async def queue(self, step: dict[str, Any]) -> dict[str, Any]:
        from azure_functions_runtime.bindings.datumdef import Datum  # noqa: PLC0415

        metadata = {"Id": Datum("m1", "string"), "DequeueCount": Datum(str(step.get("dequeued", 1)), "string")}
        return await self._trigger_with(step["function"], Datum(step["text"], "string"), metadata)

    async def timer(self, step: dict[str, Any]) -> dict[str, Any]:
        from azure_functions_runtime.bindings.datumdef import Datum  # noqa: PLC0415

        due = {"IsPastDue": step.get("is_past_due", False), "Schedule": {}, "ScheduleStatus": None}
        return await self._trigger_with(step["function"], Datum(json.dumps(due), "json"), {})

    async def _trigger_with(self, name: str, datum: object, metadata: dict[str, Any]) -> dict[str, Any]:
        from azure_functions_runtime.native_invocation import invocation_request_native  # noqa: PLC0415

        invocation = f"00000000-0000-0000-0000-{next(self._invocations):012}"
        is_ok, _, _, fault, _ = await invocation_request_native(
            invocation, self.functions[name].function_id, [(self._trigger(name), datum)], metadata
        )
        return {"invocation": "Success" if is_ok else "Failure", "fault": fault}


async def entries_left() -> int:
    """Invocations that the coordinator still holds once everything had time to end."""
    from azure_functions_runtime.http_v2 import http_coordinator  # noqa: PLC0415

    return await settled(lambda: len(http_coordinator._context_references))


async def settled(count: Any) -> int:
    until = time.perf_counter() + SETTLE_SECONDS
    while (left := int(count())) and time.perf_counter() < until:  # noqa: ASYNC110  # nobody signals an end
        await asyncio.sleep(0.05)
    return left


async def drive(answer: Callable[[object], None]) -> None:
    """Answer the plan, then the steps, then the end of the input."""
    plan = json.loads(sys.stdin.readline())
    worker = Worker()
    try:
        await worker.start(plan)
    except RuntimeError as refusal:
        answer({"refused": str(refusal)})
        return
    answer(
        {
            "indexed_at": time.time(),
            "surface": worker.surface(),
            "modules": sorted(sys.modules),
            "environment": sorted(os.environ),
            "streams": worker.uri is not None,
        }
    )
    await asyncio.sleep(0)  # the web server's own task begins
    before = asyncio.all_tasks()
    while line := await asyncio.to_thread(sys.stdin.readline):
        for kind, step in json.loads(line).items():
            answer(await getattr(worker, kind)(step))
    entries = await entries_left()
    tasks = await settled(lambda: len(asyncio.all_tasks() - before - server_tasks()))
    files = {name: str(module.__file__) for name, module in sys.modules.items() if getattr(module, "__file__", None)}
    answer({"entries_left": entries, "tasks_left": tasks, "modules": sorted(sys.modules), "files": files})


def server_tasks() -> set["asyncio.Task[Any]"]:
    """Uvicorn's own: its main loop. Requests run in tasks of `RequestResponseCycle.run_asgi`, which do count."""
    return {task for task in asyncio.all_tasks() if "WebServer.serve" in repr(task.get_coro())}


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Everything the app and the runtime log becomes visible, so that what must not be logged is found at any level.
    # The client's own loggers would quote the very requests that a test sends.
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

    def answer(value: object) -> None:
        print(json.dumps(value), file=answers, flush=True)

    async def run() -> None:
        await drive(answer)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # the runtime's web server has no way to stop

    asyncio.run(run())


if __name__ == "__main__":
    main()
