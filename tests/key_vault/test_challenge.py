"""Who is let in: only a token of the right audience that is in force, and never a real, signed one."""

import base64
import json
import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.adapters.local_credential import LIFETIME_SECONDS, LocalCredential
from tests.support.key_vault import RunningKeyVault, sdk_client

AUDIENCE = "https://vault.azure.net"
NOW = int(time.time())
GOOD: dict[str, object] = {"aud": AUDIENCE, "nbf": NOW - 60, "exp": NOW + 600}
UNSIGNED: dict[str, object] = {"alg": "none"}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(claims: object, head: object = UNSIGNED, signature: str = "") -> str:
    return f"{encoded(head)}.{encoded(claims)}.{signature}"


REFUSED = {
    "no token": None,
    "another scheme": "Basic YTpi",
    "scheme alone": "Bearer",
    "not a token": "Bearer nonsense",
    "not base64": "Bearer !.!.",
    "not JSON": f"Bearer {base64.urlsafe_b64encode(b'a').decode()}.{encoded(GOOD)}.",
    "claims are a list": f"Bearer {jwt([1])}",
    "two parts": f"Bearer {encoded(UNSIGNED)}.{encoded(GOOD)}",
    "wrong audience": f"Bearer {jwt({**GOOD, 'aud': 'https://storage.azure.com'})}",
    "audience of a longer name": f"Bearer {jwt({**GOOD, 'aud': AUDIENCE + '.example'})}",
    "no audience": f"Bearer {jwt({'exp': NOW + 600})}",
    "expired": f"Bearer {jwt({**GOOD, 'exp': NOW - 1})}",
    "no expiry": f"Bearer {jwt({'aud': AUDIENCE})}",
    "expiry is text": f"Bearer {jwt({**GOOD, 'exp': str(NOW + 600)})}",
    "not yet valid": f"Bearer {jwt({**GOOD, 'nbf': NOW + 600})}",
    "signed": f"Bearer {jwt(GOOD, {'alg': 'RS256'}, 'c2ln')}",
    "unsigned with a signature": f"Bearer {jwt(GOOD, signature='c2ln')}",
}


@pytest.mark.parametrize("authorization", REFUSED.values(), ids=REFUSED.keys())
async def test_bad_token_is_challenged(key_vault: RunningKeyVault, authorization: str | None) -> None:
    """401 with the address to get a token from, which is what the SDK's authentication starts with."""
    headers = {} if authorization is None else {"Authorization": authorization}
    async with key_vault.http() as http:
        response = await http.get("/keys", params={"api-version": "7.6"}, headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "Unauthorized"
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer authorization="https://login.microsoftonline.com/')
    assert 'resource="https://vault.azure.net"' in challenge


@pytest.mark.parametrize("audience", [AUDIENCE, f"{AUDIENCE}/"])
async def test_good_token_is_let_in(key_vault: RunningKeyVault, audience: str) -> None:
    """Entra ID writes the audience with and without the last slash."""
    async with key_vault.http() as http:
        headers = {"Authorization": f"Bearer {jwt({**GOOD, 'aud': audience})}"}
        response = await http.get("/keys", params={"api-version": "7.6"}, headers=headers)
    assert response.status_code == 200


class _ForStorage(LocalCredential):
    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        return await super().get_token("https://storage.azure.com/.default")


async def test_sdk_with_a_token_for_another_service_is_refused(key_vault: RunningKeyVault) -> None:
    """A wrong wiring shows locally and not first in Azure."""
    async with sdk_client(key_vault, _ForStorage()) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.get_key("any")


async def test_local_credential_names_the_audience_asked_for_and_ends_in_an_hour() -> None:
    """Emulators check audience and time, nothing else can be checked."""
    token = await LocalCredential(now=lambda: 1000.5).get_token("https://storage.azure.com/.default", tenant_id="t")
    claims = json.loads(base64.urlsafe_b64decode(token.token.split(".")[1] + "=="))
    assert claims == {
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/t/",
        "iat": 1000,
        "nbf": 1000,
        "exp": 1000 + LIFETIME_SECONDS,
    }
    assert token.expires_on == 1000 + LIFETIME_SECONDS
    assert token.token.endswith(".")


async def test_another_host_name_is_refused(key_vault: RunningKeyVault, token: str) -> None:
    """A web page may not reach the vault under a name that its owner points at 127.0.0.1."""
    async with key_vault.http() as http:
        headers = {"Authorization": f"Bearer {token}", "Host": "vault.example"}
        response = await http.get("/keys", params={"api-version": "7.6"}, headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize("given", [None, "", "wrong"])
async def test_control_needs_its_own_token(key_vault: RunningKeyVault, token: str, given: str | None) -> None:
    """Faults and counters belong to the developer; a token of the vault opens nothing there."""
    headers = {"Authorization": f"Bearer {token}"} | ({} if given is None else {"x-emulator-token": given})
    async with key_vault.http() as http:
        answers = [
            await http.request(method, f"/emulator/{path}", headers=headers)
            for method, path in [("GET", "counters"), ("DELETE", "counters"), ("POST", "faults"), ("GET", "faults")]
        ]
    assert {answer.status_code for answer in answers} == {401}
