"""Signing in to an organisation's tenant: what is asked of Entra, by a transport that only listens."""

import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport, HttpRequest

from shared.adapters.federated_credential import EXCHANGE_SCOPE, FederatedCredential
from shared.adapters.local_credential import LocalCredential

TENANT = "01234567-89ab-cdef-0123-456789abcdef"
CLIENT = "11234567-89ab-cdef-0123-456789abcdef"


class Answer(AsyncHttpResponse):
    """A whole answer in memory."""

    def __init__(self, request: HttpRequest, status: int, body: dict[str, object]) -> None:
        super().__init__(request, None)
        self.status_code = status
        self.headers = {"content-type": "application/json"}
        self.content_type = "application/json"
        self._body = json.dumps(body).encode()

    def body(self) -> bytes:
        return self._body

    async def load_body(self) -> None:
        """It is there."""


class Entra(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, object]]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    async def send(self, request: HttpRequest, **_: Any) -> AsyncHttpResponse:
        data: Any = request.data
        fields = {name: [str(value)] for name, value in data.items()} if isinstance(data, dict) else parse_qs(data)
        self.asked.append((request.url, fields))
        return Answer(request, *self.answers.pop(0))

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class Identity(LocalCredential):
    """A managed identity whose tokens are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken(f"assertion-{len(self.scopes)}", 2**40)


async def test_our_identity_vouches_for_our_application_in_that_tenant_alone() -> None:
    """No secret goes along; and a token that still holds is used again."""
    entra, identity = Entra((200, {"access_token": "theirs", "expires_in": 3600, "token_type": "Bearer"})), Identity()
    credential = FederatedCredential(identity=identity, tenant_id=TENANT, client_id=CLIENT, transport=entra)
    async with credential:
        for _ in range(2):
            assert (await credential.get_token("https://vault.azure.net/.default", tenant_id=TENANT)).token == "theirs"
    ((address, fields),) = entra.asked
    assert address == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert fields["client_id"] == [CLIENT]
    assert fields["client_assertion"] == ["assertion-1"]
    assert fields["scope"] == ["https://vault.azure.net/.default"]
    assert "client_secret" not in fields
    assert set(identity.scopes) == {EXCHANGE_SCOPE}


async def test_a_withdrawn_consent_is_an_error_of_authentication() -> None:
    """Which the adapter takes for a key that was taken back."""
    entra = Entra((400, {"error": "unauthorized_client", "error_description": "AADSTS700016"}))
    credential = FederatedCredential(identity=Identity(), tenant_id=TENANT, client_id=CLIENT, transport=entra)
    async with credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token("https://vault.azure.net/.default")
