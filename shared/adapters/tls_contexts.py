"""A TLS context for one peer: one trusted root, our certificate, and no trace of its key on a disk.

``ssl`` loads a certificate and its key from files only. On Linux the file is one in memory (``memfd_create``) that no
other process has a name for; elsewhere it is a private temporary file that is gone before the context is used.
"""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.client_certificates import TlsCredentials


def client_context(credentials: TlsCredentials, *, in_memory: bool = hasattr(os, "memfd_create")) -> ssl.SSLContext:
    """Trusts ``credentials.root`` and nothing else; TLS 1.2 or later; the host's name is checked."""
    # Not `create_default_context`: from Python 3.13 it demands extensions (VERIFY_X509_STRICT) that roots from 2011
    # need not have. Nothing but the one root is loaded either way.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=credentials.root.decode("ascii"))
    with _in_memory(credentials) if in_memory else _in_a_directory(credentials) as file:
        context.load_cert_chain(file)
    return context


@contextmanager
def _in_memory(credentials: TlsCredentials) -> Iterator[str]:
    descriptor = os.memfd_create("client-certificate")
    try:
        _write(descriptor, credentials)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


@contextmanager
def _in_a_directory(credentials: TlsCredentials) -> Iterator[str]:
    # `mkstemp` makes the file with mode 0600, under a name that nobody can guess.
    descriptor, name = tempfile.mkstemp()
    try:
        try:
            _write(descriptor, credentials)
        finally:
            os.close(descriptor)
        yield name
    finally:
        Path(name).unlink()


def _write(descriptor: int, credentials: TlsCredentials) -> None:
    content = memoryview(credentials.key + credentials.chain)
    while content:
        content = content[os.write(descriptor, content) :]
