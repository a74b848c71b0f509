"""Key Vault's refusals: status, code and message, and the body that carries them."""

from collections.abc import Mapping

from starlette.responses import JSONResponse


class VaultError(Exception):
    """A refusal in Key Vault's own words. ``inner`` is the finer code that some refusals carry."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers = headers

    def answer(self) -> JSONResponse:
        """The response: ``{"error": {"code", "message", "innererror"}}``."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.inner is not None:
            error["innererror"] = {"code": self.inner}
        return JSONResponse({"error": error}, self.status, self.headers)


def bad_parameter(message: str) -> VaultError:
    """400: the request itself is wrong."""
    return VaultError(400, "BadParameter", message)


def key_not_found(name: str, version: str | None = None) -> VaultError:
    """404: there is no such key, or no such version of it."""
    what = name if version is None else f"{name}/{version}"
    message = f"A key with (name/id) {what} was not found in this key vault."
    return VaultError(404, "KeyNotFound", message)


def secret_not_found(name: str, version: str | None = None) -> VaultError:
    """404: there is no such secret, or no such version of it."""
    what = name if version is None else f"{name}/{version}"
    return VaultError(404, "SecretNotFound", f"A secret with (name/id) {what} was not found in this key vault.")


def secret_disabled() -> VaultError:
    """403: the version exists and may not be read."""
    message = "Operation get is not allowed on a disabled secret."
    return VaultError(403, "Forbidden", message, inner="SecretDisabled")


def key_disabled(operation: str) -> VaultError:
    """403: the version exists and may not be used."""
    message = f"Operation {operation} is not allowed on a disabled key."
    return VaultError(403, "Forbidden", message, inner="KeyDisabled")


def operation_not_permitted(operation: str) -> VaultError:
    """403: the key was made for other operations."""
    message = f"Operation {operation} is not permitted on this key."
    return VaultError(403, "Forbidden", message, inner="KeyOperationForbidden")


def key_is_deleted(name: str) -> VaultError:
    """409: the name is taken by a deleted key until that is recovered or purged."""
    message = (
        f"Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; "
        "in this state, the key can only be recovered or purged."
    )
    return VaultError(409, "Conflict", message, inner="ObjectIsDeletedButRecoverable")


def purge_protected() -> VaultError:
    """403: purge protection holds a deleted key until its retention is over."""
    message = "Operation purge is not allowed because purge protection is enabled for this vault."
    return VaultError(403, "Forbidden", message, inner="ForbiddenByPurgeProtection")
