"""``private_key_jwt``: what proves a client by its own key, and every forgery of it (RFC 7523, RFC 8725)."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwk, jws, jwt
from joserfc.jwa import JWSAlgModel

from shared.domain.client_assertions import ASSERTION_TYPE, LONGEST, SKEW
from shared.domain.principals import Role
from tests.http.test_client_tokens import TOKEN, UNITS, client_of, refused
from tests.support.memory_container import PUBLIC_URL
from tests.support.problems import problem_of
from tests.support.world import Browser, World

RSA = jwk.RSAKey.generate_key(2048)
P256 = jwk.ECKey.generate_key("P-256")
ED25519 = jwk.OKPKey.generate_key("Ed25519")
OTHER = jwk.ECKey.generate_key("P-256")
KEYS: dict[str, tuple[Any, str]] = {
    "RSA": (RSA, "PS256"),
    "EC": (P256, "ES256"),
    "OKP": (ED25519, "Ed25519"),
    "OKP by its old name": (ED25519, "EdDSA"),
}

Claims = dict[str, Any]


class Keyed:
    """A client with a key of its own, and the world that it is in."""

    def __init__(self, world: World, admin: Browser, client_id: str, path: str) -> None:
        self.world, self.admin, self.client_id, self.path = world, admin, client_id, path
        self._count = 0

    @classmethod
    async def of(cls, world: World, *keys: Any) -> "Keyed":
        admin = await world.staff(role=Role.ADMIN)
        secret = await world.client_secret()
        path = f"/api/v1/organisation/clients/{client_of(secret)}"
        await admin.json("DELETE", f"{path}/credentials/{secret.credential}")
        for key in keys:
            await admin.json("POST", f"{path}/keys", 201, json={"jwk": key.as_dict(private=False)})
        return cls(world, admin, secret.client_id, path)

    def claims(self, **changes: Any) -> Claims:
        """What a good proof says, with these changes; None leaves a claim out."""
        self._count += 1
        now = int(self.world.container.clock().timestamp())
        good = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": PUBLIC_URL + TOKEN,
            "jti": f"proof-{self._count}",
            "iat": now,
            "exp": now + 60,
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    async def ask(self, assertion: str, **more: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return await self.world.http.post(TOKEN, data={**form, **more})


class Anything(jws.JWSRegistry):
    """Signs whatever a forger would."""

    def get_alg(self, name: str) -> JWSAlgModel:
        return self.algorithms[name]

    def check_header(self, header: Any) -> None:
        pass

    def validate_payload_size(self, payload: bytes) -> None:
        pass


def signed(claims: Claims, key: Any = P256, alg: str = "ES256", **header: Any) -> str:
    return jwt.encode({"alg": alg, **header}, claims, key, registry=Anything())


@pytest.fixture
async def keyed(world: World) -> Keyed:
    return await Keyed.of(world, P256)


@pytest.mark.parametrize("kind", KEYS)
async def test_a_proof_by_each_kind_of_key_gives_a_token(world: World, kind: str) -> None:
    """Made out to the token endpoint or to the issuer; with the client's id beside it or without."""
    key, alg = KEYS[kind]
    keyed = await Keyed.of(world, key)
    for aud in (PUBLIC_URL + TOKEN, PUBLIC_URL, [PUBLIC_URL]):
        answer = await keyed.ask(signed(keyed.claims(aud=aud), key, alg))
        assert answer.status_code == 200, answer.text
    answer = await keyed.ask(signed(keyed.claims(), key, alg, typ="JWT"), client_id=keyed.client_id)
    client = Browser(world.http, bearer=answer.json()["access_token"])
    assert (await client.call("GET", UNITS)).status_code == 200


CLAIMS: dict[str, Claims] = {
    "no issuer": {"iss": None},
    "another issuer": {"iss": "somebody"},
    "no subject": {"sub": None},
    "no audience": {"aud": None},
    "another audience": {"aud": "https://elsewhere.example/token"},
    "ours by prefix": {"aud": f"{PUBLIC_URL}.evil.example"},
    "several audiences": {"aud": [PUBLIC_URL, "https://elsewhere.example"]},
    "no audiences": {"aud": []},
    "audience of another kind": {"aud": 7},
    "no name": {"jti": None},
    "empty name": {"jti": ""},
    "a number as a name": {"jti": 7},
    "a long name": {"jti": "x" * 257},
    "no end": {"exp": None},
    "an end that is none": {"exp": "soon"},
    "an end that is true": {"exp": True},
    "an end beyond calendars": {"exp": 10**20},
    "a negative end": {"exp": -1},
}


@pytest.mark.parametrize("wrong", CLAIMS)
async def test_a_proof_that_says_something_else_is_refused(keyed: Keyed, wrong: str) -> None:
    """Well signed, and for somebody else, or about somebody else, or for ever."""
    refused(await keyed.ask(signed(keyed.claims(**CLAIMS[wrong]))), "invalid_client")


@pytest.mark.parametrize(
    ("claim", "offset", "is_good"),
    [
        ("exp", -SKEW, False),
        ("exp", -SKEW + timedelta(seconds=1), True),
        ("exp", LONGEST + SKEW, True),
        ("exp", LONGEST + SKEW + timedelta(seconds=1), False),
        ("iat", SKEW, True),
        ("iat", SKEW + timedelta(seconds=1), False),
        ("nbf", SKEW, True),
        ("nbf", SKEW + timedelta(seconds=1), False),
    ],
)
async def test_a_proof_is_good_for_a_while(keyed: Keyed, claim: str, offset: timedelta, is_good: bool) -> None:  # noqa: FBT001
    """To the second, with room for clocks that differ."""
    at = int((keyed.world.container.clock() + offset).timestamp())
    answer = await keyed.ask(signed(keyed.claims(**{claim: at})))
    assert answer.status_code == (200 if is_good else 401)


def _part(value: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(claims: Claims) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _with_the_public_key_as_a_secret(claims: Claims) -> str:
    text = _unsigned(claims).replace(_part({"alg": "none"}), _part({"alg": "HS256"}), 1).rstrip(".")
    mac = hmac.digest(P256.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _changed(claims: Claims) -> str:
    head, _, tail = signed(claims).split(".")
    payload = base64.urlsafe_b64encode(json.dumps({**claims, "extra": 1}).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}.{tail}"


def _twice(claims: Claims) -> str:
    """Two parsers may read two values: whoever checks is not who acts then."""
    text = json.dumps(claims)[:-1] + ', "sub": "somebody"}'
    return str(_raw(text))


def _raw(text: str) -> str:
    return str(jws.serialize_compact({"alg": "ES256"}, text.encode(), P256, ["ES256"]))


FORGERIES: dict[str, Callable[[Claims], str]] = {
    "nobody's key": lambda c: signed(c, OTHER),
    "unsigned": _unsigned,
    "the public key as a secret": _with_the_public_key_as_a_secret,
    "a key that it brings": lambda c: signed(c, OTHER, jwk=OTHER.as_dict(private=False)),
    "another algorithm of a known key": lambda c: signed(c, RSA, "RS256"),
    "a critical header": lambda c: signed(c, crit=["exp"], exp=1),
    "another type": lambda c: signed(c, typ="at+jwt"),
    "changed": _changed,
    "cut": lambda c: signed(c)[:-4],
    "two parts": lambda c: signed(c).rpartition(".")[0],
    "a claim twice": _twice,
    "not an object": lambda _: _raw("[]"),
    "not json": lambda _: _raw("x"),
    "deep": lambda _: _raw("[" * 4000),
    "empty": lambda _: "",
    "not ascii": lambda c: signed(c) + "å",
    "huge": lambda c: signed({**c, "x": "a" * 9000}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_proof_is_refused(keyed: Keyed, forgery: str) -> None:
    """And the very same claims, signed as they should be, are not."""
    claims = keyed.claims()
    refused(await keyed.ask(FORGERIES[forgery](claims)), "invalid_client")
    assert (await keyed.ask(signed(claims))).status_code == 200


async def test_a_proof_of_one_client_is_none_of_another(world: World) -> None:
    """Each key proves its own client; a client's id beside somebody else's proof changes nothing."""
    one, other = await Keyed.of(world, P256), await Keyed.of(world, ED25519)
    refused(await other.ask(signed(other.claims())), "invalid_client")
    refused(await one.ask(signed(one.claims()), client_id=other.client_id), "invalid_client")
    refused(await one.ask(signed(one.claims(iss=other.client_id, sub=other.client_id))), "invalid_client")


async def test_a_proof_works_once(keyed: Keyed) -> None:
    """Of two at once one wins, on whichever instance; afterwards it is worth nothing until it is over."""
    proof = signed(keyed.claims())
    answers = await asyncio.gather(*(keyed.ask(proof) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    refused(await keyed.ask(proof), "invalid_client")
    again = keyed.claims(jti="proof-1")
    refused(await keyed.ask(signed(again)), "invalid_client")


async def test_a_used_proof_is_remembered_for_as_long_as_it_is_good(keyed: Keyed) -> None:
    """Sweeps do not forget it before its end."""
    clock = keyed.world.container.clock
    proof = signed(keyed.claims(exp=int((clock() + LONGEST).timestamp())))
    assert (await keyed.ask(proof)).status_code == 200
    for _ in range(5):
        clock.move(minutes=1)
        await keyed.world.container.retaining.sweep()
        refused(await keyed.ask(proof), "invalid_client")


async def test_a_key_that_has_ended_signs_no_more(keyed: Keyed) -> None:
    """Ended by an admin, or by its time; what it gave a token for ends as well."""
    token = (await keyed.ask(signed(keyed.claims()))).json()["access_token"]
    listed = (await keyed.admin.json("GET", "/api/v1/organisation/clients"))["clients"]
    (credential,) = next(each for each in listed if each["client_id"] == keyed.client_id)["credentials"]
    assert credential["kind"] == "key"
    await keyed.admin.json("DELETE", f"{keyed.path}/credentials/{credential['credential']}")
    refused(await keyed.ask(signed(keyed.claims())), "invalid_client")
    problem_of(await Browser(keyed.world.http, bearer=token).call("GET", UNITS), 401, "not-signed-in")


async def test_keys_change_over_without_a_gap(keyed: Keyed) -> None:
    """Two are good at once; a proof may name which."""
    new = {**ED25519.as_dict(private=False), "kid": "2026"}
    await keyed.admin.json("POST", f"{keyed.path}/keys", 201, json={"jwk": new, "others_end_after_hours": 1})
    assert (await keyed.ask(signed(keyed.claims()))).status_code == 200
    assert (await keyed.ask(signed(keyed.claims(), ED25519, "EdDSA", kid="2026"))).status_code == 200
    refused(await keyed.ask(signed(keyed.claims(), ED25519, "EdDSA", kid="2025")), "invalid_client")
    keyed.world.container.clock.move(hours=1)
    refused(await keyed.ask(signed(keyed.claims())), "invalid_client")
    assert (await keyed.ask(signed(keyed.claims(), ED25519, "EdDSA", kid="2026"))).status_code == 200


_RSA, _EC = RSA.as_dict(private=False), P256.as_dict(private=False)
BAD_KEYS: dict[str, dict[str, Any]] = {
    "private": P256.as_dict(private=True),
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "weak": {**_RSA, "n": "_" * 171},
    "another exponent": {**_RSA, "e": "Aw"},
    "another curve": jwk.ECKey.generate_key("P-384").as_dict(private=False),
    "not on the curve": {**_EC, "y": _EC["x"]},
    "cut": {"kty": "EC", "crv": "P-256", "x": _EC["x"]},
    "for sealing": {**_EC, "use": "enc"},
    "for another algorithm": {**_EC, "alg": "EdDSA"},
    "an address": {**_EC, "x5u": "https://evil.example"},
    "not base64": {**_RSA, "n": "å" * 400},
}


@pytest.mark.parametrize("wrong", BAD_KEYS)
async def test_a_key_that_proves_nothing_is_not_taken(keyed: Keyed, wrong: str) -> None:
    """Above all not a private one: it would be anybody's who sees the request."""
    answer = await keyed.admin.call("POST", f"{keyed.path}/keys", json={"jwk": BAD_KEYS[wrong]})
    assert answer.status_code == 422, answer.text
    assert (await keyed.ask(signed(keyed.claims()))).status_code == 200
