"""What the bench moves can still be made: records are held against their declaration, and a bench that fails is silent."""

from bench.moves import BLOBS, RECORDS_OF_PARTITION, fill
from tests.support.memory_container import MemoryContainer


async def test_a_deployment_to_move_is_made() -> None:
    container = MemoryContainer()
    await fill(container, records=2 * RECORDS_OF_PARTITION, parts=1)
    page = await container.record_store.query(f"thread|{RECORDS_OF_PARTITION:026d}")
    assert len(page.records) == RECORDS_OF_PARTITION
    assert len([name async for name in container.blobs.list("a/")]) == BLOBS + 1
