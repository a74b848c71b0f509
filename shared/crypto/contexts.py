"""What every sealed value is bound to: the one place that builds contexts and associated data.

``docs/file-format.md`` section 2. A context is a purpose and the ids of the one place where the sealed value
belongs, joined by ``|``. Ids cannot contain the separator, so no two places share a context; an id that is empty
or holds another character than ``[0-9A-Za-z._-]`` raises ``ValueError``: ids are ours, never input.
"""

import re

LABEL = "pic/v1"
"""Version of the format. Another format has another label, so a value relabelled by hand cannot verify."""

MAX_KEY_VERSION = 999_999_999
"""Largest version of an organisation key: nine digits, what a text form carries."""

_ID = re.compile(r"[0-9A-Za-z._-]{1,255}")
_RECORD_KEY = re.compile(r"[0-9A-Za-z|._-]{1,255}")


def part_context(organisation: str, thread: str, file: str, index: int) -> bytes:
    """The context of part ``index`` (from 0) of a file, or of a message text (``file`` the message, index 0)."""
    if index < 0:
        raise ValueError("part index")
    return _joined(LABEL, _id(organisation), _id(thread), _id(file), str(index))


def data_key_context(organisation: str, thread: str, file: str, key_version: int) -> bytes:
    """Associated data of a data key that is wrapped by version ``key_version`` of the organisation key."""
    return _joined(f"{LABEL}/data-key", _id(organisation), _id(thread), _id(file), _version(key_version))


def manifest_context(organisation: str, thread: str, file: str) -> bytes:
    """Associated data of a file's manifest, and the derivation of its key."""
    return _joined(f"{LABEL}/manifest", _id(organisation), _id(thread), _id(file))


def field_context(organisation: str, partition: str, id: str, field: str, key_version: int) -> bytes:  # noqa: A002
    """Associated data of one sealed field of the record ``id`` in ``partition``.

    Keys of records may hold ``|``; it is written as ``/``, which they cannot hold.
    """
    return _joined(
        f"{LABEL}/field",
        _id(organisation),
        _record_key(partition),
        _record_key(id),
        _id(field),
        _version(key_version),
    )


def organisation_subkey_context(purpose: str, organisation: str, key_version: int) -> bytes:
    """Derivation of the key that an organisation key yields for one ``purpose`` (``wrap``, ``field``, ...)."""
    return _joined(f"{LABEL}/organisation-key", _id(purpose), _id(organisation), _version(key_version))


def _joined(*components: str) -> bytes:
    return "|".join(components).encode("ascii")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("not an id that can stand in a context")
    return text


def _record_key(text: str) -> str:
    if not _RECORD_KEY.fullmatch(text):
        raise ValueError("not a record key that can stand in a context")
    return text.replace("|", "/")


def _version(key_version: int) -> str:
    if not 1 <= key_version <= MAX_KEY_VERSION:
        raise ValueError("key version")
    return str(key_version)
