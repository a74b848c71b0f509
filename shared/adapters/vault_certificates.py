"""Certificates with their keys in Azure Key Vault, read as the secret that stands behind each of them.

The vault gives the private key of a certificate only there: as base64 of PKCS #12 without a passphrase, or as PEM
with key and chain, as its content type says. Needs the role Key Vault Secrets User.
Source: Azure Key Vault, "About certificates", composition of a certificate.
"""

import base64
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.keyvault.secrets.aio import SecretClient

from shared.adapters.certificate_files import read_file
from shared.adapters.retries import Retries, dependable
from shared.adapters.vault_transport import vault_transport
from shared.domain.client_certificates import CertificateMaterial
from shared.domain.errors import DependencyError

PKCS12: Final = "application/x-pkcs12"
PEM: Final = "application/x-pem-file"

_ABSENT: Final = frozenset({403, 404})
"""Disabled, not for us, or gone: asking again changes nothing, so this is judged as what cannot be read."""


class VaultCertificates:
    """Reads certificates from one vault. ``ca_file`` and ``verify_challenge_resource`` as in ``KeyVaultKeys``."""

    def __init__(
        self,
        *,
        vault_url: str,
        credential: AsyncTokenCredential,
        ca_file: str | None = None,
        verify_challenge_resource: bool = True,
    ) -> None:
        self._secrets = SecretClient(
            vault_url,
            credential,
            verify_challenge_resource=verify_challenge_resource,
            retry_policy=Retries(),
            transport=vault_transport(ca_file),
        )

    async def read(self, *, root_file: str, name: str, version: str | None) -> CertificateMaterial:
        """The root from its file, the rest from the vault.

        Raises ``DependencyError`` when the vault does not answer.
        """
        root = await read_file(root_file)
        async with dependable():
            try:
                secret = await self._secrets.get_secret(name, version)
            except ClientAuthenticationError:
                raise
            except HttpResponseError as exc:
                if exc.status_code in _ABSENT:
                    return CertificateMaterial(root=root, certificate=None)
                raise
            except ValueError as exc:  # As in ``KeyVaultKeys``: a challenge that points at another resource.
                raise DependencyError from exc
        return _material(root, secret.value or "", secret.properties.content_type)

    async def close(self) -> None:
        """Close the connections."""
        await self._secrets.close()


def _material(root: bytes | None, value: str, content_type: str | None) -> CertificateMaterial:
    if content_type == PKCS12:
        return CertificateMaterial(root=root, certificate=_decoded(value), is_bundle=True)
    if content_type == PEM:
        # One text holds both; each parser takes what is its own.
        return CertificateMaterial(root=root, certificate=value.encode(), key=value.encode())
    return CertificateMaterial(root=root, certificate=None)


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return None
