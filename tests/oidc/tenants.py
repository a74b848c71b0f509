"""A tenant of Entra ID on loopback, played by the certified provider in its shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from local import node_process
from tests.oidc.brokers import SECRET
from tests.support.entra import GROUP, OBJECT, OTHER_OBJECT, TENANT
from tests.support.memory_container import PUBLIC_URL

CLIENT_ID = "c11e0000-0000-4000-8000-000000000001"
REDIRECT_URI = f"{PUBLIC_URL}/api/v1/staff/entra/callback"
ACCOUNTS = ("bo", "cecilia", "crowd", "swapped")


@dataclass
class Running:
    """A tenant that listens, and the settings that make it ours. ``authority`` is where all tenants are."""

    authority: str
    process: node_process.NodeProcess
    environment: Mapping[str, str]

    async def visit(self, url: str, account: str = "bo", *, amr: str = "", error: str = "") -> str:
        """A browser there: from the authorization address to the one that leads back to us."""
        assert url.startswith(self.authority)
        async with httpx.AsyncClient(trust_env=False) as browser:
            for _ in range(6):
                answered = await browser.get(url)
                assert answered.status_code == 303, answered.text
                url = str(httpx.URL(url).join(answered.headers["location"]))
                if url.startswith(REDIRECT_URI):
                    return url
                if "/interaction/" in url:
                    said = {"error": error} if error else {"person": account, **({"amr": amr} if amr else {})}
                    url = str(httpx.URL(url, params=said))
        raise AssertionError("no way back")


def certified() -> tuple[str, dict[str, Any]]:
    """A private key with its certificate as PEM, and what is registered of it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    jwk = RSAKey.import_key(pem)
    public = {**jwk.as_dict(private=False), "kid": jwk.thumbprint(), "use": "sig"}
    return pem + made.public_bytes(serialization.Encoding.PEM).decode(), public


def start(folder: Path, *, by: str = "secret") -> Running:
    """The tenant, where we prove who we are ``by`` a secret or a certificate."""
    theirs = RSAKey.generate_key(2048)
    key = {**theirs.as_dict(private=True), "use": "sig", "alg": "RS256", "kid": "first"}
    secret, public = (SECRET, None) if by == "secret" else certified()
    proof: dict[str, Any] = (
        {"token_endpoint_auth_method": "client_secret_post", "client_secret": SECRET}
        if public is None
        else {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public]}}
    )
    client = {
        "client_id": CLIENT_ID,
        "redirect_uris": [REDIRECT_URI],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "id_token_signed_response_alg": "RS256",
        **proof,
    }
    stated = {"tid": TENANT, "ver": "2.0", "email": "anna@example.com", "preferred_username": "anna@example.com"}
    persons: dict[str, dict[str, Any]] = {
        "bo": {**stated, "oid": OBJECT, "name": "Bo Exempel", "groups": [GROUP]},
        "cecilia": {**stated, "oid": OTHER_OBJECT, "name": "Cecilia Exempel", "roles": ["Pic.Admin"], "acrs": ["c1"]},
        "crowd": {
            **stated,
            "oid": "0b1ec700-0000-4000-8000-000000000003",
            "name": "Diana Exempel",
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net/x"}},
        },
        "swapped": {**stated, "oid": OBJECT, "name": "Erik Exempel", "tid": "66666666-7777-4888-8999-aaaaaaaaaaaa"},
    }
    released = sorted({claim for person in persons.values() for claim in person})
    configured = {
        "clients": [client],
        "jwks": {"keys": [key]},
        "persons": persons,
        "claims": {"openid": ["sub", "auth_time", "amr", *released], "profile": []},
        "scopes": ["openid", "profile"],
        "conformIdTokenClaims": False,
        "features": {"pushedAuthorizationRequests": {"enabled": False}},
        "tenant": TENANT,
    }
    process = node_process.start(
        "oidc-provider",
        Path("tests/oidc/provider.mjs"),
        [],
        log=folder / f"entra-{by}.log",
        listens=1,
        environment={"OIDC_PROVIDER": json.dumps(configured)},
    )
    authority = f"http://127.0.0.1:{process.ports[0]}"
    environment = {"PIC_ENTRA_CLIENT_ID": CLIENT_ID, "PIC_ENTRA_SECRET": secret, "PIC_ENTRA_CLOUD": authority}
    return Running(authority=authority, process=process, environment=environment)
