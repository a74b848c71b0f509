"""The text form of a sealed value in a record: ``label.payload`` or ``label.key version.payload``.

``docs/file-format.md`` section 3. The payload is base64url without padding. Only one spelling of a value reads:
anything else raises ``IntegrityError``, as does a label that was not asked for.
"""

import base64
import re

from shared.domain.errors import IntegrityError

_PAYLOAD = re.compile(r"[0-9A-Za-z_-]+")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


def write(label: str, payload: bytes | bytearray | memoryview) -> str:
    """The text form of a value that needs no key version."""
    return f"{label}.{_encoded(payload)}"


def write_versioned(label: str, key_version: int, payload: bytes) -> str:
    """The text form of a value under version ``key_version`` of the organisation key."""
    return f"{label}.{key_version}.{_encoded(payload)}"


def read(label: str, text: str) -> bytes:
    """The payload of ``text``. Raises ``IntegrityError``."""
    found, separator, payload = text.partition(".")
    if found != label or not separator:
        raise IntegrityError
    return _decoded(payload)


def read_versioned(label: str, text: str) -> tuple[int, bytes]:
    """Key version and payload of ``text``. The version is not verified yet. Raises ``IntegrityError``."""
    version, separator, payload = text.removeprefix(f"{label}.").partition(".")
    if not text.startswith(f"{label}.") or not separator or not _VERSION.fullmatch(version):
        raise IntegrityError
    return int(version), _decoded(payload)


def _encoded(payload: bytes | bytearray | memoryview) -> str:
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    if not _PAYLOAD.fullmatch(text) or len(text) % 4 == 1:
        raise IntegrityError
    payload = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder ignores bits beyond the last byte; a second spelling of the same value must not pass.
    if _encoded(payload) != text:
        raise IntegrityError
    return payload
