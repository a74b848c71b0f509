"""The brokers of the tests: the certified provider made into each of the kinds we know, and persons who sign in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc.jwk import ECKey, RSAKey

from local import node_process
from tests.support.memory_container import PUBLIC_URL
from tests.support.world import Browser

INBOX = "/portal#/inbox"
FAILED = "/portal#/sign-in/failed/"
SECRET = "a-secret-that-only-a-test-may-know"
LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"
LOA2 = "http://id.elegnamnden.se/loa/1.0/loa2"
PERSON = "199006022397"
COORDINATION = "198211632388"
SWEDEN = "https://id.oidc.se"
NAMES = {"name": "Ögodotter Exempel", "given_name": "Ögodotter", "family_name": "Exempel"}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of broker: our profile, what the provider knows of us, and what it says of persons."""

    profile: Mapping[str, Any]
    client: Mapping[str, Any]
    acr: str
    number: str
    more: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ("openid", "profile")
    in_id_token: bool = True
    pushed: bool = False
    jwt_userinfo: bool = False
    algorithm: str = "RS256"


KINDS: dict[str, Kind] = {
    "nexus": Kind(
        profile={"kind": "nexus", "authentication": "client_secret_basic", "claim": "personnummer"},
        client={"token_endpoint_auth_method": "client_secret_basic", "client_secret": SECRET},
        acr=LOA3,
        number="personnummer",
    ),
    "idura": Kind(
        profile={"kind": "idura", "authentication": "private_key_jwt", "assertion_audience": "token_endpoint"},
        client={"token_endpoint_auth_method": "private_key_jwt"},
        acr="urn:grn:authn:se:bankid",
        number="ssn",
        more={"identityscheme": "sebankid", "country": "SE"},
        scopes=("openid",),
        algorithm="ES256",
    ),
    "signicat": Kind(
        profile={"kind": "signicat", "authentication": "client_secret_post"},
        client={"token_endpoint_auth_method": "client_secret_post", "client_secret": SECRET},
        acr="idp:sbid",
        number="nin",
        more={"nin_type": "PERSON", "nin_issuing_country": "SE"},
        scopes=("openid", "profile", "nin"),
        in_id_token=False,
    ),
    "sweden-connect": Kind(
        profile={"kind": "sweden-connect", "authentication": "private_key_jwt"},
        client={"token_endpoint_auth_method": "private_key_jwt", "userinfo_signed_response_alg": "PS256"},
        acr=LOA3,
        number=f"{SWEDEN}/claim/personalIdentityNumber",
        scopes=("openid", f"{SWEDEN}/scope/naturalPersonInfo", f"{SWEDEN}/scope/naturalPersonNumber"),
        in_id_token=False,
        pushed=True,
        jwt_userinfo=True,
        algorithm="PS256",
    ),
}


@dataclass
class Running:
    """A provider that listens, and the settings that make it one of our brokers."""

    kind: Kind
    name: str
    issuer: str
    process: node_process.NodeProcess
    environment: Mapping[str, str]

    @property
    def redirect_uri(self) -> str:
        """Where it sends browsers back to."""
        return redirect_uri(self.name)

    def stop(self) -> None:
        """End the provider."""
        self.process.stop()

    async def visit(self, url: str, person: str = PERSON, *, acr: str | None = None, error: str = "") -> str:
        """A browser at the broker: from the authorization address to the one that leads back to us."""
        assert url.startswith(self.issuer)
        async with httpx.AsyncClient(trust_env=False) as browser:
            for _ in range(6):
                answered = await browser.get(url)
                assert answered.status_code == 303, answered.text
                url = httpx.URL(url).join(answered.headers["location"]).__str__()
                if url.startswith(self.redirect_uri):
                    return url
                if "/interaction/" in url:
                    said = {"error": error} if error else {"person": person, "acr": acr or self.kind.acr}
                    url = str(httpx.URL(url, params=said))
        raise AssertionError("no way back")


def redirect_uri(name: str) -> str:
    """The address of the broker ``name``, as it is registered there."""
    return f"{PUBLIC_URL}/api/v1/oidc/{name}/callback"


def start(name: str, folder: Path) -> Running:
    """The provider as the broker ``name``."""
    kind = KINDS[name]
    ours = RSAKey.generate_key(2048)
    theirs: RSAKey | ECKey = ECKey.generate_key("P-256") if kind.algorithm == "ES256" else RSAKey.generate_key(2048)
    key = {**theirs.as_dict(private=True), "use": "sig", "alg": kind.algorithm, "kid": "first"}
    client = {
        "client_id": "portal",
        "redirect_uris": [redirect_uri(name)],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "id_token_signed_response_alg": kind.algorithm,
        **kind.client,
    }
    if client["token_endpoint_auth_method"] == "private_key_jwt":
        client["jwks"] = {"keys": [{**ours.as_dict(private=False), "kid": ours.thumbprint(), "use": "sig"}]}
    released = [kind.number, *kind.more, *NAMES, f"{SWEDEN}/claim/coordinationNumber"]
    persons = {PERSON: {**NAMES, **kind.more, kind.number: PERSON}}
    number = kind.number if name != "sweden-connect" else f"{SWEDEN}/claim/coordinationNumber"
    persons[COORDINATION] = {**NAMES, **kind.more, number: COORDINATION}
    persons["half"] = {**NAMES, **kind.more}
    configured = {
        "clients": [client],
        "jwks": {"keys": [key]},
        "persons": persons,
        "claims": {"openid": ["sub", "acr", "auth_time", *released], **{scope: [] for scope in kind.scopes[1:]}},
        "scopes": list(kind.scopes),
        "acrValues": [kind.acr, LOA2],
        "conformIdTokenClaims": not kind.in_id_token,
        "features": {
            "pushedAuthorizationRequests": {"enabled": kind.pushed},
            "jwtUserinfo": {"enabled": kind.jwt_userinfo},
        },
    }
    process = node_process.start(
        "oidc-provider",
        Path("tests/oidc/provider.mjs"),
        [],
        log=folder / f"{name}.log",
        listens=1,
        environment={"OIDC_PROVIDER": json.dumps(configured)},
    )
    issuer = f"http://127.0.0.1:{process.ports[0]}"
    profile = {
        "name": name,
        "title": name.title(),
        "issuer": issuer,
        "client_id": "portal",
        "assurance": {kind.acr: "loa3"},
        **kind.profile,
    }
    secret = SECRET if "client_secret" in client else ours.as_pem(private=True).decode()
    environment = {
        "PIC_SIGN_IN_PROVIDERS": f"bankid,{name}",
        "PIC_OIDC_PROVIDERS": json.dumps([profile]),
        "PIC_OIDC_SECRETS": json.dumps({name: secret}),
    }
    return Running(kind=kind, name=name, issuer=issuer, process=process, environment=environment)


async def leave(browser: Browser, name: str) -> str:
    """Start a sign-in at the broker; gives the authorization address."""
    url: str = (await browser.json("POST", f"/api/v1/oidc/{name}/start"))["authorization_url"]
    return url


async def come_back(browser: Browser, url: str) -> str:
    """Follow the redirect back to us; gives the word for what failed, or ``INBOX``."""
    answer = await browser.call("GET", url.removeprefix(PUBLIC_URL))
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    assert location == INBOX or location.startswith(FAILED)
    return location.removeprefix(FAILED)


def query_of(url: str) -> dict[str, str]:
    """Each parameter of an address, which has it once."""
    found = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}
