"""One retry policy for all clients: the same faults before each of the five, through the vendor's own code.

What is particular to a service is in the tests of its adapter. The waits themselves are measured without a clock of
the machine in ``tests/unit/test_retries.py``.
"""

import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.azurite import Azurite
from local.cosmos import Cosmos
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.key_vault import KeyVaultKeys
from shared.adapters.local_credential import LocalCredential
from shared.adapters.storage_queues import StorageQueues
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError, RecordChangedError
from tests.support.fault_proxy import Cut, Fault, FaultProxy, Hang, Pass, Refuse, Slow, WrongEtag, fault_proxy
from tests.support.key_vault import RunningKeyVault
from tests.support.record_stores import Store, made, store

KINDS = ["blobs", "queues", "tables", "cosmos", "vault"]
CONTENT = bytes(range(256)) * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One operation of an adapter behind a proxy, and what it gives when all is well."""

    proxy: FaultProxy
    operation: Callable[[], Awaitable[object]]
    expected: object


async def blobs(stack: AsyncExitStack, azurite: Azurite) -> Client:
    proxy = await stack.enter_async_context(fault_proxy(azurite.ports.blob))
    connection = azurite.connection_string.replace(f":{azurite.ports.blob}/", f":{proxy.port}/")
    adapter = BlockBlobs(connection_string=connection, container=f"c{uuid4().hex}")
    stack.push_async_callback(adapter.close)
    await adapter.ensure()
    await adapter.stage("a", "0000", CONTENT)
    await adapter.commit("a", ["0000"])
    return Client(proxy=proxy, operation=lambda: adapter.read("a", 0, 10_000), expected=CONTENT)


async def queues(stack: AsyncExitStack, azurite: Azurite) -> Client:
    proxy = await stack.enter_async_context(fault_proxy(azurite.ports.queue))
    connection = azurite.connection_string.replace(f":{azurite.ports.queue}/", f":{proxy.port}/")
    adapter, queue = StorageQueues(connection_string=connection), f"q{uuid4().hex}"
    stack.push_async_callback(adapter.close)
    await adapter.ensure([queue])
    return Client(proxy=proxy, operation=lambda: adapter.put(queue, {"id": "1"}), expected=None)


async def records(stack: AsyncExitStack, kind: str, port: int) -> tuple[FaultProxy, Store]:
    proxy = await stack.enter_async_context(fault_proxy(port))
    name = f"f{uuid4().hex}"
    await stack.enter_async_context(made(store(kind, port, name=name)))
    adapter = await stack.enter_async_context(made(store(kind, proxy.port, name=name)))
    await adapter.create("p", "r", {"n": 1})
    return proxy, adapter


async def of_records(stack: AsyncExitStack, kind: str, port: int) -> Client:
    proxy, adapter = await records(stack, kind, port)

    async def body() -> object:
        return (await adapter.get("p", "r")).body

    return Client(proxy=proxy, operation=body, expected={"n": 1})


async def vault(stack: AsyncExitStack, key_vault: RunningKeyVault) -> Client:
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(key_vault.data / "server.pem", key_vault.data / "server-key.pem")
    trusted = ssl.create_default_context(cafile=key_vault.ca_file)
    port = urlsplit(key_vault.url).port
    assert port is not None
    proxy = await stack.enter_async_context(fault_proxy(port, tls=(shown, trusted)))
    adapter = KeyVaultKeys(
        vault_url=f"https://127.0.0.1:{proxy.port}",
        credential=LocalCredential(),
        ca_file=str(key_vault.ca_file),
        verify_challenge_resource=False,
        key_size_bits=2048,
    )
    stack.push_async_callback(adapter.close)
    name = f"k{uuid4().hex}"
    await adapter.create(name)
    wrapped = await adapter.wrap(name, bytes(32))
    return Client(proxy=proxy, operation=lambda: adapter.unwrap(wrapped), expected=bytes(32))


@pytest.fixture(params=KINDS)
async def client(
    request: pytest.FixtureRequest, azurite: Azurite, cosmos: Cosmos, key_vault: RunningKeyVault
) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        match request.param:
            case "blobs":
                made_one = await blobs(stack, azurite)
            case "queues":
                made_one = await queues(stack, azurite)
            case "tables":
                made_one = await of_records(stack, "tables", azurite.ports.table)
            case "cosmos":
                made_one = await of_records(stack, "cosmos", cosmos.port)
            case _:
                made_one = await vault(stack, key_vault)
        assert await made_one.operation() == made_one.expected  # What a client asks only once is asked.
        made_one.proxy.requests.clear()
        yield made_one


FAULTS: dict[str, list[Fault]] = {
    "four refusals": [Refuse(status=503)] * 4,
    "refusals of all kinds": [Refuse(status=status) for status in (500, 502, 503, 504)],
    "lost answers": [Cut(), Cut()],
    "an answer that ends in its middle": [Cut(after_bytes=60), Cut(after_bytes=250)],
    "refused, cut, refused": [Refuse(status=503), Cut(after_bytes=40), Refuse(status=429)],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
async def test_what_passes_is_absorbed(client: Client, faults: list[Fault]) -> None:
    """Nobody is told of it, and each fault costs one request."""
    client.proxy.faults = list(faults)
    began = time.monotonic()
    assert await client.operation() == client.expected
    assert time.monotonic() - began < 5
    assert len(client.proxy.requests) == len(faults) + 1


BURST_SECONDS = 2.0
TRIES = 3
"""The waits come to 1.8 s at most (``tests/unit/test_retries.py``); what the machine adds is not what is tested."""


async def test_a_burst_of_four_503_costs_two_seconds_at_most(client: Client) -> None:
    """With the vendor's code and a network around the waits."""
    took: list[float] = []
    while len(took) < TRIES and (not took or min(took) > BURST_SECONDS):
        client.proxy.faults = [Refuse(status=503)] * 4
        began = time.monotonic()
        assert await client.operation() == client.expected
        took.append(time.monotonic() - began)
    assert min(took) <= BURST_SECONDS


@pytest.mark.parametrize("status", [429, 503])
async def test_a_service_is_left_alone_as_long_as_it_asks(client: Client, status: int) -> None:
    """The vendors' policies differ in whether they listen; ours listens for each of them."""
    client.proxy.faults = [Refuse(status=status, headers={"Retry-After": "1"})]
    began = time.monotonic()
    assert await client.operation() == client.expected
    assert time.monotonic() - began >= 1
    assert len(client.proxy.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_service_that_asks_for_more_than_there_is_costs_no_wait(client: Client, status: int) -> None:
    """The caller hears of it at once. Cosmos DB's client turns to its next region once, which may be the same one."""
    client.proxy.faults = [Refuse(status=status, headers={"Retry-After": "60"})] * 5
    began = time.monotonic()
    with pytest.raises(DependencyError):
        await client.operation()
    assert time.monotonic() - began < 2
    assert len(client.proxy.requests) <= 2


async def test_a_slow_answer_is_waited_for_and_not_asked_again(client: Client) -> None:
    """Asking a slow service twice makes it slower."""
    client.proxy.faults = [Slow(seconds=0.2)]
    assert await client.operation() == client.expected
    assert len(client.proxy.requests) == 1


@pytest.mark.parametrize(
    "faults",
    [[Refuse(status=503)] * 50, [Cut()] * 50, [Hang()] * 50, [Slow(seconds=30)] * 50],
    ids=["refuses", "cuts", "hangs", "drips"],
)
async def test_what_does_not_pass_ends_with_the_deadline_of_the_request(client: Client, faults: list[Fault]) -> None:
    """Whatever an operation still had in mind: the one who waits decides, and hears which part failed."""
    client.proxy.faults = list(faults)
    began = time.monotonic()
    with deadline(began + 0.7), pytest.raises(DependencyError):
        await client.operation()
    assert time.monotonic() - began < 3
    client.proxy.faults.clear()
    assert await client.operation() == client.expected


async def test_a_wrong_etag_never_lets_a_write_pass_over_another(azurite: Azurite) -> None:
    """Whether a read or a write told it, the next write is refused. Cosmos DB tells it in the body, with the record."""
    async with AsyncExitStack() as stack:
        proxy, adapter = await records(stack, "tables", azurite.ports.table)
        proxy.faults = [WrongEtag()]
        read = await adapter.get("p", "r")
        proxy.faults = [Pass(), WrongEtag()]
        written = await adapter.replace_if_match(await adapter.get("p", "r"), {"n": 2})
        for stale in (read, written):
            with pytest.raises(RecordChangedError):
                await adapter.replace_if_match(stale, {"n": 3})
        assert (await adapter.get("p", "r")).body == {"n": 2}


async def test_a_wrong_etag_changes_nothing_of_a_read(azurite: Azurite) -> None:
    """Content is known by its seal and never by its ETag; also when the read is taken up again in the middle."""
    async with AsyncExitStack() as stack:
        client = await blobs(stack, azurite)
        client.proxy.faults = [WrongEtag(), Cut(after_bytes=2_000), WrongEtag(), WrongEtag()]
        assert await client.operation() == client.expected
        assert await client.operation() == client.expected
