"""The JSON in which Key Vault shows a key: bundles, items, deleted ones, results of operations."""

import base64

from local.key_vault.store import RETENTION_DAYS, Key, KeyVersion

_DAY_SECONDS = 86400


def bundle(base: str, key: Key, version: KeyVersion, recovery_level: str) -> dict[str, object]:
    """``KeyBundle``: public key and attributes of one version."""
    numbers = version.private.public_key().public_numbers()
    return {
        "key": {
            "kid": _version_address(base, key, version),
            "kty": key.type,
            "key_ops": list(version.operations),
            "n": _base64url(_big_endian(numbers.n)),
            "e": _base64url(_big_endian(numbers.e)),
        },
        "attributes": _attributes(version, recovery_level),
        "tags": dict(version.tags),
    }


def deleted_bundle(base: str, key: Key, recovery_level: str) -> dict[str, object]:
    """``DeletedKeyBundle``: the current version, and when and where it can be recovered."""
    return {**bundle(base, key, key.current, recovery_level), **_deletion(base, key)}


def item(base: str, key: Key, version: KeyVersion, recovery_level: str) -> dict[str, object]:
    """``KeyItem`` of a key, without version."""
    return {
        "kid": _address(base, key),
        "attributes": _attributes(version, recovery_level),
        "tags": dict(version.tags),
    }


def version_item(base: str, key: Key, version: KeyVersion, recovery_level: str) -> dict[str, object]:
    """``KeyItem`` of one version."""
    return {**item(base, key, version, recovery_level), "kid": _version_address(base, key, version)}


def deleted_item(base: str, key: Key, recovery_level: str) -> dict[str, object]:
    """``DeletedKeyItem``."""
    return {**item(base, key, key.current, recovery_level), **_deletion(base, key)}


def operation_result(base: str, key: Key, version: KeyVersion, result: bytes) -> dict[str, object]:
    """``KeyOperationResult`` of wrapKey and unwrapKey."""
    return {"kid": _version_address(base, key, version), "value": _base64url(result)}


def _address(base: str, key: Key) -> str:
    return f"{base}/keys/{key.name}"


def _version_address(base: str, key: Key, version: KeyVersion) -> str:
    return f"{_address(base, key)}/{version.id}"


def _attributes(version: KeyVersion, recovery_level: str) -> dict[str, object]:
    return {
        "enabled": version.enabled,
        "created": version.created,
        "updated": version.updated,
        "recoveryLevel": recovery_level,
        "recoverableDays": RETENTION_DAYS,
        "exportable": False,
    }


def _deletion(base: str, key: Key) -> dict[str, object]:
    assert key.deleted is not None
    return {
        "recoveryId": f"{base}/deletedkeys/{key.name}",
        "deletedDate": key.deleted,
        "scheduledPurgeDate": key.deleted + RETENTION_DAYS * _DAY_SECONDS,
    }


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
