"""The two real stores of records as the tests meet them: each adapter with a table or container of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias
from uuid import uuid4

from local.azurite import Ports, connection_string_for
from local.cosmos import KEY
from shared.adapters.cosmos_records import CosmosRecords
from shared.adapters.retries import BUDGET_SECONDS
from shared.adapters.table_records import TableRecords

Store: TypeAlias = TableRecords | CosmosRecords


def store(kind: str, port: int, *, name: str = "", budget_seconds: float = BUDGET_SECONDS) -> Store:
    """The adapter of ``kind``, "tables" or "cosmos", for what listens on ``port``."""
    name = name or f"t{uuid4().hex}"
    if kind == "tables":
        return TableRecords(
            connection_string=connection_string_for(Ports(table=port)), table=name, budget_seconds=budget_seconds
        )
    return CosmosRecords(
        endpoint=f"http://127.0.0.1:{port}/",
        credential=KEY,
        database="contract",
        container=name,
        budget_seconds=budget_seconds,
    )


@asynccontextmanager
async def made(records: Store) -> AsyncIterator[Store]:
    """With its table or container there, and closed afterwards."""
    try:
        await records.ensure()
        yield records
    finally:
        await records.close()
