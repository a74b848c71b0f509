"""Entities of Table storage on the wire: JSON without the notes of types that nobody needs who knows its properties.

"Payload format for Table service operations" of the REST reference.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

from shared.adapters.storage_requests import Answer
from shared.domain.errors import DependencyError, IntegrityError

ANY_WAY: Final[Mapping[str, str]] = {
    "Accept": "application/json;odata=nometadata",
    "DataServiceVersion": "3.0",
    "MaxDataServiceVersion": "3.0",
    "x-ms-version": "2019-02-02",
}
"""Headers of every request."""

_BINARY: Final = "body"
"""What the names of all properties begin with that hold bytes (``entity_bodies``)."""


def written_entity(entity: Mapping[str, bytes | bool | str]) -> bytes:
    """The body of a request that writes the entity."""
    properties: dict[str, bool | str] = {}
    for name, value in entity.items():
        if isinstance(value, bytes):
            properties[f"{name}@odata.type"] = "Edm.Binary"
            properties[name] = base64.b64encode(value).decode()
        else:
            properties[name] = value
    return json.dumps(properties, ensure_ascii=False, separators=(",", ":")).encode()


def read_entity(answer: Answer) -> dict[str, object]:
    """Its properties. Raises ``DependencyError`` when it is no entity, ``IntegrityError`` when one is spoilt."""
    try:
        properties = json.loads(answer.body)
    except ValueError as exc:
        raise DependencyError from exc
    if not isinstance(properties, dict):
        raise DependencyError
    try:
        return {
            name: base64.b64decode(value, validate=True) if name.startswith(_BINARY) else value
            for name, value in properties.items()
        }
    except (TypeError, binascii.Error) as exc:
        raise IntegrityError from exc


def error_code(answer: Answer) -> str | None:
    """The service's own word for what is wrong: in a header, or where it leaves that out, in the body."""
    told = answer.headers.get("x-ms-error-code")
    if told is not None:
        return told
    try:
        return str(json.loads(answer.body)["odata.error"]["code"])
    except (ValueError, KeyError, TypeError):
        return None
