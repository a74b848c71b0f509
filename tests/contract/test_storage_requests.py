"""Requests to Azure Storage without the vendor's client: what a token that is refused costs, and what is on the wire."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from local.bankid.certificates import make_authority, make_leaf, name
from shared.adapters.connections import Connections
from shared.adapters.storage_authorising import Identity
from shared.adapters.storage_requests import PIECE_BYTES, StorageRequests


class Tokens:
    """A new one each time."""

    given = 0

    async def get_token(self, _: str) -> AccessToken:
        self.given += 1
        return AccessToken(f"token-{self.given}", 2**40)


class Service:
    """Takes the tokens that it is told to, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:])}
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(int(headers.get("content-length", "0"))))
        status = 201 if headers["authorization"].removeprefix("Bearer ") in self.taken else 401
        writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def asking(service: Service, folder: Path) -> AsyncIterator[StorageRequests]:
    """Requests to ``service`` by an identity, over TLS."""
    authority = make_authority("Root")
    leaf = make_leaf(name("localhost"), authority)
    (folder / "leaf.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
    shown, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    shown.load_cert_chain(folder / "leaf.pem")
    trusting.load_verify_locations(cadata=authority.certificate_pem.decode())
    trusting.check_hostname = False
    connections = Connections(limit=2)
    connections.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting))
    async with await asyncio.start_server(service.serve, "127.0.0.1", 0, ssl=shown) as server:
        try:
            yield StorageRequests(
                endpoint=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/c",
                authorising=Identity(cast("AsyncTokenCredential", Tokens())),
                connections=connections,
                budget_seconds=2,
            )
        finally:
            await connections.close()


@pytest.mark.parametrize(("taken", "status", "asked"), [("token-1", 201, 1), ("token-2", 201, 2), ("none", 401, 2)])
async def test_a_refused_token_is_renewed_once(tmp_path: Path, taken: str, status: int, asked: int) -> None:
    """It may have been revoked before its end. Whoever is refused twice is refused."""
    service = Service()
    service.taken = {taken}
    async with asking(service, tmp_path) as requests:
        answer = await requests.ask("PUT", "/b", query="comp=block", headers={}, content=b"content")
    assert (answer.status, len(service.heads)) == (status, asked)
    assert service.bodies == [b"content"] * asked


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 3])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_a_body_of_any_kind_goes_out_whole(tmp_path: Path, kind: type, length: int) -> None:
    """In as many pieces as it takes, with its length stated; and nothing tells what we are made of."""
    content, service = b"x" * length, Service()
    service.taken = {"token-1"}
    async with asking(service, tmp_path) as requests:
        await requests.ask("PUT", "/b", headers={}, content=kind(content))
    assert service.bodies == [content]
    (head,) = [head.lower() for head in service.heads]
    assert f"content-length: {length}\r\n" in head
    assert "transfer-encoding" not in head
    assert "user-agent" not in head


async def test_whoever_is_not_trusted_gets_no_token(tmp_path: Path) -> None:
    """A certificate of another authority: the connection does not come to be."""
    service = Service()
    async with asking(service, tmp_path) as requests:
        await requests._connections.close()
        with pytest.raises(AzureError):
            await requests.ask("GET", "/b", headers={})
    assert service.heads == []
