"""A body that counts only when its checksum is right.

Its bytes are handed on as they come, so that they can be sealed and staged in constant memory. Whoever takes them must
refer to none of them before the end: only there is it known whether they are the ones that were sent.
"""

from collections.abc import AsyncIterator

from shared.crypto.tokens import equal
from shared.domain.errors import ChecksumMismatchError
from shared.domain.tus_headers import Checksum


async def verified(body: AsyncIterator[bytes], checksum: Checksum) -> AsyncIterator[bytes]:
    """All of ``body``; raises ``ChecksumMismatchError`` after the last byte if it is not what was announced."""
    running = checksum.begun()
    async for data in body:
        running.update(data)
        yield data
    if not equal(running.digest().hex(), checksum.digest.hex()):
        raise ChecksumMismatchError
