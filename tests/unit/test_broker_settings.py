"""Settings of brokers: every fault of profiles and secrets in the one message, and none of their values."""

import json
from typing import Any

import pytest

from shared.domain.assurance import Assurance
from shared.settings import Settings, SettingsError, read_settings
from tests.support.memory_container import ENVIRONMENT
from tests.unit.test_settings import PRODUCTION

SECRET = "canary-secret-of-the-broker"
PEM = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
NEXUS: dict[str, Any] = {
    "name": "nexus",
    "title": "BankID",
    "kind": "nexus",
    "issuer": "https://login.canary.example",
    "client_id": "portal",
    "authentication": "client_secret_basic",
    "claim": "personal_number",
    "assurance": {"loa-2": "loa2", "loa-4": "loa4"},
}
FREJA: dict[str, Any] = {
    "name": "freja",
    "title": "Freja eID+",
    "kind": "sweden-connect",
    "issuer": "https://op.canary.example",
    "client_id": "portal",
    "authentication": "private_key_jwt",
    "assurance": {"http://id.elegnamnden.se/loa/1.0/loa3": "loa3"},
}


def settings_of(
    *profiles: object, on: str = "bankid,nexus", secrets: object = None, base: dict[str, str] = PRODUCTION
) -> Settings:
    """With these profiles."""
    known = {"nexus": SECRET, "freja": PEM} if secrets is None else secrets
    return read_settings(
        {
            **base,
            "PIC_SIGN_IN_PROVIDERS": on,
            "PIC_OIDC_PROVIDERS": json.dumps(profiles),
            "PIC_OIDC_SECRETS": json.dumps(known),
        }
    )


def faults_of(*profiles: object, **more: Any) -> str:
    """What is said of them: names of settings and members, and nothing of their values."""
    with pytest.raises(SettingsError) as raised:
        settings_of(*profiles, **more)
    assert "canary" not in str(raised.value)
    return "\n".join(raised.value.faults)


def test_only_those_that_are_named_are_on() -> None:
    """The rest may stand there, without a secret."""
    found = settings_of(NEXUS, FREJA, secrets={"nexus": SECRET})
    assert [broker.profile.name for broker in found.sign_in.brokers] == ["nexus"]
    assert settings_of(NEXUS, on="bankid").sign_in.brokers == ()
    assert "canary" not in repr(settings_of(NEXUS, FREJA, on="nexus,freja")).replace("canary.example", "")


def test_their_levels_can_be_asked_for() -> None:
    """With BankID off, only theirs."""
    reachable = settings_of(NEXUS, on="nexus").sign_in.reachable
    assert reachable == {Assurance.LOA2, Assurance.LOA4}
    assert settings_of(NEXUS).sign_in.reachable == set(Assurance)


def test_a_kind_fills_in_what_it_is_known_for() -> None:
    """And a profile may say otherwise."""
    (freja,) = settings_of(FREJA, on="freja").sign_in.brokers
    assert (freja.profile.userinfo, freja.profile.max_age_seconds) == ("signed", 0)
    assert "https://id.oidc.se/scope/naturalPersonNumber" in freja.profile.scopes
    assert freja.profile.acr_values == ("http://id.elegnamnden.se/loa/1.0/loa3",)
    changed = {**FREJA, "userinfo": "plain", "max_age_seconds": None, "scopes": ["openid"], "acr_values": ["x"]}
    (other,) = settings_of(changed, on="freja").sign_in.brokers
    assert (other.profile.userinfo, other.profile.max_age_seconds) == ("plain", None)
    assert (other.profile.scopes, other.profile.acr_values) == (("openid",), ("x",))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "bankid"}, "name"),
    ({"name": "Canary"}, "name"),
    ({"title": ""}, "title"),
    ({"title": "canary\n"}, "title"),
    ({"kind": "canary"}, "kind"),
    ({"kind": "idura"}, "claim"),
    ({"claim": None}, "claim"),
    ({"issuer": "http://login.canary.example"}, "issuer"),
    ({"issuer": "https://127.0.0.1:1/canary"}, "issuer"),
    ({"issuer": "https://localhost/canary"}, "issuer"),
    ({"issuer": "https://canary.example/?tenant=1"}, "issuer"),
    ({"issuer": "https://canary@example.com"}, "issuer"),
    ({"issuer": "https://canary.example:x"}, "issuer"),
    ({"issuer": "https://canary.example "}, "issuer"),
    ({"issuer": 1}, "issuer"),
    ({"client_id": ""}, "client_id"),
    ({"authentication": "none"}, "authentication"),
    ({"authentication": "client_secret_jwt"}, "authentication"),
    ({"assertion_audience": "canary"}, "assertion_audience"),
    ({"assurance": {}}, "assurance"),
    ({"assurance": {"canary": "loa1"}}, "assurance"),
    ({"assurance": ["canary"]}, "assurance"),
    ({"userinfo": "canary"}, "userinfo"),
    ({"scopes": ["canary"]}, "scopes"),
    ({"scopes": ["openid", "can ary"]}, "scopes"),
    ({"scopes": "openid"}, "scopes"),
    ({"acr_values": [1]}, "acr_values"),
    ({"max_age_seconds": -1}, "max_age_seconds"),
    ({"max_age_seconds": 3601}, "max_age_seconds"),
    ({"max_age_seconds": True}, "max_age_seconds"),
    ({"canary": 1}, "known members"),
]


@pytest.mark.parametrize(("change", "named"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_fault_names_its_member(change: dict[str, Any], named: str) -> None:
    """By the place of the profile in the list."""
    faults = faults_of({**FREJA}, {**NEXUS, **change}, on="bankid,freja")
    assert "PIC_OIDC_PROVIDERS[2]" in faults
    assert named in faults


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:1", "https://localhost:1", "http://[::1]:1"])
def test_a_broker_on_this_machine_is_for_this_machine(issuer: str) -> None:
    """Only where everything else is a stand-in, too."""
    local = {**NEXUS, "issuer": issuer}
    assert settings_of(local, base=ENVIRONMENT).sign_in.brokers[0].profile.issuer == issuer
    assert "PIC_OIDC_PROVIDERS[1].issuer" in faults_of(local)
    assert "issuer" in faults_of({**NEXUS, "issuer": "http://canary.example"}, base=ENVIRONMENT)


def test_two_of_a_name_or_of_an_issuer_are_refused() -> None:
    """Nobody could say which one signed somebody in."""
    assert "twice" in faults_of(NEXUS, {**NEXUS, "issuer": "https://other.canary.example"})
    assert "twice" in faults_of(NEXUS, {**FREJA, "issuer": NEXUS["issuer"]}, on="nexus,freja")


def test_a_name_without_a_profile_is_refused() -> None:
    """A word of somebody's mistake does not switch anything on."""
    assert "PIC_SIGN_IN_PROVIDERS names" in faults_of(NEXUS, on="bankid,canary")


@pytest.mark.parametrize(
    "secrets", [{}, {"nexus": ""}, {"nexus": "short"}, {"nexus": "canary-åäö-åäö-åäö"}, {"other": SECRET}]
)
def test_a_secret_that_is_none_is_refused(secrets: dict[str, str]) -> None:
    """Missing, short, or of characters that no header takes."""
    assert "PIC_OIDC_SECRETS must hold" in faults_of(NEXUS, secrets=secrets)


def test_a_private_key_is_one() -> None:
    """A secret is none."""
    assert "PIC_OIDC_SECRETS must hold" in faults_of(FREJA, on="freja", secrets={"freja": SECRET})


@pytest.mark.parametrize("name", ["PIC_OIDC_PROVIDERS", "PIC_OIDC_SECRETS"])
@pytest.mark.parametrize("text", ["canary", "1", '"canary"', "[" * 100_000, '{"a": 1}', "[1]", "null"])
def test_what_is_no_json_of_its_form_is_refused(name: str, text: str) -> None:
    """Named once, not repeated."""
    with pytest.raises(SettingsError) as raised:
        read_settings({**PRODUCTION, name: text})
    assert "canary" not in str(raised.value)
    assert len([fault for fault in raised.value.faults if name in fault]) == 1
