"""How the clients of a vault connect: soon or not at all, and to the emulator under its own authority."""

import ssl

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

CONNECT_SECONDS = 3
READ_SECONDS = 6
"""Without a byte from the vault. One that hangs is asked again while there is time."""


def vault_transport(ca_file: str | None) -> AioHttpTransport:
    """For one client. ``ca_file`` is for the emulator: the only authority to trust."""
    if ca_file is None:
        return AioHttpTransport(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
    return _OneAuthorityTransport(ca_file)


class _OneAuthorityTransport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it lazily, so untyped
    """Trusts one authority and no proxy.

    ``connection_verify=<path>`` would read the file anew for each request and, because connections are pooled by
    their TLS context, open a connection for each as well.
    """

    def __init__(self, ca_file: str) -> None:
        super().__init__(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
        self._trust = ssl.create_default_context(cafile=ca_file)
        self._opened = False

    async def open(self) -> None:
        if not self._opened:
            self._opened = True
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._trust),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        await super().open()
