"""The Cosmos DB emulator (``@vercel/cosmosdb-server``), in place of Azure Cosmos DB.

It keeps everything in memory and checks no keys. What it answers wrongly is put right in ``cosmos_server.cjs``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local import node_process

KEY = "bG9jYWwtZW11bGF0b3ItY2hlY2tzLW5vLWtleQ=="
"""Base64 because the client decodes it to sign with; the emulator ignores the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosmos:
    """A running emulator."""

    port: int
    process: node_process.NodeProcess
    key: str = KEY

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        """End the emulator; its data goes with it. May be repeated."""
        self.process.stop()


def start(logs: Path, port: int = 0) -> Cosmos:
    """Start the emulator on ``port`` (0: any free one) and wait until it answers. ``logs`` receives its log.

    Raises:
        node_process.PortTakenError: the port is taken.
        node_process.StartError: Node or the package is missing, or it did not start.
    """
    if not (node_process.ROOT / "node_modules/@vercel/cosmosdb-server/package.json").is_file():
        raise node_process.StartError(
            "the Cosmos DB emulator is not installed: install Node 20 and run `make setup`",
        )
    process = node_process.start(
        "the Cosmos DB emulator", Path("local/cosmos_server.cjs"), [str(port)], log=logs / "cosmos.log", listens=1
    )
    return Cosmos(port=process.ports[0], process=process)


@asynccontextmanager
async def cosmos(logs: Path, port: int = 0) -> AsyncIterator[Cosmos]:
    """``start`` and ``stop`` around a block, off the event loop."""
    running = await asyncio.to_thread(start, logs, port)
    try:
        yield running
    finally:
        await asyncio.to_thread(running.stop)
