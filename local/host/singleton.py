"""A lock that all hosts on one storage account share: the lease of a blob.

Whoever holds the lease runs the timer. It is renewed while held and given back at the end; a host that dies keeps the
others waiting for one lease period. Losing it is noticed at the next renewal and is reported by an event.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient

from local.host.logs import error_name, host_log

LEASE_SECONDS = 15  # The shortest period that Azure grants, so that a crashed host is soon replaced.
RENEWAL_SECONDS = 5.0
RETRY_SECONDS = 2.0

_CONFLICT = 409
_PRECONDITION_FAILED = 412


class BlobLock:
    """One lock, named by its blob."""

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncio.Event]:
        """Wait for the lock and hold it; the event is set when it is lost.

        Raises:
            AzureError: Storage does not answer.
        """
        lease = await self._acquire()
        lost = asyncio.Event()
        renewing = asyncio.create_task(_renew(lease, lost))
        try:
            yield lost
        finally:
            renewing.cancel()
            with suppress(AzureError):  # It ends by itself in any case.
                await lease.release()

    async def _acquire(self) -> BlobLeaseClient:
        with suppress_statuses(_CONFLICT, _PRECONDITION_FAILED):
            await self._blob.upload_blob(b"", overwrite=False)
        while True:
            with suppress_statuses(_CONFLICT):
                return await self._blob.acquire_lease(lease_duration=LEASE_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


async def _renew(lease: BlobLeaseClient, lost: asyncio.Event) -> None:
    while True:
        await asyncio.sleep(RENEWAL_SECONDS)
        try:
            await lease.renew()
        except AzureError as exc:
            host_log.warning("a timer's lease is lost: %s", error_name(exc))
            lost.set()
            return


class suppress_statuses:  # noqa: N801 - reads like contextlib.suppress
    """Swallow answers of storage with one of these statuses."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = statuses

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _traceback: object) -> bool:
        return isinstance(error, HttpResponseError) and error.status_code in self._statuses
