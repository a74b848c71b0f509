"""Drives a function app inside the real azure-functions-runtime, in the place of the Functions host.

Runs in an environment of its own (Python 3.13, requirements.txt), one app and one start per process, for the runtime
keeps its state in modules. Reads a plan (JSON) from standard input and writes a report (JSON) to the file named in it;
standard output and error stay the app's own, so that a test can look for what must not be there. A plan:

    app             directory of function_app.py
    path            further directories to import from
    report          file to write
    start           "init": a worker that starts with its app; "reload": a placeholder worker that becomes the app, as
                    on Flex Consumption, with `settings` for its whole environment
    settings        for "reload": the environment
    steps           a list of {"http": {...}}, {"queue": {...}}, {"timer": {...}}, each answered in order

An http step has `function`, `method`, `path`, `params` (route parameters), `headers`, `text` or `size` (a body of that
many bytes, streamed), `leave_after` (bytes after which the client goes away, sending with `size`, else receiving) and
`count` and `parallel` (how often, and how many at once; the last answer is reported).
"""

import asyncio
import hashlib
import itertools
import json
import logging
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHUNK = b"\x5a" * 262_144
SETTLE_SECONDS = 5.0
"""How long a client that left may take to be noticed by everyone."""


class Message:
    """One permissive stand-in for every protobuf message."""

    Success, Failure = 1, 0

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class BindingInfo(Message):
    undefined, out, inout = 0, 1, 2  # the constants that the indexer compares with


class OneOf:
    """TypedData and ParameterBinding, which are read through ``WhichOneof``."""

    def __init__(self, kind: str | None = None, value: object = None, **more: Any) -> None:
        self.__dict__.update(more, kind=kind, **({kind: value} if kind else {}))
        self.kind = kind

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802  # protobuf's name
        return self.kind


NAMES = """WorkerInitResponse WorkerMetadata StatusResult RpcException FunctionMetadataResponse RpcFunctionMetadata
    RpcRetryOptions FunctionLoadResponse FunctionEnvironmentReloadResponse InvocationResponse TypedData RpcHttp
    RpcHttpCookie ParameterBinding NullableString NullableBool NullableDouble NullableTimestamp"""
PROTOS = SimpleNamespace(BindingInfo=BindingInfo, **{name: type(name, (Message,), {}) for name in NAMES.split()})


def ask(kind: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(
        request=SimpleNamespace(**{kind: SimpleNamespace(**fields)}),
        properties={"host": "127.0.0.1", "protos": PROTOS},
    )


def resident_bytes() -> int:
    """What the process holds in memory now; where the system does not tell, the most it ever held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class LeftError(Exception):
    """The client goes away in the middle of its own upload."""


class Worker:
    """The runtime with an app in it."""

    def __init__(self) -> None:
        self.uri: str | None = None
        self.functions: dict[str, Any] = {}
        self._invocations = itertools.count(1)
        self._peak = 0

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
        import httpx  # noqa: PLC0415  # a client is no part of the app's start

        self._peak = before = resident_bytes()
        began = time.perf_counter()
        answer: dict[str, Any] = {}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self.uri or "", timeout=60, limits=limits) as client:
            await self._listening(client)
            for _ in range(0, step.get("count", 1), step.get("parallel", 1)):
                calls = [self._call(client, step) for _ in range(step.get("parallel", 1))]
                answer = (await asyncio.gather(*calls))[-1]
        seconds = time.perf_counter() - began
        return answer | {"seconds": seconds, "growth_bytes": self._peak - before}

    async def _listening(self, client: Any) -> None:
        import httpx  # noqa: PLC0415

        for _ in range(100):
            try:
                await client.get("/", headers={"connection": "close"})  # no invocation id: 400 and no trace
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return

    async def _call(self, client: Any, step: dict[str, Any]) -> dict[str, Any]:
        invocation = f"00000000-0000-0000-0000-{next(self._invocations):012}"
        asking = asyncio.create_task(self._ask(client, step, invocation))
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

    async def _ask(self, client: Any, step: dict[str, Any], invocation: str) -> dict[str, Any]:
        import httpx  # noqa: PLC0415

        headers = {**step.get("headers", {}), "x-ms-invocation-id": invocation}
        size, leave_after = step.get("size"), step.get("leave_after")
        content = step.get("text") if size is None else self._body(size, leave_after)
        if size is not None:
            headers["content-length"] = str(size)
            leave_after = None
        received, digest, kept = 0, hashlib.sha256(), b""
        answer: dict[str, Any] = {"is_whole": False}
        try:
            async with client.stream(step["method"], step["path"], headers=headers, content=content) as response:
                answer |= {"status": response.status_code, "headers": response.headers.multi_items()}
                async for piece in response.aiter_raw():
                    received += len(piece)
                    digest.update(piece)
                    kept = kept or piece[:65_536]
                    self._peak = max(self._peak, resident_bytes())
                    if leave_after is not None and received >= leave_after:
                        break
                else:
                    answer["is_whole"] = True
        except (httpx.TransportError, LeftError) as broken:
            answer["broken"] = type(broken).__name__
        return answer | {"length": received, "sha256": digest.hexdigest(), "text": kept.decode(errors="replace")}

    async def _body(self, size: int, leave_after: int | None) -> AsyncIterator[bytes]:
        for sent in range(0, size, len(CHUNK)):
            if leave_after is not None and sent >= leave_after:
                raise LeftError
            yield CHUNK[: size - sent]
            self._peak = max(self._peak, resident_bytes())

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


async def drive(plan: dict[str, Any]) -> dict[str, Any]:
    worker = Worker()
    await worker.start(plan)
    report: dict[str, Any] = {
        "indexed_at": time.time(),
        "surface": worker.surface(),
        "modules_indexed": sorted(sys.modules),
        "streams": worker.uri is not None,
    }
    await asyncio.sleep(0)  # the web server's own task begins
    before = asyncio.all_tasks()
    report["steps"] = [await getattr(worker, kind)(step) for entry in plan["steps"] for kind, step in entry.items()]
    report["entries_left"] = await entries_left()
    report["tasks_left"] = await settled(lambda: len(asyncio.all_tasks() - before - server_tasks()))
    report["modules"] = sorted(sys.modules)
    return report


def server_tasks() -> set["asyncio.Task[Any]"]:
    """Uvicorn's own: its main loop. Requests run in tasks of `RequestResponseCycle.run_asgi`, which do count."""
    return {task for task in asyncio.all_tasks() if "WebServer.serve" in repr(task.get_coro())}


async def finish(plan: dict[str, Any]) -> None:
    """Drive, write the report and end the process at once: the runtime's web server has no way to stop."""
    try:
        report = await drive(plan)
    except RuntimeError as refusal:
        report = {"refused": str(refusal)}
    Path(plan["report"]).write_text(json.dumps(report))  # noqa: ASYNC240  # the last act of the process
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main() -> None:
    plan = json.loads(sys.stdin.read())
    sys.path[:0] = plan["path"]
    # Everything the app and the runtime log becomes visible, so that what must not be logged is found at any level.
    # The client's own loggers would quote the very requests that a test sends.
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(finish(plan))


if __name__ == "__main__":
    main()
