"""From function_app.py to the list of its functions; whatever is wrong with any of them is reported at once.

The app is imported in this process and asked for its functions. Refused, because Azure would refuse it or because the
host would only pretend: bindings other than HTTP, queue trigger and timer trigger, `@app.retry` (it multiplies with
dequeueing; use host.json visibilityTimeout), and a function on azure.functions.HttpRequest in an app that registered a
streaming provider (there the real runtime fails the whole index).
"""

import importlib
import inspect
import json
import sys
import traceback
import typing
from collections.abc import Mapping
from pathlib import Path

import azure.functions
from starlette.requests import Request

from local.host.connections import HOST_STORAGE, is_connection_set
from local.host.environment import resolve
from local.host.errors import HostError
from local.host.functions import Function, HttpTrigger, Level, QueueTrigger, TimerTrigger, Trigger
from local.host.ncrontab import Schedule, ScheduleError

Binding = Mapping[str, typing.Any]  # A line of function.json: whatever the decorators of azure.functions write.

_EXTENSION = "azurefunctions.extensions.base"


def load_app(app: Path, script: str) -> azure.functions.FunctionApp:
    """Import the app's script and find its one FunctionApp.

    Raises:
        HostError: The import failed (its traceback is already printed) or there is not exactly one FunctionApp.
    """
    sys.path.insert(0, str(app))
    try:
        module = importlib.import_module(script.removesuffix(".py"))
    except BaseException as exc:
        # The one place that prints a foreign exception whole: nothing has been served yet and the reader is the
        # developer whose import failed.
        traceback.print_exc()
        raise HostError(f"{script} could not be imported: {type(exc).__name__}") from exc
    apps = {id(value): value for value in vars(module).values() if isinstance(value, azure.functions.FunctionApp)}
    if len(apps) != 1:
        raise HostError(f"{script} must hold exactly one FunctionApp at module level, it holds {len(apps)}")
    return next(iter(apps.values()))


def index(app: azure.functions.FunctionApp, environment: Mapping[str, str]) -> list[Function]:
    """The functions of an app, sorted by name, without those disabled by `AzureWebJobs.NAME.Disabled`.

    Raises:
        HostError: Every fault of every function, one a line.
    """
    try:
        declared = app.get_functions()
    except ValueError as exc:
        raise HostError(f"the functions cannot be indexed: {exc}") from exc
    reader = _Reader(environment)
    functions = [function for function in (reader.read(one) for one in declared) if function]
    if reader.faults:
        raise HostError("\n".join(reader.faults))
    return sorted(functions, key=lambda function: function.name)


class _Fault(Exception):  # noqa: N818 - becomes a line of the HostError
    pass


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._environment = environment

    def read(self, declared: azure.functions.Function) -> Function | None:
        name = declared.get_function_name() or ""
        if self._is_disabled(name):
            return None
        try:
            return self._function(name, declared)
        except (_Fault, ScheduleError) as exc:
            self.faults.append(f"function {name}: {exc}")
            return None

    def _function(self, name: str, declared: azure.functions.Function) -> Function:
        if declared.get_setting("retry_policy"):
            raise _Fault("@app.retry is not supported: use extensions.queues.visibilityTimeout")
        binding = self._only_trigger([json.loads(text) for text in declared.get_raw_bindings()])
        parameter = str(binding["name"])
        handler = declared.get_user_function()
        parameters = inspect.signature(handler).parameters
        if parameter not in parameters or set(parameters) - {parameter, "context"}:
            raise _Fault(f"its parameters must be {parameter} and, if wanted, context (no functools.wraps)")
        return Function(
            name=name,
            handler=handler,
            parameter=parameter,
            wants_context="context" in parameters and parameter != "context",
            trigger=self._trigger(binding, self._annotation(handler, parameter)),
        )

    def _is_disabled(self, name: str) -> bool:
        values = (self._environment.get(f"AzureWebJobs{mark}{name}{mark}Disabled", "") for mark in "._")
        return any(value.lower() in {"true", "1"} for value in values)

    @staticmethod
    def _only_trigger(bindings: list[Binding]) -> Binding:
        triggers = [one for one in bindings if one["type"] in {"httpTrigger", "queueTrigger", "timerTrigger"}]
        others = [one["type"] for one in bindings if one not in triggers]
        foreign = [kind for kind in others if kind != "http"]
        if foreign:
            raise _Fault(f"the binding {', '.join(foreign)} is not supported by the local host")
        if len(triggers) != 1:
            raise _Fault("it must have exactly one trigger")
        return triggers[0]

    @staticmethod
    def _annotation(handler: typing.Callable[..., object], parameter: str) -> object:
        try:
            return typing.get_type_hints(handler).get(parameter)
        except NameError as exc:
            raise _Fault(f"an annotation cannot be resolved: {exc.name}") from exc

    def _trigger(self, binding: Binding, annotation: object) -> Trigger:
        match binding["type"]:
            case "httpTrigger":
                return _http_trigger(binding, annotation)
            case "queueTrigger":
                connection = binding.get("connection") or HOST_STORAGE
                return QueueTrigger(
                    queue=self._resolved(binding["queueName"], (connection, "queue")), connection=connection
                )
            case _:
                schedule = Schedule.parse(self._resolved(binding["schedule"], (HOST_STORAGE, "blob")))
                return TimerTrigger(
                    schedule=schedule,
                    is_monitored=binding.get("useMonitor") is not False and not schedule.runs_within_a_minute(),
                    runs_on_startup=bool(binding.get("runOnStartup")),
                )

    def _resolved(self, text: str, needed: tuple[str, str]) -> str:
        """A name with its settings filled in; the connection and service that it needs are looked for as well."""
        value, missing = resolve(text, self._environment)
        if not is_connection_set(self._environment, *needed):
            missing.append(needed[0])
        if missing:
            raise _Fault(f"the setting {', '.join(missing)} is missing")
        return value


def _http_trigger(binding: Binding, annotation: object) -> HttpTrigger:
    is_streaming = isinstance(annotation, type) and issubclass(annotation, Request)
    extension = sys.modules.get(_EXTENSION)
    if extension is not None and extension.HttpV2FeatureChecker.http_v2_enabled() and not is_streaming:
        raise _Fault("the app has a streaming provider: every HTTP function must take its request type")
    methods = frozenset(str(method).upper() for method in binding.get("methods") or ())
    return HttpTrigger(
        route=str(binding["route"]),
        methods=methods or None,
        level=Level(str(binding.get("authLevel") or "function").lower()),
        is_streaming=is_streaming,
    )
