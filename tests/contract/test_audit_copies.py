"""Audit logs copied and verified on real stores: records in Table storage, copies in block blobs."""

from uuid import uuid4

from local.azurite import Azurite
from shared.adapters.block_blobs import BlockBlobs
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.places import PLATFORM
from tests.contract.test_restore import OnAzurite


async def test_a_log_in_azurite_is_copied_and_what_is_removed_is_missing(azurite: Azurite) -> None:
    """The same bytes come back from the store as were copied, and one record less is seen."""
    container = OnAzurite(azurite)
    copies = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    container.__dict__["audit_blobs"] = copies
    for store in (container.record_store, copies):
        await store.ensure()
    try:
        await container.administering.prepare_platform()
        log = await container.administering.create_organisation("Exempelkommunen")
        for _ in range(120):
            await container.audit.write(AuditEvent.SIGNED_OUT, log, by="system")
        await container.audit.write_once_a_minute(AuditEvent.STAFF_REFUSED, PLATFORM, by="unknown")
        container.clock.move(hours=1)
        done = await container.audit_copying.copy_all()
        assert (done.faults, done.records) == ([], 121)
        assert [verdict.is_good async for verdict in container.audit_verifying.verify_all()] == [True, True]
        partition = places.audit(log, container.clock(), "").partition
        gone = (await container.record_store.query(partition)).records[50]
        await container.record_store.delete_if_match(gone)
        verdict = await container.audit_verifying.verify(log)
        assert [period.missing for period in verdict.periods] == [[(gone.partition, gone.id)]]
    finally:
        await container.record_store.close()
        await copies.close()
