"""SHA-256 of a plaintext that arrives over several requests.

A running digest cannot be stored, so it is kept in memory for the next request of the same upload; when that lands
on another instance, the rest of the digest is made from the sealed parts at the end. Either way the manifest holds the
digest of what is stored.

What is remembered is always that of the first bytes of an upload as its record has them. They never change, so the
longest one is the best.
"""

import hashlib
from collections import OrderedDict

from shared.domain.content_looks import ContentLook
from shared.domain.ids import UploadId

_KEPT = 256
"""Running digests remembered per instance, up to 260 KiB each, most of it the tail of a large file."""


class RunningDigest:
    """The SHA-256 of the first ``length`` bytes of an upload, or a digest known to be incomplete.

    ``look`` is what else is remembered of the same bytes, for the checks of the content.
    """

    def __init__(self, *, is_whole: bool) -> None:
        self.is_whole = is_whole
        self.length = 0
        self.look = ContentLook()
        self._sha256 = hashlib.sha256()

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        if self.is_whole:
            self.length += len(data)
            self._sha256.update(data)
            self.look.update(data)

    def copy(self) -> "RunningDigest":
        twin = RunningDigest(is_whole=self.is_whole)
        twin.length = self.length
        twin.look = self.look.copy()
        twin._sha256 = self._sha256.copy()
        return twin

    def digest(self) -> bytes:
        """32 bytes."""
        return self._sha256.digest()


class RunningDigests:
    """Remembers running digests by upload, the most recent ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UploadId, RunningDigest] = OrderedDict()

    def at(self, upload: UploadId, offset: int) -> RunningDigest:
        """A digest to go on with at ``offset``: a copy, so that a failed request leaves the remembered one alone."""
        kept = self._kept.get(upload)
        if offset == 0:
            return RunningDigest(is_whole=True)
        if kept is None or kept.length != offset:
            return RunningDigest(is_whole=False)
        return kept.copy()

    def longest(self, upload: UploadId) -> RunningDigest:
        """What there is to go on with from its own length: a copy, or a fresh one."""
        kept = self._kept.get(upload)
        return RunningDigest(is_whole=True) if kept is None else kept.copy()

    def keep(self, upload: UploadId, digest: RunningDigest) -> None:
        """Remember for the next request, unless nothing is known of the bytes, or more is remembered already."""
        kept = self._kept.get(upload)
        if not digest.is_whole or (kept is not None and kept.length > digest.length):
            return
        self._kept[upload] = digest
        self._kept.move_to_end(upload)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def forget(self, upload: UploadId) -> None:
        self._kept.pop(upload, None)
