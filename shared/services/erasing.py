"""Erasing a message: keys first, a certificate once all is gone, the message's own record last.

Order (design section 4): mark and destroy the text's key in one write -> note it in the journal -> destroy the files'
keys (all of that is ``shredding``) -> delete the blobs and read back that they are gone -> delete what else stands
about the message -> certificate -> delete the message's own record. Each step is found again after a crash, because
that record goes last, and with it goes what the certificate says. It deletes content, so only jobs and operators run
it.
"""

from shared.domain import places, retention
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.errors import IntegrityError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import ThreadId, UploadId
from shared.domain.metrics import Counter, Metrics
from shared.domain.places import Place
from shared.domain.ports import Blobs, Body, Clock, Record, Records
from shared.domain.threads import Erasure, Message, StoredFile, Thread
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.listing import every_record
from shared.services.shredding import Shredding

METHOD = "wrapped keys destroyed; blobs and records deleted"
PROOF = "no blob under the message's prefix"


class Erasing:
    """Erases messages, whole."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        shredding: Shredding,
        audit: Audit,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._shredding = shredding
        self._audit = audit
        self._metrics = metrics
        self._clock = clock

    async def erase(self, record: Record, *, cause: str, by: str) -> None:
        """Erase the message of ``record``. May be repeated until it is done; the first ``cause`` is certified.

        Raises ``IntegrityError`` when the store still shows a blob that it was told to delete.
        """
        shredded = await self._shredding.shred(record, cause=cause, by=by)
        if shredded is None:
            return
        message, files = shredded
        if message.erasure is None:
            raise IntegrityError
        for file in files:
            await self._blobs.delete(places.blob(file.organisation, file.thread, file.message, file.file))
        await self._prove_gone(message)
        await self._delete_entries(message, files)
        ids = {"thread": message.thread, "message": message.message}
        await self._audit.write(AuditEvent.MESSAGE_ERASED, message.organisation, by=message.erasure.by, **ids)
        await self._certify(message, message.erasure)
        await delete(self._records, places.message(message.thread, message.message))

    async def _prove_gone(self, message: Message) -> None:
        """Read back: no blob of the message is left. Raises ``IntegrityError``, so that no certificate is written.

        A blob that no record names (a crash kept it from going with its file) is deleted here.
        """
        prefix = f"{message.organisation}/{message.thread}/{message.message}/"
        strays = [blob async for blob in self._blobs.list(prefix)]
        for blob in strays:
            await self._blobs.delete(blob)
        if strays:
            async for _ in self._blobs.list(prefix):
                raise IntegrityError

    async def _delete_entries(self, message: Message, files: list[StoredFile]) -> None:
        room = await self._room(message.thread)
        if room is not None:
            for subject in (subject for person in room.participants for subject in person.subjects):
                await delete(self._records, places.mailbox(subject, message.message))
        pending = places.pending(retention.shard_of(message.message), message.thread, message.message)
        await delete(self._records, pending)
        partition = places.thread(message.thread).partition
        for kind in ("receipt", "notice"):
            start, end = places.range_of(f"{kind}|{message.message}")
            for entry in await every_record(self._records, partition, start=start, end=end):
                await delete(self._records, Place(entry.partition, entry.id))
        for file in files:
            await delete(self._records, places.upload(UploadId(file.upload)))
            await delete(self._records, places.file(file.thread, file.message, file.file))

    async def _room(self, thread: ThreadId) -> Thread | None:
        place = places.thread(thread)
        try:
            return Thread.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None

    async def _certify(self, message: Message, erasure: Erasure) -> None:
        # Under the month in which erasing began: one certificate, even if a crash carries the end into the next.
        place = places.certificate(message.organisation, erasure.at, message.message)
        body: Body = {
            "message": message.message,
            "files": erasure.files,
            "cause": erasure.cause,
            "method": METHOD,
            "proof": PROOF,
            "created_at": instant_text(message.created_at),
            "expires_at": instant_text(message.expires_at),
            "unreadable_at": instant_text(erasure.at),
            "deleted_at": instant_text(self._clock()),
        }
        try:
            await self._records.create(place.partition, place.id, body)
        except RecordExistsError:
            return  # Certified before a crash.
        self._metrics.add(Counter.ERASED, cause=erasure.cause)
