"""How a request to Azure Storage shows who asks: by a token of our identity, or by the key of a local account.

"Authorize with Shared Key" and "Authorize with Microsoft Entra ID" of the REST reference of Azure Storage.
"""

import asyncio
import base64
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import Final, Protocol, TypeAlias
from urllib.parse import unquote

from azure.core.credentials_async import AsyncTokenCredential
from yarl import URL

SCOPE: Final = "https://storage.azure.com/.default"

EARLY_SECONDS: Final = 300.0
"""A token is renewed this long before it ends, so that none ends on its way."""

_SIGNED_OF_BLOBS: Final = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


class Authorising(Protocol):
    """Adds to the headers of a request what shows who asks."""

    async def sign(self, method: str, url: URL, headers: Mapping[str, str]) -> dict[str, str]:
        """All headers to send. Raises ``AzureError``."""
        ...

    def forget(self) -> bool:
        """After a refusal: whether it may be another with the next signature."""
        ...


class Identity:
    """By a token of ``credential``, remembered until shortly before its end."""

    def __init__(self, credential: AsyncTokenCredential, *, clock: Callable[[], float] = time.time) -> None:
        self._credential = credential
        self._clock = clock
        self._token = ""
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def sign(self, method: str, url: URL, headers: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002
        # The same rule as the vendor's: a token shows itself to nobody who could have listened in.
        if url.scheme != "https":
            raise ValueError("a token goes over https alone")
        if self._clock() >= self._until:
            async with self._asking:
                if self._clock() >= self._until:
                    found = await self._credential.get_token(SCOPE)
                    self._token, self._until = found.token, found.expires_on - EARLY_SECONDS
        return {**headers, "x-ms-date": _date(int(time.time())), "Authorization": f"Bearer {self._token}"}

    def forget(self) -> bool:
        self._until = 0.0
        return True


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    """As HTTP writes it. Made once a second: a request for a range asks nine times."""
    return formatdate(second, usegmt=True)


Signed: TypeAlias = Callable[[str, URL, Mapping[str, str], str], str]
"""The text to sign: of a method, an address, lower-case headers with the date, and an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKey:
    """By the key of the account: Azurite alone. ``text`` is what the service in question wants signed."""

    account: str
    key: bytes = field(repr=False)
    text: Signed

    async def sign(self, method: str, url: URL, headers: Mapping[str, str]) -> dict[str, str]:
        dated = {**headers, "x-ms-date": _date(int(time.time()))}
        text = self.text(method, url, {name.lower(): value for name, value in dated.items()}, self.account)
        signature = base64.b64encode(hmac.digest(self.key, text.encode(), "sha256")).decode()
        return {**dated, "Authorization": f"SharedKey {self.account}:{signature}"}

    def forget(self) -> bool:
        return False


def of_blobs(method: str, url: URL, headers: Mapping[str, str], account: str) -> str:
    """What the blob service wants signed."""
    known = {**headers, "content-length": headers.get("content-length", "0").removeprefix("0")}
    plain = [known.get(name, "") for name in _SIGNED_OF_BLOBS]
    own = [f"{name}:{value}" for name, value in sorted(headers.items()) if name.startswith("x-ms-")]
    pairs = (pair.partition("=") for pair in url.raw_query_string.split("&") if pair)
    asked = [f"{name}:{unquote(value)}" for name, _, value in sorted(pairs)]
    return "\n".join([method, *plain, *own, f"/{account}{url.raw_path}", *asked])


def of_tables(method: str, url: URL, headers: Mapping[str, str], account: str) -> str:
    """What the table service wants signed. Only the parameter ``comp`` would count, and no request of ours has it."""
    kind, date = headers.get("content-type", ""), headers["x-ms-date"]
    return f"{method}\n\n{kind}\n{date}\n/{account}{url.raw_path}"


def authorising_of(
    connection_string: str | None, credential: AsyncTokenCredential | None, *, text: Signed
) -> Authorising:
    """The key of a connection string, or the identity. Raises ``ValueError`` when there is neither."""
    if connection_string is None:
        if credential is None:
            raise ValueError("connection_string or credential")
        return Identity(credential)
    parts = dict(part.partition("=")[::2] for part in connection_string.split(";") if part)
    try:
        key = base64.b64decode(parts["AccountKey"], validate=True)
        return SharedKey(account=parts["AccountName"], key=key, text=text)
    except KeyError:
        raise ValueError("the connection string names no account and key") from None
