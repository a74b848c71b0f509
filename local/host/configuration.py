"""host.json: what the host does with functions, read whole, defaults as documented for the Storage extension 5.x."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.host.errors import HostError

DEFAULT_BODY_LIMIT_BYTES = 104_857_600
"""What the real host admits when FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is not set."""

_OVERRIDE_PREFIX = "AzureFunctionsJobHost__"
_LARGEST_BATCH = 32  # The queue service hands out no more at once.
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """`extensions.queues` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout_seconds: float = 0.0
    max_polling_interval_seconds: float = 60.0
    is_base64: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfiguration:
    """All that the host takes from host.json and its overrides."""

    route_prefix: str = "api"
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    queues: QueueSettings = QueueSettings()

    @classmethod
    def read(cls, path: Path, environment: Mapping[str, str]) -> "HostConfiguration":
        """Read host.json and lay `AzureFunctionsJobHost__a__b` settings over it.

        Raises:
            HostError: Every value that is wrong, in one message.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as exc:
            raise HostError(f"{path.name} is missing: every function app has one") from exc
        except ValueError as exc:
            raise HostError(f"{path.name} is not JSON") from exc
        if not isinstance(document, dict) or document.get("version") != "2.0":
            raise HostError(f'{path.name} must be an object with "version": "2.0"')
        values = dict(_flatten(document))
        for name, value in environment.items():
            if name.lower().startswith(_OVERRIDE_PREFIX.lower()):
                values[name[len(_OVERRIDE_PREFIX) :].replace("__", ":").lower()] = value
        if limit := environment.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"):
            values["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] = limit
        return _Reader(values).configuration()


def _flatten(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Keys as .NET configuration has them: joined by colons, whatever their case."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(inner, f"{path}:{key}".lower().removeprefix(":"))
    else:
        yield path, value


class _Reader:
    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self._faults: list[str] = []

    def configuration(self) -> HostConfiguration:
        batch_size = self._whole("extensions:queues:batchSize", 16, 1, _LARGEST_BATCH)
        result = HostConfiguration(
            route_prefix=self._text("extensions:http:routePrefix", "api").strip("/"),
            body_limit_bytes=self._whole("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", DEFAULT_BODY_LIMIT_BYTES, 1, 2**63 - 1),
            queues=QueueSettings(
                batch_size=batch_size,
                new_batch_threshold=self._whole("extensions:queues:newBatchThreshold", batch_size // 2, 0, 10_000),
                max_dequeue_count=self._whole("extensions:queues:maxDequeueCount", 5, 1, 10_000),
                visibility_timeout_seconds=self._seconds("extensions:queues:visibilityTimeout", 0.0),
                max_polling_interval_seconds=max(self._seconds("extensions:queues:maxPollingInterval", 60.0), 0.1),
                is_base64=self._is_base64(),
            ),
        )
        if self._faults:
            raise HostError("host.json: " + "; ".join(self._faults))
        return result

    def _text(self, name: str, default: str) -> str:
        value = self._value(name)
        return default if value is None else str(value)

    def _whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self._value(name)
        if value is None:
            return default
        try:
            number = int(str(value))
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            self._faults.append(f"{name} must be a whole number from {lowest} to {highest}")
        return number

    def _seconds(self, name: str, default: float) -> float:
        value = self._value(name)
        if value is None:
            return default
        match = _TIME_SPAN.fullmatch(str(value))
        if match is None:
            self._faults.append(f"{name} must be a time span like 00:00:02")
            return default
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + float(f"0.{match[5] or 0}")

    def _is_base64(self) -> bool:
        name = "extensions:queues:messageEncoding"
        encoding = self._text(name, "base64").lower()
        if encoding not in {"base64", "none"}:
            self._faults.append(f"{name} must be base64 or none")
        return encoding == "base64"

    def _value(self, name: str) -> object:
        return self._values.get(name if name.isupper() else name.lower())
