"""Attacks on the way to a broker and back: mix-up, replay, answers without end, and none at all."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.adapters.oidc_http import RESERVE_SECONDS
from shared.adapters.oidc_memory import AGAIN_SECONDS, LIFETIME_SECONDS, Remembered
from shared.domain.deadlines import deadline
from shared.domain.errors import ElectronicIdError
from tests.oidc import hostile as hostiles
from tests.oidc.brokers import INBOX, come_back, leave, query_of
from tests.oidc.hostile import (
    DISCOVERY,
    JWKS,
    KEY,
    OTHER_KEY,
    PUSHED,
    TOKEN,
    USERINFO,
    Answer,
    Hostile,
    broken,
    deep,
    elsewhere,
    flood,
    hang,
    page,
    public,
    twice,
)
from tests.oidc.test_forgeries import NAME, Attack, attack_on, environment, last_reason
from tests.support import world as worlds
from tests.support.world import Browser


@pytest.fixture
async def broker() -> AsyncIterator[Hostile]:
    async with hostiles.hostile() as running:
        yield running


@pytest.fixture
async def attack(broker: Hostile) -> AsyncIterator[Attack]:
    async for made in attack_on(broker, userinfo="plain"):
        yield made


async def test_a_code_of_one_broker_never_goes_to_another() -> None:
    """Mix-up: the browser left for one, and comes back with the answer of the other (RFC 9207, RFC 9700 4.4)."""
    async with hostiles.hostile() as one, hostiles.hostile() as other, worlds.world(**environment(one, other)) as world:
        for broker in (one, other):
            broker.now = world.container.clock
        attack = Attack(world, one)
        assert await attack.attempt(issuer=other.issuer) == "failed"
        assert await last_reason(world) == "issuer"
        assert (one.forms, other.forms) == ([], [])
        await world.container.close()


async def test_an_answer_at_the_address_of_another_broker_is_a_mix_up() -> None:
    """Also of brokers that never name themselves: what left for one comes back to it, or nobody is asked (RFC 9700)."""
    async with hostiles.hostile() as one, hostiles.hostile() as other, worlds.world(**environment(one, other)) as world:
        for broker in (one, other):
            broker.now = world.container.clock
        for at, word in (("other", "failed"), ("nobody", "failed"), (NAME.upper(), "failed"), (NAME, INBOX)):
            browser = Browser(world.http)
            asked = query_of(await leave(browser, NAME))
            again = Browser(world.http, cookies=dict(browser.cookies))
            one.nonce = other.nonce = asked["nonce"]
            world.container.clock.move(milliseconds=1)
            query = f"code=code&state={asked['state']}"
            assert asked["redirect_uri"].endswith(f"/oidc/{NAME}/callback")
            assert await come_back(browser, f"/api/v1/oidc/{at}/callback?{query}") == word
            if word == "failed":
                assert await last_reason(world) == "issuer"
                assert (one.forms, other.forms) == ([], [])
                assert await come_back(again, f"/api/v1/oidc/{NAME}/callback?{query}") == word
        assert (len(one.forms), other.forms) == (1, [])
        await world.container.close()


async def test_a_broker_that_states_itself_always_does(attack: Attack) -> None:
    """What declares ``iss`` and leaves it out was made by somebody else."""
    attack.broker.metadata = {"authorization_response_iss_parameter_supported": True}
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    assert await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}") == "failed"
    assert await last_reason(attack.world) == "issuer"
    assert attack.broker.forms == []


async def test_an_error_of_one_broker_is_none_of_another(attack: Attack) -> None:
    """Nor does anybody hear that they cancelled what another broker says they did."""
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    back = f"/api/v1/oidc/{NAME}/callback?error=access_denied&iss=https://login.example&state={asked['state']}"
    assert await come_back(browser, back) == "failed"
    assert await last_reason(attack.world) == "issuer"


async def test_ten_minutes_are_enough(attack: Attack) -> None:
    """However fresh the broker's answer is."""
    for seconds, word in ((599, INBOX), (600, "failed")):
        browser = Browser(attack.world.http)
        asked = query_of(await leave(browser, NAME))
        attack.broker.nonce = asked["nonce"]
        attack.world.container.clock.move(seconds=seconds)
        assert await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}") == word
    assert await last_reason(attack.world) == "spent"


async def test_a_token_of_one_broker_is_none_of_another() -> None:
    """The same client at both, and the key of the wrong one."""
    async with hostiles.hostile() as one, hostiles.hostile() as other, worlds.world(**environment(one, other)) as world:
        one.now = other.now = world.container.clock
        one.claims = {"iss": other.issuer}
        assert await Attack(world, one).reason() == "issuer"
        await world.container.close()


async def test_two_at_once_get_one_session(attack: Attack) -> None:
    """The same way back twice in the same moment: one of them is too late, and the code is used once."""
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    attack.broker.nonce = asked["nonce"]
    back = f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}"
    pair = [Browser(attack.world.http, cookies=dict(browser.cookies)) for _ in range(2)]
    words = await asyncio.gather(*(come_back(one, back) for one in pair))
    assert sorted(words) == sorted([INBOX, "failed"])
    assert len(attack.broker.forms) == 1


@pytest.mark.parametrize("query", ["", "state=", "state=x", "state=%00", "state=x&code=y", f"state={'x' * 5000}"])
async def test_what_we_never_sent_leads_nowhere(attack: Attack, query: str) -> None:
    """No state of ours: nobody is asked, and nothing is told."""
    browser = Browser(attack.world.http)
    await leave(browser, NAME)
    assert await come_back(browser, f"/api/v1/oidc/{NAME}/callback?{query}") == "failed"
    assert attack.broker.forms == []


async def test_nothing_of_an_error_is_repeated(attack: Attack, caplog: pytest.LogCaptureFixture) -> None:
    """Its description is for nobody: not the person, nor the log."""
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    query = f"error=invalid_thing&error_description=canary%20bird&error_uri=canary&state={asked['state']}"
    caplog.set_level("DEBUG", logger="pic")
    answer = await browser.call("GET", f"/api/v1/oidc/{NAME}/callback?{query}")
    assert answer.headers["location"].endswith("/sign-in/failed/failed")
    assert "canary" not in answer.text
    assert all("canary" not in record.getMessage() for record in caplog.records if record.name.startswith("pic"))
    assert await last_reason(attack.world) == "broker-failed"


async def test_a_code_without_end_is_not_sent(attack: Attack) -> None:
    """Nor is an empty one."""
    for code in ("", "x" * 5000):
        browser = Browser(attack.world.http)
        asked = query_of(await leave(browser, NAME))
        assert await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code={code}&state={asked['state']}") == "failed"
    assert attack.broker.forms == []


async def used(_: Request) -> Response:
    """The code was used before."""
    return JSONResponse({"error": "invalid_grant", "error_description": "canary"}, status_code=400)


async def unknown_client(_: Request) -> Response:
    return JSONResponse({"error": "invalid_client"}, status_code=401)


async def test_a_code_that_was_used_is_refused(attack: Attack) -> None:
    """The broker says so, and that is the end of it."""
    attack.broker.instead[TOKEN] = used
    assert await attack.reason() == "code"
    attack.broker.instead[TOKEN] = unknown_client
    assert await attack.reason() == "unauthorized"


UNFIT: dict[str, tuple[Answer, str]] = {
    "flood": (flood, "failed"),
    "page": (page, "failed"),
    "twice": (twice, "failed"),
    "deep": (deep, "failed"),
    "elsewhere": (elsewhere, "failed"),
    "broken": (broken, "try-later"),
}


@pytest.mark.parametrize("kind", UNFIT)
@pytest.mark.parametrize("path", [TOKEN, JWKS, USERINFO])
async def test_an_answer_that_is_none(attack: Attack, path: str, kind: str) -> None:
    """Too large, not JSON, ambiguous, too deep, a redirect, a fault: no session, and the person hears one word."""
    answer, word = UNFIT[kind]
    attack.broker.instead[path] = answer
    assert await attack.attempt() == word


@pytest.mark.parametrize("kind", UNFIT)
@pytest.mark.parametrize("path", [DISCOVERY, PUSHED])
async def test_a_start_that_gets_no_answer(attack: Attack, path: str, kind: str) -> None:
    """Nobody is sent anywhere."""
    attack.broker.metadata = {"pushed_authorization_request_endpoint": attack.broker.issuer + PUSHED}
    attack.broker.instead[path] = UNFIT[kind][0]
    browser = Browser(attack.world.http)
    assert (await browser.call("POST", f"/api/v1/oidc/{NAME}/start")).status_code == 503
    assert browser.cookies == {}


@pytest.mark.parametrize(("kibibytes", "word"), [(240, INBOX), (256, "failed")])
@pytest.mark.parametrize("path", [TOKEN, JWKS, USERINFO])
async def test_an_honest_answer_has_its_size(attack: Attack, path: str, kibibytes: int, word: str) -> None:
    """Nothing is wrong with it but its length."""
    attack.broker.padding[path] = kibibytes * 1024
    assert await attack.attempt() == word


@pytest.mark.parametrize("path", [TOKEN, JWKS, USERINFO])
async def test_a_broker_that_never_answers(attack: Attack, path: str) -> None:
    """The time that the request has is the time that it gets, with enough left to say so."""
    attack.broker.instead[path] = hang
    browser = Browser(attack.world.http)
    asked = query_of(await leave(browser, NAME))
    attack.broker.nonce = asked["nonce"]
    with deadline(time.monotonic() + RESERVE_SECONDS + 0.5):
        word = await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=code&state={asked['state']}")
    assert word == "try-later"
    assert await last_reason(attack.world) == "unreachable"


@pytest.mark.parametrize("path", [DISCOVERY, PUSHED])
async def test_a_broker_that_never_answers_at_the_start(attack: Attack, path: str) -> None:
    """As above."""
    attack.broker.metadata = {"pushed_authorization_request_endpoint": attack.broker.issuer + PUSHED}
    attack.broker.instead[path] = hang
    with deadline(time.monotonic() + RESERVE_SECONDS + 0.5):
        answer = await Browser(attack.world.http).call("POST", f"/api/v1/oidc/{NAME}/start")
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://login.example"},
        {"issuer": None},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "https://user:word@login.example/jwks"},
        {"userinfo_endpoint": "https://[::1/"},
        {"userinfo_endpoint": 1},
        {"jwks_uri": "https://xn--/jwks"},
        {"token_endpoint": "https://[v1.a]/token"},
        {"token_endpoint": "https://login.example/" + "x" * 70_000},
        {"code_challenge_methods_supported": ["plain"]},
    ],
    ids=" ".join,
)
async def test_discovery_of_something_else(attack: Attack, metadata: dict[str, object]) -> None:
    """Another issuer, an address without TLS or of another kind, no PKCE with S256: nobody is sent there."""
    attack.broker.metadata = metadata
    answer = await Browser(attack.world.http).call("POST", f"/api/v1/oidc/{NAME}/start")
    assert answer.status_code == 503


async def test_a_broker_that_is_not_on_is_not_there(attack: Attack) -> None:
    """By any name."""
    for name in ("other", "bankid", "LIAR", "%00", "x" * 300):
        assert (await Browser(attack.world.http).call("POST", f"/api/v1/oidc/{name}/start")).status_code == 404


async def test_a_page_elsewhere_cannot_start_a_sign_in(attack: Attack) -> None:
    """The browser says whose page it was."""
    browser = Browser(attack.world.http)
    answer = await browser.call("POST", f"/api/v1/oidc/{NAME}/start", headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, browser.cookies) == (403, {})


async def test_keys_change_and_floods_do_not_fetch(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is looked for once; a hundred names that nobody knows are looked for no more often."""
    now = 0.0
    for remembered in keys_of(attack):
        monkeypatch.setattr(remembered, "_now", lambda: now)
    assert await attack.attempt() == INBOX
    assert attack.broker.asked[JWKS] == 1
    attack.broker.keys, attack.broker.key = [public(OTHER_KEY, kid="second")], OTHER_KEY
    attack.broker.header = {"kid": "second"}
    now += AGAIN_SECONDS
    assert await attack.attempt() == INBOX
    assert attack.broker.asked[JWKS] == 2
    for number in range(20):
        attack.broker.header = {"kid": f"unknown-{number}"}
        assert await attack.reason() == "key"
    assert attack.broker.asked[JWKS] == 2
    now += AGAIN_SECONDS
    attack.broker.header = {"kid": "unknown"}
    assert await attack.reason() == "key"
    assert attack.broker.asked[JWKS] == 3
    attack.broker.instead[JWKS] = broken
    now += AGAIN_SECONDS
    assert await attack.attempt() == "try-later"
    for _ in range(5):
        assert await attack.reason() == "key"
    assert attack.broker.asked[JWKS] == 4


async def test_a_key_that_was_withdrawn_is_forgotten(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within an hour, also when nobody asks for another."""
    now = 0.0
    for remembered in keys_of(attack):
        monkeypatch.setattr(remembered, "_now", lambda: now)
    assert await attack.attempt() == INBOX
    attack.broker.keys = [public(OTHER_KEY, kid="second")]
    now += LIFETIME_SECONDS
    assert await attack.reason() == "key"
    attack.broker.keys = [public(KEY)]
    assert attack.broker.asked[DISCOVERY] == 2


def keys_of(attack: Attack) -> list[Remembered[object]]:
    """What we remember of the broker, to move its time."""
    ours = attack.world.container.brokers[NAME]
    return [ours._party._metadata, ours._party.keys._keys]  # type: ignore[attr-defined]


async def test_many_who_ask_at_once_fetch_once() -> None:
    """And one who leaves takes nothing from the others."""
    calls, may_end = 0, asyncio.Event()

    async def fetch() -> str:
        nonlocal calls
        calls += 1
        await may_end.wait()
        return "value"

    remembered = Remembered(fetch, now=lambda: 0.0)
    waiting = [asyncio.create_task(remembered.get()) for _ in range(10)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    with deadline(time.monotonic()), pytest.raises(ElectronicIdError):
        await remembered.get()
    may_end.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert (done[1:], calls) == (["value"] * 9, 1)


async def test_a_pushed_request_is_all_that_a_browser_sees(attack: Attack) -> None:
    """Nonce, state and challenge go from us to the broker, with proof of who we are."""
    attack.broker.metadata = {"pushed_authorization_request_endpoint": attack.broker.issuer + PUSHED}
    url = await leave(Browser(attack.world.http), NAME)
    assert query_of(url) == {"client_id": "portal", "request_uri": "urn:request:1"}
    (form,) = attack.broker.forms
    assert {"state", "nonce", "code_challenge", "client_secret"} <= set(form)


async def test_the_verifier_goes_with_the_code_and_nowhere_else(attack: Attack) -> None:
    """PKCE: the broker sees its hash first."""
    browser = Browser(attack.world.http)
    url = await leave(browser, NAME)
    asked = query_of(url)
    attack.broker.nonce = asked["nonce"]
    await come_back(browser, f"/api/v1/oidc/{NAME}/callback?code=the-code&state={asked['state']}")
    (form,) = attack.broker.forms
    assert form["code"] == "the-code"
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert form["code_verifier"] not in url
    stored = str(attack.world.container.record_store._partitions)
    assert all(secret not in stored for secret in (form["code_verifier"], asked["state"], asked["nonce"]))


async def test_no_proxy_of_the_environment_stands_between(broker: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would see codes and tokens of brokers that it is let into."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async for attack in attack_on(broker):
        assert await attack.attempt() == INBOX
