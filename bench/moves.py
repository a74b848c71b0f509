"""How fast a deployment moves and what memory that takes, beside the plain SDKs that copy the same items.

Both from one Azurite to another, Table storage on either side, in turn, each into an empty target.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from local import azurite, children
from local.node_process import ROOT
from local.ports import free_ports
from local.seed import ensure_stores
from local.stack import settings_for
from shared.container import Container
from shared.settings import read_settings

MIB: Final = 1024 * 1024
PAIRS: Final = 5
RECORDS: Final = 1200
RECORDS_OF_PARTITION: Final = 4
BLOBS: Final = 60
BLOB_BYTES: Final = 100_000
PART_BYTES: Final = 8 * MIB
LARGE_PARTS: Final = 6
MANY_PARTS: Final = 48
"""Of the one large blob: in the deployment that is measured, and in the one for what memory does with size."""

HOW: Final = {
    "transfer_items_per_s": f"records and blobs moved and verified a second: {RECORDS} records of 0.6 kB, {BLOBS} "
    f"blobs of 100 kB and one of {LARGE_PARTS} parts; from one Azurite to another, median of {PAIRS}",
    "transfer_sdk_items_per_s": "the plain SDKs copying the same items, as many at once, nothing verified",
    "transfer_copy_vs_sdk": "items a second of our pass, not verified / of the SDKs, median of pairs in turn",
    "transfer_rss_mib": "peak resident memory of the process that moves and verifies them",
    "transfer_sdk_rss_mib": "of the process of the SDKs",
    "transfer_rss_flat": f"peak resident memory with a blob of {MANY_PARTS} parts and twice the records / without",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Where a deployment lies; ``fresh`` gives one with empty stores of its own there."""

    environment: dict[str, str]

    def fresh(self) -> dict[str, str]:
        name = uuid4().hex
        made = {**self.environment, "PIC_TABLE": f"t{name}", "PIC_BLOB_CONTAINER": f"c{name}"}
        asyncio.run(_ensure(made))
        return made


def measure() -> dict[str, float]:
    """The figures of ``HOW``."""
    with _two_sides() as (source_side, target_side):
        source, large = source_side.fresh(), source_side.fresh()
        asyncio.run(_deploy(source, records=RECORDS, parts=LARGE_PARTS))
        asyncio.run(_deploy(large, records=2 * RECORDS, parts=MANY_PARTS))
        _run("ours", source, target_side.fresh())  # Warm-up: bytecode, and what the stores keep in memory.
        pairs = [
            (_run("ours", source, target_side.fresh()), _run("sdk", source, target_side.fresh())) for _ in range(PAIRS)
        ]
        beyond = _run("ours", large, target_side.fresh())
    ours, sdk = [each[0] for each in pairs], [each[1] for each in pairs]
    ratios = [(a["items"] / a["copy_seconds"]) / (b["items"] / b["copy_seconds"]) for a, b in pairs]
    peak = statistics.median(each["peak_mib"] for each in ours)
    return {
        "transfer_items_per_s": statistics.median(each["items"] / each["seconds"] for each in ours),
        "transfer_sdk_items_per_s": statistics.median(each["items"] / each["seconds"] for each in sdk),
        "transfer_copy_vs_sdk": statistics.median(ratios),
        "transfer_rss_mib": peak,
        "transfer_sdk_rss_mib": statistics.median(each["peak_mib"] for each in sdk),
        "transfer_rss_flat": beyond["peak_mib"] / peak,
    }


@contextmanager
def _two_sides() -> Iterator[tuple[_Side, _Side]]:
    base = ROOT / ".local"
    base.mkdir(mode=0o700, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="bench-move-", dir=base))
    with ExitStack() as running:
        running.callback(shutil.rmtree, data, ignore_errors=True)

        def side(name: str) -> _Side:
            ports, folder = free_ports(), data / name
            places = azurite.Ports(blob=ports.blob, queue=ports.queue, table=ports.table)
            running.callback(azurite.start(folder / "azurite", places).stop)
            arguments = ["--port", str(ports.key_vault), "--data", str(folder / "key-vault")]
            vault = children.start("the Key Vault emulator", "local.key_vault", arguments, log=folder / "vault.log")
            running.callback(vault.stop)
            return _Side(environment=settings_for(ports, folder, "tables"))

        yield side("source"), side("target")


async def _ensure(environment: dict[str, str]) -> None:
    settings = read_settings(environment)
    container = Container(settings)
    try:
        await ensure_stores(container, settings)
    finally:
        await container.close()


async def _deploy(environment: dict[str, str], *, records: int, parts: int) -> None:
    container = Container(read_settings(environment))
    try:
        await fill(container, records=records, parts=parts)
    finally:
        await container.close()


async def fill(container: Container, *, records: int, parts: int) -> None:
    """A deployment: the platform and an organisation with their keys, threads, and random bytes for sealed ones."""
    await container.administering.prepare_platform()
    await container.administering.create_organisation("Mätningen")
    text = os.urandom(300).hex()
    for start in range(0, records, RECORDS_OF_PARTITION):
        thread = f"thread|{start:026d}"
        await asyncio.gather(
            *(
                # Straight into the store: bytes stand for sealed ones, which a declared record would have to hold.
                container.record_store.create(thread, f"message|{number:026d}", {"text": text})
                for number in range(start, start + RECORDS_OF_PARTITION)
            )
        )
    for number in range(BLOBS):
        await container.blobs.stage(f"a/{number}", "000000", os.urandom(BLOB_BYTES))
        await container.blobs.commit(f"a/{number}", ["000000"])
    blocks = [f"{number:06d}" for number in range(parts)]
    for block in blocks:
        await container.blobs.stage("a/large", block, os.urandom(PART_BYTES))
    await container.blobs.commit("a/large", blocks)


def _run(what: str, source: dict[str, str], target: dict[str, str]) -> dict[str, float]:
    environment = {**os.environ, "SOURCE": json.dumps(source), "TARGET": json.dumps(target)}
    command = [sys.executable, "-m", "bench.move_worker", what]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
