"""Looking at content before it is stored: what it gives away, whether it is malware, whether it is taken.

The look runs along with the digest of the plaintext (``digests``). A scanner is fed beside the sealing when a request
brings a whole file; a file that came in several requests is read once more for it, from its sealed parts. A verdict is
remembered under the digest of the bytes that it is about, so it can never be taken for that of others.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final, TypeVar

from shared.domain.audit_events import AuditEvent
from shared.domain.content_checks import NOT_SCANNED, ContentChecks, ContentPolicy, Scan
from shared.domain.content_findings import SniffedType, findings
from shared.domain.errors import ContentRefusedError, DependencyError
from shared.domain.ids import OrganisationId
from shared.domain.scanning import Scanning
from shared.services.auditing import Audit
from shared.services.digests import RunningDigest
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.uploads import Upload

_KEPT: Final = 256
"""Verdicts remembered between the last byte of a file and its being stored."""

_FINAL: Final = frozenset({Scan.CLEAN, Scan.FOUND, Scan.TOO_LARGE})
"""Verdicts that a second scan would only repeat."""

T = TypeVar("T", bytes, bytes | bytearray)

Plaintext = Callable[[], AsyncGenerator[bytes | bytearray, None]]
"""Reads the whole plaintext of an upload, from its start."""


class Checking:
    """``abandon`` takes a refused file out of its draft and erases it. Without ``scanning`` nothing is scanned."""

    def __init__(
        self,
        *,
        settings: SettingsOfOrganisations,
        audit: Audit,
        sniff: Callable[[bytes], tuple[SniffedType, ...]],
        scanning: Scanning | None,
        abandon: Callable[[Upload], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._audit = audit
        self._sniff = sniff
        self._scanning = scanning
        self._abandon = abandon
        self._verdicts: OrderedDict[bytes, Scan] = OrderedDict()

    @asynccontextmanager
    async def beside(
        self, body: AsyncIterator[T], digest: RunningDigest, *, length: int | None, announced: int | None
    ) -> AsyncIterator[AsyncIterator[T]]:
        """``body``, which goes to the scanner as it is read, if it may be the whole file of ``length`` bytes.

        ``digest`` runs along with whoever reads; ``announced`` is the length of the body where it is known.
        """
        may_be_whole = digest.is_whole and not digest.length and length and announced in {None, length}
        if self._scanning is None or not may_be_whole:
            yield body
            return
        scan = await self._scanning.scanner.begin()

        async def fed() -> AsyncGenerator[T, None]:
            async for data in body:
                await scan.feed(data)
                yield data

        try:
            async with aclosing(fed()) as pieces:
                yield pieces
            if digest.length == length:
                self._remember(digest, await scan.end())
        finally:
            await scan.close()

    async def check(
        self, upload: Upload, digest: RunningDigest, *, name: str, media_type: str, plaintext: Plaintext
    ) -> ContentChecks:
        """What is to be kept with the file of a whole upload.

        Raises ``ContentRefusedError`` when it is not taken: then the upload has ended, and nothing of it is left.
        Raises ``DependencyError`` when it has to be scanned and cannot be now: then it may be tried again.
        """
        types = self._sniff(digest.look.head)
        found = findings(digest.look, name=name, media_type=media_type, types=types)
        checks = ContentChecks(findings=found, scan=await self._verdict(digest, plaintext))
        is_required = self._scanning is not None and self._scanning.is_required
        if is_required and checks.scan is Scan.UNREACHABLE:
            raise DependencyError
        refusals = (await self.policy(upload.organisation)).refusals(checks)
        if is_required and checks.scan is Scan.TOO_LARGE:
            refusals += (NOT_SCANNED,)
        if refusals:
            ids = {"thread": upload.thread, "message": upload.message, "file": upload.file}
            reason = " ".join(refusals)
            await self._audit.write(AuditEvent.FILE_REFUSED, upload.organisation, by="system", **ids, reason=reason)
            await self._abandon(upload)
            raise ContentRefusedError(refusals)
        return checks

    async def policy(self, organisation: OrganisationId) -> ContentPolicy:
        """What the organisation refuses; nothing, if it never said."""
        return (await self._settings.of(organisation)).content

    async def _verdict(self, digest: RunningDigest, plaintext: Plaintext) -> Scan:
        if self._scanning is None:
            return Scan.OFF
        known = self._verdicts.pop(digest.digest(), None)
        if known is not None:
            return known
        scan = await self._scanning.scanner.begin()
        try:
            async with aclosing(plaintext()) as pieces:
                async for piece in pieces:
                    await scan.feed(piece)
            return await scan.end()
        finally:
            await scan.close()

    def _remember(self, digest: RunningDigest, verdict: Scan) -> None:
        if verdict in _FINAL:
            self._verdicts[digest.digest()] = verdict
        while len(self._verdicts) > _KEPT:
            self._verdicts.popitem(last=False)
