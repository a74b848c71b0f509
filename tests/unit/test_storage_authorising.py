"""How requests to Azure Storage are signed: as the vendor's own clients sign them, and with tokens that are fresh."""

import asyncio
import base64
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

import pytest
from azure.core.credentials import AccessToken, AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.data.tables._authentication import SharedKeyCredentialPolicy as TablesPolicy
from azure.storage.blob._shared.authentication import (
    SharedKeyCredentialPolicy as BlobsPolicy,
)
from yarl import URL

from shared.adapters.storage_authorising import (
    EARLY_SECONDS,
    SCOPE,
    Identity,
    SharedKey,
    Signed,
    authorising_of,
    of_blobs,
    of_tables,
)

ACCOUNT, KEY = "account", base64.b64encode(b"k" * 64).decode()
LOCAL = (
    f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:1/{ACCOUNT}"
)
TOKENS = "https://account.blob.core.windows.net/c/b"

BLOB_REQUESTS = [
    ("GET", "/c/a/b-1_c.d", "", {"x-ms-version": "2021-12-02", "x-ms-range": "bytes=0-9"}),
    ("PUT", "/c/a", "comp=block&blockid=MDAwMA%3D%3D", {"x-ms-version": "2021-12-02", "Content-Length": "5"}),
    ("PUT", "/c/a", "comp=block&blockid=MDAwMA%3D%3D", {"x-ms-version": "2021-12-02", "Content-Length": "0"}),
]
TABLE_REQUESTS = [
    ("GET", "/t(PartitionKey='p%7Cq',RowKey='r')", "", {"Accept": "application/json;odata=nometadata"}),
    ("POST", "/t", "", {"Content-Type": "application/json", "Content-Length": "5", "Prefer": "return-no-content"}),
    ("DELETE", "/t(PartitionKey='p%7Cq',RowKey='r')", "", {"If-Match": 'W/"x"'}),
]


def vendor_signed(text: Signed, method: str, url: URL, headers: Mapping[str, str]) -> str:
    """What the vendor's policy makes of the request."""
    query = {name: values[0] for name, values in parse_qs(url.raw_query_string).items()}
    http = SimpleNamespace(method=method, url=str(url), headers=dict(headers), query=query)
    request = SimpleNamespace(
        http_request=http, headers=http.headers, method=method, context=SimpleNamespace(transport=None)
    )
    policy: Any
    if text is of_blobs:
        policy = cast("Any", BlobsPolicy)(ACCOUNT, KEY)
        policy.on_request(request)
    else:
        policy = cast("Any", TablesPolicy)(AzureNamedKeyCredential(ACCOUNT, KEY))
        lines = policy._get_verb(request) + policy._get_headers(request, ["content-md5", "content-type", "x-ms-date"])
        policy._add_authorization_header(request, lines + policy._get_canonicalized_resource(request))
    return str(http.headers["Authorization"])


@pytest.mark.parametrize(
    ("text", "request_of"),
    [*((of_blobs, request) for request in BLOB_REQUESTS), *((of_tables, request) for request in TABLE_REQUESTS)],
)
@pytest.mark.parametrize("endpoint", ["https://account.blob.core.windows.net", "http://127.0.0.1:10000/account"])
async def test_a_shared_key_signs_as_the_vendor_does(
    text: Signed, request_of: tuple[str, str, str, dict[str, str]], endpoint: str
) -> None:
    """Header for header; Azurite, which is behind all other tests, is not the judge of that."""
    method, path, query, headers = request_of
    url = URL(f"{endpoint}{path}" + (f"?{query}" if query else ""), encoded=True)
    signed = await authorising_of(LOCAL, None, text=text).sign(method, url, headers)
    rest = {name: value for name, value in signed.items() if name != "Authorization"}
    assert rest == {**headers, "x-ms-date": signed["x-ms-date"]}
    assert signed["Authorization"] == vendor_signed(text, method, url, rest)


class Credential:
    """Counts the tokens it gives; each ends an hour after the clock's time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[str] = []

    async def get_token(self, scope: str) -> AccessToken:
        self.asked.append(scope)
        await asyncio.sleep(0)
        return AccessToken(f"token-{len(self.asked)}", int(self.now) + 3600)


def identity(credential: Credential) -> Identity:
    return Identity(cast("AsyncTokenCredential", credential), clock=lambda: credential.now)


async def bearer(of: Identity, url: str = TOKENS) -> str:
    return (await of.sign("GET", URL(url), {"a": "b"}))["Authorization"]


async def test_a_token_serves_until_shortly_before_its_end() -> None:
    """One for many requests, also for those that come at once; and never one that could end on its way."""
    credential = Credential()
    of = identity(credential)
    assert set(await asyncio.gather(*(bearer(of) for _ in range(5)))) == {"Bearer token-1"}
    credential.now += 3600 - EARLY_SECONDS - 1
    assert await bearer(of) == "Bearer token-1"
    credential.now += 1
    assert await bearer(of) == "Bearer token-2"
    assert credential.asked == [SCOPE, SCOPE]


async def test_a_token_that_was_refused_is_not_shown_again() -> None:
    """It may have been revoked before its end. A key stays what it is."""
    of = identity(Credential())
    await bearer(of)
    assert of.forget()
    assert await bearer(of) == "Bearer token-2"
    assert not SharedKey(account=ACCOUNT, key=b"k", text=of_blobs).forget()


async def test_a_token_goes_to_nobody_who_could_have_listened_in() -> None:
    """Over http, whoever stands in between would have it."""
    credential = Credential()
    with pytest.raises(ValueError, match="https"):
        await bearer(identity(credential), TOKENS.replace("https", "http"))
    assert credential.asked == []


@pytest.mark.parametrize(
    "broken", ["", "AccountName=a", f"AccountKey={KEY}", "AccountName=a;AccountKey=!!", "SharedAccessSignature=sig"]
)
def test_a_connection_string_without_account_and_key_is_refused(broken: str) -> None:
    """When the adapter is made, and not with the first request. It is not quoted: it may hold half a key."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is looked at below
        authorising_of(broken, None, text=of_blobs)
    assert KEY not in str(refused.value)
    with pytest.raises(ValueError, match="credential"):
        authorising_of(None, None, text=of_blobs)


def test_a_key_is_never_shown() -> None:
    """Not in a log of an object that holds it."""
    assert "kkkk" not in repr(authorising_of(LOCAL, None, text=of_blobs))
