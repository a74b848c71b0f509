"""Azurite, in place of Azure Blob, Queue and Table storage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local import node_process

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The one account of every Azurite, printed in its manual: an address, not a secret."""

_IDLE_SECONDS = "65"
"""Longer than any client keeps a connection in its pool. Azurite's own 5 s cut requests that had just begun."""

_HEAP_MIB = 1024
"""What V8 lets its heap grow to before it looks through all of it; none of it is reserved. Left alone, V8 settles now
and then on a limit that the buffers of a few transfers reach: from then on it looks for garbage fourteen times a
second, and a transfer takes up to three times as much of Azurite's time as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the three services listen on 127.0.0.1; 0 takes any free port."""

    blob: int = 0
    queue: int = 0
    table: int = 0


def connection_string_for(ports: Ports) -> str:
    """The connection string of an Azurite that listens there."""
    return ";".join(
        (
            "DefaultEndpointsProtocol=http",
            f"AccountName={ACCOUNT}",
            f"AccountKey={ACCOUNT_KEY}",
            f"BlobEndpoint=http://127.0.0.1:{ports.blob}/{ACCOUNT}",
            f"QueueEndpoint=http://127.0.0.1:{ports.queue}/{ACCOUNT}",
            f"TableEndpoint=http://127.0.0.1:{ports.table}/{ACCOUNT}",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Azurite:
    """A running Azurite, with its real ports."""

    ports: Ports
    process: node_process.NodeProcess

    @property
    def connection_string(self) -> str:
        return connection_string_for(self.ports)

    def stop(self) -> None:
        """Let Azurite write its data and end it. May be repeated."""
        self.process.stop()


def start(data: Path, ports: Ports | None = None) -> Azurite:
    """Start Azurite with its data in ``data`` (made if missing) and wait until all three services answer.

    Raises:
        node_process.PortTakenError: one of the ports is taken.
        node_process.StartError: Node or Azurite is missing, or it did not start.
    """
    wanted = ports or Ports()
    data.mkdir(parents=True, exist_ok=True)
    process = node_process.start(
        "Azurite",
        Path("node_modules/azurite/dist/src/azurite.js"),
        [
            "--disableTelemetry",
            "--skipApiVersionCheck",
            "--silent",
            *("--location", str(data.resolve())),
            *("--blobHost", "127.0.0.1", "--blobPort", str(wanted.blob), "--blobKeepAliveTimeout", _IDLE_SECONDS),
            *("--queueHost", "127.0.0.1", "--queuePort", str(wanted.queue), "--queueKeepAliveTimeout", _IDLE_SECONDS),
            *("--tableHost", "127.0.0.1", "--tablePort", str(wanted.table), "--tableKeepAliveTimeout", _IDLE_SECONDS),
        ],
        log=data / "azurite.log",
        listens=3,
        preload=[Path("local/azurite_entity_limit.cjs")],
        engine=[f"--initial-old-space-size={_HEAP_MIB}"],
    )
    blob, queue, table = process.ports
    return Azurite(ports=Ports(blob=blob, queue=queue, table=table), process=process)


@asynccontextmanager
async def azurite(data: Path, ports: Ports | None = None) -> AsyncIterator[Azurite]:
    """``start`` and ``stop`` around a block, off the event loop."""
    running = await asyncio.to_thread(start, data, ports)
    try:
        yield running
    finally:
        await asyncio.to_thread(running.stop)
