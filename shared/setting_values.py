"""One value of the environment at a time: the form it must have, and what is wrong with it.

What is wrong is collected, so that one message tells all of it; it names settings and never repeats values.
"""

import base64
import binascii
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, get_args
from urllib.parse import urlsplit

from shared.crypto.pseudonyms import MIN_PEPPER_BYTES, Peppers
from shared.domain import texts
from shared.domain.errors import InvalidInputError

T = TypeVar("T")

_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PORTS: Final = {"https": 443, "http": 80}
_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
"""RFC 6761 section 6.3, and what Linux distributions write into ``/etc/hosts``."""
_NUMBERS: Final = re.compile(r"[0-9a-fx]+(\.[0-9a-fx]+){0,3}")
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
AZURE_NAME: Final = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
"""Of blob containers and queues. Source: Azure Storage, naming containers; naming queues."""
VAULT_NAME: Final = r"[0-9A-Za-z-]{1,127}"
"""Of keys, secrets and certificates. Source: Azure Key Vault, vault-name and object-name."""
TABLE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
"""Source: Azure Storage, understanding the Table service data model."""


class Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values = environment
        self.faults: list[str] = []

    def optional(self, name: str) -> str | None:
        return self._values.get(name) or None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name) or default
        if value is None:
            self.faults.append(f"{name} is missing")
        return value or ""

    def parsed(self, name: str, parse: Callable[[str], T], wanted: str, fallback: T, default: str | None = None) -> T:
        value = self.text(name, default)
        if not value:
            return fallback
        try:
            return parse(value)
        except ValueError:
            self.faults.append(f"{name} must be {wanted}")
            return fallback

    def choice(self, name: str, options: object, default: str | None = None) -> str:
        """One of the texts of the ``Literal`` ``options``; the last one, the strictest, where it is none of them."""
        allowed: tuple[str, ...] = get_args(options)

        def parse(text: str) -> str:
            if text not in allowed:
                raise ValueError
            return text

        return self.parsed(name, parse, "one of " + ", ".join(allowed), allowed[-1], default)

    def whole(self, name: str, default: str, low: int, high: int) -> int:
        def parse(text: str) -> int:
            if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
                raise ValueError
            return int(text)

        return self.parsed(name, parse, f"a whole number from {low} to {high}", low, default)

    def url(self, name: str, *, schemes: tuple[str, ...] = ("https",)) -> str:
        def parse(text: str) -> str:
            parts = urlsplit(text)
            if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment or parts.username:
                raise ValueError
            _ = parts.port  # Reading it raises ValueError for a port that is none.
            return text.rstrip("/")

        return self.parsed(name, parse, f"an address that begins with {' or '.join(schemes)}://", "")

    def origin(self, name: str, *, schemes: tuple[str, ...]) -> str:
        """An address without a path, as browsers state it in ``Origin``: lower case, no port of the scheme's own."""
        address = self.url(name, schemes=schemes)
        parts = urlsplit(address)
        if parts.path:
            self.faults.append(f"{name} must have no path")
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
        return f"{parts.scheme}://{host}{port}"

    def formed(self, name: str, default: str, form: re.Pattern[str], wanted: str) -> str:
        def parse(text: str) -> str:
            if not form.fullmatch(text):
                raise ValueError
            return text

        return self.parsed(name, parse, wanted, "", default)

    def pepper(self, name: str) -> bytes:
        return self.parsed(name, _pepper, f"at least {MIN_PEPPER_BYTES} bytes in base64", bytes(MIN_PEPPER_BYTES))


def _pepper(text: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError from fault
    if len(secret) < MIN_PEPPER_BYTES:
        raise ValueError
    return secret


def words(text: str) -> frozenset[str]:
    """Lower-case words with commas between them. Raises ``ValueError`` for none, and for what is no word."""
    found = frozenset(text.split(","))
    if not all(_WORD.fullmatch(word) for word in found):
        raise ValueError
    return found


def peppers(text: str) -> Peppers:
    """Up to three ``version:base64`` with commas between them; the highest version is the current one.

    Raises ``ValueError``, also for a version that stands twice: nobody could tell which one was meant.
    """
    secrets: dict[int, bytes] = {}
    for one in text.split(","):
        written, separator, secret = one.strip().partition(":")
        if not separator or not (written.isascii() and written.isdecimal()):
            raise ValueError
        version = int(written)
        if version in secrets:
            raise ValueError
        secrets[version] = _pepper(secret)
    return Peppers(max(secrets), secrets)


def sender(text: str) -> str:
    try:
        return texts.mail_address(text)
    except InvalidInputError as fault:
        raise ValueError from fault


def is_this_machine(host: str) -> bool:
    name = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        if name in _LOCAL_NAMES or name.endswith(".localhost"):  # RFC 6761 section 6.3
            return True
        if not _NUMBERS.fullmatch(name):
            return False
        try:  # 127.1, 0x7f000001 and 2130706433 are addresses to whoever connects, and to no parser of addresses
            address = ipaddress.ip_address(socket.inet_aton(name))
        except OSError:
            return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback or (mapped or address).is_unspecified
