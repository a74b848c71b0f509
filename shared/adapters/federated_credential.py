"""Signing in to an organisation's tenant without a secret: our managed identity vouches for our application there.

The application is multi-tenant, trusts the managed identity by a federated credential, and the organisation has
consented to it. Source: Microsoft Entra, "Configure an application to trust a managed identity".
"""

from types import TracebackType
from typing import Any, Final, Self

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import ClientAssertionCredential

EXCHANGE_SCOPE: Final = "api://AzureADTokenExchange/.default"
"""What the managed identity's token is for; Entra's public cloud accepts no other."""


class FederatedCredential:
    """An ``AsyncTokenCredential`` of the application ``client_id`` in the tenant ``tenant_id``.

    ``identity`` is not closed here. ``options`` go to the SDK's credential, for tests.
    """

    def __init__(self, *, identity: AsyncTokenCredential, tenant_id: str, client_id: str, **options: Any) -> None:
        self._identity = identity
        self._assertion = ""
        self._inner = ClientAssertionCredential(tenant_id, client_id, lambda: self._assertion, **options)

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **options: Any,
    ) -> AccessToken:
        """A token of the tenant. The SDK asks for the assertion without waiting, so it is had before; both cache."""
        self._assertion = (await self._identity.get_token(EXCHANGE_SCOPE)).token
        return await self._inner.get_token(
            *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **options
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
