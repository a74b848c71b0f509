"""What a broker, or somebody in its place, may claim: nothing that is not signed for us, now, gets a session."""

import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from shared.domain.broker_claims import check_access_token
from shared.domain.brokers import MisfitError
from tests.oidc import hostile as hostiles
from tests.oidc.brokers import COORDINATION, INBOX, PERSON, come_back, leave, query_of
from tests.oidc.hostile import ACR, CLIENT, KEY, OTHER_KEY, Hostile, part, public
from tests.support import world as worlds
from tests.support.world import Browser, World

NAME = "liar"


def environment(*brokers: Hostile, **changes: Any) -> dict[str, str]:
    """Settings in which these are on."""
    names = [NAME, "other"][: len(brokers)]
    profiles = [
        {
            "name": name,
            "title": "Liar",
            "kind": "idura",
            "issuer": broker.issuer,
            "client_id": CLIENT,
            "authentication": "client_secret_post",
            "assurance": {ACR: "loa3"},
            **changes,
        }
        for name, broker in zip(names, brokers, strict=True)
    ]
    return {
        "PIC_SIGN_IN_PROVIDERS": ",".join(names),
        "PIC_OIDC_PROVIDERS": json.dumps(profiles),
        "PIC_OIDC_SECRETS": json.dumps(dict.fromkeys(names, "only-a-test-may-know-it")),
    }


@dataclass
class Attack:
    """The application and a broker that lies to it."""

    world: World
    broker: Hostile

    async def attempt(self, *, issuer: str | None = None, browser: Browser | None = None) -> str:
        """One sign-in: the word it ends with, or the inbox."""
        browser = browser or Browser(self.world.http)
        asked = query_of(await leave(browser, NAME))
        self.broker.nonce = asked["nonce"]
        iss = self.broker.issuer if issuer is None else issuer
        word = await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}&iss={iss}")
        assert (word == INBOX) is ("__Host-session" in browser.cookies)
        self.world.container.clock.move(milliseconds=1)  # Events are in order by time.
        return word

    async def reason(self) -> str:
        """One sign-in that fails: why, as the audit says."""
        assert await self.attempt() == "failed"
        return await last_reason(self.world)


async def last_reason(world: World) -> str:
    now = world.container.clock.now
    page = await world.container.records.query(f"audit|platform|{now:%Y%m}", limit=1000)
    reasons = [record.body.get("reason") for record in page.records if record.body["event"] == "session:broker:refuse"]
    return str(reasons[-1])


async def attack_on(broker: Hostile, **changes: Any) -> AsyncIterator[Attack]:
    async with worlds.world(**environment(broker, **changes)) as world:
        broker.now = world.container.clock
        yield Attack(world, broker)
        await world.container.close()


@pytest.fixture
async def broker() -> AsyncIterator[Hostile]:
    async with hostiles.hostile() as running:
        yield running


@pytest.fixture
async def attack(broker: Hostile, request: pytest.FixtureRequest) -> AsyncIterator[Attack]:
    """With the profile changed as the test's parameter says."""
    async for made in attack_on(broker, **getattr(request, "param", {})):
        yield made


async def test_an_honest_answer_gets_a_session(attack: Attack) -> None:
    """What all refusals below differ from in one thing."""
    assert await attack.attempt() == INBOX


HOUR = 3600

CLAIMS: Mapping[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"iss": ...}, "issuer"),
    "another issuer": ({"iss": "https://login.example"}, "issuer"),
    "another tenant of the issuer": ({"iss": "/other"}, "issuer"),
    "no audience": ({"aud": ...}, "audience"),
    "another client": ({"aud": "other"}, "audience"),
    "another client beside us": ({"aud": [CLIENT, "other"]}, "audience"),
    "audience of another type": ({"aud": {CLIENT: True}}, "audience"),
    "another party": ({"azp": "other"}, "authorized-party"),
    "no subject": ({"sub": ...}, "subject"),
    "an empty subject": ({"sub": ""}, "subject"),
    "no nonce": ({"nonce": ...}, "nonce"),
    "another nonce": ({"nonce": "A" * 43}, "nonce"),
    "no end": ({"exp": ...}, "expired"),
    "an end that is a text": ({"exp": "9999999999"}, "expired"),
    "an end that is a fact": ({"exp": True}, "expired"),
    "an end beyond all time": ({"exp": 1e300}, "expired"),
    "no time of issue": ({"iat": ...}, "issued-at"),
    "no level": ({"acr": ...}, "assurance"),
    "a level that is not allowed": ({"acr": "urn:grn:authn:se:freja"}, "assurance"),
    "a level that begins alike": ({"acr": f"{ACR}:card"}, "assurance"),
    "a list of levels": ({"acr": [ACR]}, "assurance"),
    "no time of identification": ({"auth_time": ...}, "authentication-time"),
    "the hash of another access token": ({"at_hash": part(bytes(16))}, "access-token"),
    "no name": ({"name": ...}, ""),
    "no names at all": ({"name": ..., "given_name": ..., "family_name": ...}, "name"),
    "a name with a line in it": ({"name": "A\nB"}, "name"),
    "a name without end": ({"name": "A" * 201}, "name"),
    "no number": ({"ssn": ...}, "personal-number"),
    "a number that is none": ({"ssn": PERSON[:-1] + "8"}, "personal-number"),
    "a number without its century": ({"ssn": PERSON[2:]}, "personal-number"),
    "a number that is a number": ({"ssn": int(PERSON)}, "personal-number"),
    "digits of another script": ({"ssn": "١" + PERSON[1:]}, "personal-number"),
    "a person not born yet": ({"ssn": "202912312398"}, "personal-number"),
    "a coordination number": ({"ssn": COORDINATION}, ""),
    "another country": ({"country": "NO"}, "country"),
    "another e-ID": ({"identityscheme": "nobankid-oidc"}, "personal-number"),
}


@pytest.mark.parametrize("lie", CLAIMS)
async def test_a_claim_that_does_not_fit(attack: Attack, lie: str) -> None:
    """Signed by the right key, and not for this sign-in of ours. Without a reason it may do."""
    claims, reason = CLAIMS[lie]
    if claims.get("iss") == "/other":
        claims = {"iss": attack.broker.issuer + "/other"}
    attack.broker.claims = claims
    if reason:
        assert await attack.reason() == reason
    else:
        assert await attack.attempt() == INBOX


@pytest.mark.parametrize(
    ("claim", "seconds", "reason"),
    [
        ("exp", 31, None),
        ("exp", -30, "expired"),
        ("iat", 30, None),
        ("iat", 31, "issued-at"),
        ("iat", -630, None),
        ("iat", -631, "issued-at"),
        ("iat", HOUR * 24 * 365, "issued-at"),
        ("nbf", 31, "issued-at"),
        ("auth_time", -30, None),
        ("auth_time", -31, "authentication-time"),
        ("auth_time", 31, "authentication-time"),
    ],
)
async def test_time_counts_to_the_second(attack: Attack, claim: str, seconds: int, reason: str | None) -> None:
    """Half a minute between two clocks, and ten minutes of life; who identified before they left must do it anew."""
    attack.broker.claims = {claim: int(attack.world.container.clock.now.timestamp()) + seconds}
    assert (INBOX if reason is None else "failed") == await attack.attempt()
    assert reason is None or await last_reason(attack.world) == reason


@pytest.mark.parametrize("attack", [{"max_age_seconds": None}], indirect=True)
async def test_a_broker_may_be_left_to_say_nothing_of_it(attack: Attack) -> None:
    """Only where the profile says so."""
    attack.broker.claims = {"auth_time": ...}
    assert await attack.attempt() == INBOX


def none(broker: Hostile) -> str:
    return f"{part({'alg': 'none'})}.{part(broker.stated())}."


def hmac_of(secret: bytes) -> Callable[[Hostile], str]:
    def forged(broker: Hostile) -> str:
        signing = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(broker.stated())}"
        return f"{signing}.{part(hmac.digest(secret, signing.encode(), 'sha256'))}"

    return forged


def with_header(**header: Any) -> Callable[[Hostile], str]:
    def forged(broker: Hostile) -> str:
        broker.header = header
        return broker.signed(broker.stated())

    return forged


def by_stranger(**header: Any) -> Callable[[Hostile], str]:
    def forged(broker: Hostile) -> str:
        broker.header = header
        return broker.signed(broker.stated(), OTHER_KEY)

    return forged


def changed(broker: Hostile) -> str:
    header, _, signature = broker.signed(broker.stated()).split(".")
    return f"{header}.{part({**broker.stated(), 'ssn': COORDINATION})}.{signature}"


def unsigned_part(broker: Hostile) -> str:
    return broker.signed(broker.stated()).rpartition(".")[0] + "."


FORGERIES: Mapping[str, tuple[Callable[[Hostile], str], str]] = {
    "none": (none, "algorithm"),
    "None": (lambda broker: none(broker).replace(part({"alg": "none"}), part({"alg": "nOnE"})), "algorithm"),
    "our public key as a secret": (hmac_of(KEY.as_pem(private=False)), "algorithm"),
    "the client secret": (hmac_of(b"only-a-test-may-know-it"), "algorithm"),
    "an empty secret": (hmac_of(b""), "algorithm"),
    "a stranger under our name": (by_stranger(), "signature"),
    "a stranger under a new name": (by_stranger(kid="second"), "key"),
    "a stranger without a name": (by_stranger(kid=...), "signature"),
    "a stranger who brings the key": (by_stranger(jwk=OTHER_KEY.as_dict(private=False)), "signature"),
    "another algorithm than the key's": (with_header(alg="PS256"), "key"),
    "what must be understood": (with_header(crit=["exp"], exp=1), "form"),
    "an access token": (with_header(typ="at+jwt"), "form"),
    "a logout token": (with_header(typ="logout+jwt"), "form"),
    "a number for a name": (with_header(kid=1), ""),
    "changed after it was signed": (changed, "signature"),
    "without its signature": (unsigned_part, "signature"),
    "no token": (lambda _: "x", "form"),
    "two parts": (lambda broker: none(broker).rstrip("."), "form"),
    "five parts": (lambda _: "a.b.c.d.e", "form"),
    "no JSON": (lambda _: f"{part({'alg': 'RS256'})}.{part(b'{')}.{part(b'x')}", "signature"),
    "not ASCII": (lambda _: "å.å.å", "form"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token(attack: Attack, forgery: str) -> None:
    """However it is made to look, it is not by a key of the broker for an algorithm of ours."""
    forge, reason = FORGERIES[forgery]
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    attack.broker.nonce = asked["nonce"]
    try:
        attack.broker.token = forge(attack.broker)
    except Exception:  # noqa: BLE001 - the signer itself refuses: made by hand
        header = part({"alg": "RS256", **attack.broker.header})
        attack.broker.token = f"{header}.{part(attack.broker.stated())}.{part(b'x')}"
    assert await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}") == "failed"
    assert "__Host-session" not in browser.cookies
    assert not reason or await last_reason(attack.world) == reason


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [public(KEY, use="enc")],
        [public(KEY, alg="RS512")],
        [public(KEY), public(OTHER_KEY)],
        [{**public(KEY), "n": part(b"\x01" * 128)}],
        [{**public(KEY), "n": "!"}],
        [{"kty": "oct", "kid": "first", "k": part(b"x" * 32)}],
        ["first"],
    ],
    ids=["none", "for encryption", "for another algorithm", "two of a name", "short", "broken", "symmetric", "no key"],
)
async def test_a_key_that_does_not_fit(attack: Attack, keys: list[dict[str, Any]]) -> None:
    """Not one for signing, of this algorithm and of full length, or not the only one: none."""
    attack.broker.keys = keys
    assert await attack.reason() == "key"


def signed_about(broker: Hostile, **changes: Any) -> str:
    about = {"iss": broker.issuer, "aud": CLIENT, "sub": "somebody", **changes}
    return broker.signed({name: value for name, value in about.items() if value is not ...})


async def test_plain_userinfo_of_another_person(broker: Hostile) -> None:
    """The same subject as the ID token, or it is about somebody else (Core 5.3.2)."""
    async for attack in attack_on(broker, userinfo="plain"):
        broker.claims, broker.about = {"ssn": ...}, {"ssn": PERSON}
        assert await attack.attempt() == INBOX
        for about, reason in (
            ({"sub": "other", "ssn": PERSON}, "subject"),
            ({"sub": None, "ssn": PERSON}, "subject"),
            ({"ssn": PERSON, "country": "FI"}, "country"),
            ({}, "personal-number"),
        ):
            broker.about = about
            assert await attack.reason() == reason
        broker.claims, broker.about = {"ssn": PERSON}, {"ssn": COORDINATION}
        assert await attack.reason() == "personal-number"


async def test_signed_userinfo_is_by_the_broker_for_us(broker: Hostile) -> None:
    """Unsigned, signed by a stranger, for another client, about another person: none of it counts."""
    async for attack in attack_on(broker, userinfo="signed"):
        broker.claims = {"ssn": ...}
        broker.userinfo = signed_about(broker, ssn=PERSON)
        assert await attack.attempt() == INBOX
        for userinfo, reason in (
            (None, "userinfo"),
            (signed_about(broker, ssn=PERSON, sub="other"), "subject"),
            (signed_about(broker, ssn=PERSON, aud="other"), "audience"),
            (signed_about(broker, ssn=PERSON, aud=...), "audience"),
            (signed_about(broker, ssn=PERSON, iss=...), "issuer"),
            (signed_about(broker, ssn=PERSON, exp=1), "expired"),
            (
                broker.signed({"iss": broker.issuer, "aud": CLIENT, "sub": "somebody", "ssn": PERSON}, OTHER_KEY),
                "signature",
            ),
            (f"{part({'alg': 'none'})}.{part({'sub': 'somebody', 'ssn': PERSON})}.", "algorithm"),
            (json.dumps({"sub": "somebody", "ssn": PERSON}), "form"),
        ):
            broker.userinfo = userinfo
            assert await attack.reason() == reason


async def test_signicat_must_say_that_it_is_a_person_of_sweden(broker: Hostile) -> None:
    """The same digits are somebody else's in another country."""
    async for attack in attack_on(broker, kind="signicat"):
        sweden = {"nin": PERSON, "nin_type": "PERSON", "nin_issuing_country": "SE"}
        for changes, reason in (
            ({}, None),
            ({"nin_issuing_country": "NO"}, "country"),
            ({"nin_issuing_country": None}, "country"),
            ({"nin_type": "ORGANIZATION"}, "personal-number"),
        ):
            broker.about = {**sweden, **changes}
            assert (reason is None) == (await attack.attempt() == INBOX)
            assert reason is None or await last_reason(attack.world) == reason


async def test_numbers_of_sweden_connect_are_what_their_names_say(broker: Hostile) -> None:
    """A coordination number in the place of a personal number is a mistake of somebody; so are both at once."""
    personal, coordination = (
        f"https://id.oidc.se/claim/{name}" for name in ("personalIdentityNumber", "coordinationNumber")
    )
    async for attack in attack_on(broker, kind="sweden-connect", userinfo="plain"):
        for about, fits in (
            ({personal: PERSON}, True),
            ({coordination: COORDINATION}, True),
            ({personal: COORDINATION}, False),
            ({coordination: PERSON}, False),
            ({personal: PERSON, coordination: COORDINATION}, False),
        ):
            broker.about = about
            assert fits == (await attack.attempt() == INBOX), about


def test_the_hash_of_an_access_token_is_half_of_it() -> None:
    """The vector of OpenID Connect Core 1.0, appendix A.3, for SHA-256."""
    check_access_token({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
    with pytest.raises(MisfitError):
        check_access_token({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Z")
