"""Settings as the Functions host sees them: local.settings.json laid under the process environment, and %NAME%."""

import json
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from local.host.errors import HostError

_REFERENCE = re.compile(r"%([^%]+)%")


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What local.settings.json says."""

    values: Mapping[str, str]
    port: int | None = None

    @classmethod
    def read(cls, path: Path) -> "LocalSettings":
        """Read the file; a missing file is an empty one.

        Raises:
            HostError: It is not what Core Tools would accept, or it is encrypted (only Core Tools has the key).
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls({})
        except ValueError as exc:
            raise HostError(f"{path.name} is not JSON") from exc
        if not isinstance(document, dict):
            raise HostError(f"{path.name} is not a JSON object")
        if document.get("IsEncrypted"):
            raise HostError(f"{path.name} is encrypted: run `func settings decrypt` first")
        values = document.get("Values") or {}
        wrong = [name for name, value in values.items() if isinstance(value, dict | list)]
        if wrong:
            raise HostError(f"{path.name}: not a plain value: {', '.join(sorted(wrong))}")
        port = (document.get("Host") or {}).get("LocalHttpPort")
        return cls({name: _as_text(value) for name, value in values.items()}, port)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def apply_settings(settings: LocalSettings, environment: MutableMapping[str, str], *, address: str, app: Path) -> None:
    """Put the settings into the environment; what the environment already holds wins, as with Core Tools."""
    for name, value in settings.values.items():
        environment.setdefault(name, value)
    environment["WEBSITE_HOSTNAME"] = address
    environment.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    environment.setdefault("AzureWebJobsScriptRoot", str(app))


def resolve(text: str, environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """Replace every %NAME% by the setting of that name; the second result lists the names that are not set."""
    missing: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        value = environment.get(match[1])
        if not value:
            missing.append(match[1])
            return match[0]
        return value

    return _REFERENCE.sub(replaced, text), missing
