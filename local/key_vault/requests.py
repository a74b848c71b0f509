"""What a client may ask for when it makes or changes a key, parsed or refused. Nothing asked for is ignored."""

from dataclasses import dataclass

from local.key_vault.answers import bad_parameter
from local.key_vault.store import DEFAULT_KEY_SIZE, KEY_OPERATIONS, KEY_SIZES, KEY_TYPES, KeyType

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """``KeyCreateParameters``."""

    type: KeyType
    size: int
    operations: tuple[str, ...]
    enabled: bool
    tags: Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """``KeyUpdateParameters``; None is "leave as it is"."""

    enabled: bool | None
    operations: tuple[str, ...] | None
    tags: Tags | None


def parse_create(body: dict[str, object]) -> CreateRequest:
    """Raises ``VaultError`` (BadParameter)."""
    _only(body, {"kty", "key_size", "key_ops", "attributes", "tags", "public_exponent"})
    kty = body.get("kty")
    types = [known for known in KEY_TYPES if known == kty]
    if not types:
        raise bad_parameter(f"Property kty has an invalid value: this vault knows {', '.join(KEY_TYPES)}.")
    size = body.get("key_size") or DEFAULT_KEY_SIZE
    if not isinstance(size, int) or size not in KEY_SIZES:
        raise bad_parameter(f"Property key_size has an invalid value: {', '.join(map(str, KEY_SIZES))}.")
    if body.get("public_exponent") not in (None, 65537):
        raise bad_parameter("Property public_exponent has an invalid value: 65537.")
    operations, enabled = _operations(body), _enabled(body)
    return CreateRequest(
        type=types[0],
        size=size,
        operations=KEY_OPERATIONS if operations is None else operations,
        enabled=True if enabled is None else enabled,
        tags=_tags(body) or (),
    )


def parse_update(body: dict[str, object]) -> UpdateRequest:
    """Raises ``VaultError`` (BadParameter)."""
    _only(body, {"key_ops", "attributes", "tags"})
    return UpdateRequest(enabled=_enabled(body), operations=_operations(body), tags=_tags(body))


def parse_attributes(body: dict[str, object], *, known: set[str]) -> bool | None:
    """``attributes.enabled`` of a body that may hold the ``known`` members. Raises ``VaultError`` (BadParameter)."""
    _only(body, known)
    return _enabled(body)


def parse_tags(body: dict[str, object]) -> Tags | None:
    """``tags``. Raises ``VaultError`` (BadParameter)."""
    return _tags(body)


def _only(fields: dict[str, object], known: set[str]) -> None:
    for name, value in fields.items():
        if name not in known and value is not None:
            raise bad_parameter(f"Property {name} is not simulated.")


def _enabled(body: dict[str, object]) -> bool | None:
    attributes = body.get("attributes")
    if attributes is None:
        return None
    if not isinstance(attributes, dict):
        raise bad_parameter("Property attributes is not an object.")
    _only(attributes, {"enabled"})
    enabled = attributes.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise bad_parameter("Property enabled is not a boolean.")
    return enabled


def _operations(body: dict[str, object]) -> tuple[str, ...] | None:
    operations = body.get("key_ops")
    if operations is None:
        return None
    if not isinstance(operations, list) or not all(each in KEY_OPERATIONS for each in operations):
        raise bad_parameter("Property key_ops has an invalid value.")
    return tuple(operations)


def _tags(body: dict[str, object]) -> Tags | None:
    tags = body.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise bad_parameter("Property tags has an invalid value.")
    return tuple(tags.items())
