"""A root, a certificate and its key, as they lie in files. What cannot be read is None: who judges them says so."""

import asyncio
from pathlib import Path

from shared.domain.client_certificates import CertificateMaterial


async def read_pem_files(*, root_file: str, certificate_file: str, key_file: str) -> CertificateMaterial:
    """Three PEM files."""
    root, certificate, key = [await read_file(name) for name in (root_file, certificate_file, key_file)]
    return CertificateMaterial(root=root, certificate=certificate, key=key)


async def read_bundle_file(*, root_file: str, file: str, passphrase: str) -> CertificateMaterial:
    """The root in PEM; certificate and key in one PKCS #12 file."""
    root, bundle = await read_file(root_file), await read_file(file)
    return CertificateMaterial(root=root, certificate=bundle, passphrase=passphrase, is_bundle=True)


async def read_file(name: str) -> bytes | None:
    """The content, or None where there is no file, or none that we may read."""
    try:
        return await asyncio.to_thread(Path(name).read_bytes)
    except OSError:
        return None
