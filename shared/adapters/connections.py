"""The pool of connections under an Azure client: of a stated size, and straight to the service."""

import io
import logging
from typing import Any

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

CONNECT_SECONDS = 5.0
"""For a connection to be made. Within a region it takes milliseconds; what takes longer is not there."""

SILENCE_SECONDS = 10.0
"""Without a byte of the answer. Leaves room in the budget of an operation for a second attempt."""

# At INFO these loggers print the address and headers of every request, at DEBUG more.
logging.getLogger("azure").setLevel(logging.WARNING)

LARGE_BYTES = 1024 * 1024
"""Of a request's body. Only records near their limit are larger; blocks are streamed anyway."""


class Connections(AioHttpTransport):  # type: ignore[misc]  # loaded lazily by its package: no type
    """At most ``limit`` connections at once; who comes later waits for a free one.

    Opened with the first request. Proxy settings and ``.netrc`` of the environment are not read: the vendor's
    transport would look them up for every request, and content goes to a private endpoint.
    """

    session: aiohttp.ClientSession | None

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            use_env_settings=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            connection_data_block_size=256 * 1024,
        )
        self._limit = limit

    async def open(self) -> None:
        """Make the pool, if there is none. Called by the client."""
        if self.session is None:
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limit),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        await super().open()

    def _get_request_data(self, request: Any) -> Any:
        """Bodies over 1 MiB go out piece by piece: in one piece they would hold up the loop, and aiohttp warns."""
        data = super()._get_request_data(request)
        encoded = data.encode() if isinstance(data, str) else data
        return io.BytesIO(encoded) if isinstance(encoded, bytes) and len(encoded) > LARGE_BYTES else data
