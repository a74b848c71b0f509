"""Who is let in after the e-ID has identified them: the whole table of risks, ages of the e-ID, and addresses."""

from datetime import date, timedelta
from typing import get_args

import pytest

from shared.domain.admission import (
    AddressRule,
    AdmissionPolicy,
    Admit,
    Arrival,
    Circumstances,
    Decision,
    RefusalReason,
    Refuse,
    decide,
)
from shared.domain.assurance import Assurance
from shared.domain.ids import Subject
from shared.domain.principals import Person
from shared.domain.sign_in_modes import SignInMode

TODAY = date(2026, 3, 1)
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.1"
HERE_6, SAME_HOUSEHOLD, OTHER_HOUSEHOLD = "2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"
MODES = (SignInMode.QR, SignInMode.SAME_DEVICE)
RULES: tuple[AddressRule, ...] = get_args(AddressRule)
RISK, ADDRESS = Refuse(reason=RefusalReason.RISK), Refuse(reason=RefusalReason.ADDRESS)


def decision(
    mode: SignInMode = SignInMode.SAME_DEVICE,
    *,
    risk: str | None = "low",
    age: timedelta | None = None,
    app: str | None = HERE,
    started: str = HERE,
    returned: str = HERE,
    risks: str = "low,moderate",
    rule: AddressRule = "browser",
) -> Decision:
    """By default everything is in order."""
    person = Person(subject=Subject("1.subject"), name="Tolvan", provider="bankid", assurance=Assurance.LOA3)
    issued_on = None if age is None else TODAY - age
    return decide(
        Arrival(person=person, risk=risk, issued_on=issued_on, device_ip=app),
        Circumstances(mode=mode, started_from=started, returned_from=returned),
        AdmissionPolicy(risks=frozenset(risks.split(",")), addresses=rule),
        today=TODAY,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("risk", "risks", "expected"),
    [
        ("low", "low", Admit()),
        ("low", "low,moderate", Admit()),
        ("moderate", "low,moderate", Admit(remarks=("risk",))),
        ("moderate", "low", RISK),
        ("high", "low,moderate", RISK),
        ("unheard-of", "low,moderate", RISK),
        ("", "low,moderate", RISK),
        (None, "low,moderate", RISK),
    ],
)
def test_risks_outside_of_the_setting_are_refused(
    mode: SignInMode, risk: str | None, risks: str, expected: Decision
) -> None:
    """High is never in it; what is unknown or unsaid is no better. Accepting less than everything is noted."""
    assert decision(mode, risk=risk, risks=risks) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hours", [0, 24])
def test_a_fresh_e_id_is_one_step_riskier(mode: SignInMode, hours: int) -> None:
    """Issued today or yesterday: the e-ID says no hour."""
    age = timedelta(hours=hours)
    assert decision(mode, age=age) == Admit(remarks=("freshly-issued", "risk"))
    assert decision(mode, age=age, risks="low") == RISK
    assert decision(mode, age=age, risk="moderate") == RISK
    assert decision(mode, age=age, risk=None) == RISK
    assert decision(mode, age=timedelta(days=2)) == Admit()


@pytest.mark.parametrize(
    ("started", "returned", "app", "expected"),
    [
        # In the order of the rules: observe, browser, strict.
        (HERE, HERE, HERE, (Admit(), Admit(), Admit())),
        (HERE, ELSEWHERE, HERE, (Admit(remarks=("browser-moved",)), ADDRESS, ADDRESS)),
        (HERE, HERE, ELSEWHERE, (Admit(remarks=("app-elsewhere",)), Admit(remarks=("app-elsewhere",)), ADDRESS)),
        (HERE, HERE, None, (Admit(remarks=("app-elsewhere",)), Admit(remarks=("app-elsewhere",)), ADDRESS)),
        (HERE, ELSEWHERE, ELSEWHERE, (Admit(remarks=("browser-moved", "app-elsewhere")), ADDRESS, ADDRESS)),
        (HERE, HERE_6, HERE, (Admit(remarks=("browser-moved",)), Admit(remarks=("browser-moved",)), ADDRESS)),
        (HERE, HERE, HERE_6, (Admit(remarks=("app-elsewhere",)), Admit(remarks=("app-elsewhere",)), ADDRESS)),
        (HERE_6, SAME_HOUSEHOLD, SAME_HOUSEHOLD, (Admit(), Admit(), Admit())),
        (HERE_6, OTHER_HOUSEHOLD, HERE_6, (Admit(remarks=("browser-moved",)), ADDRESS, ADDRESS)),
    ],
)
def test_addresses_on_the_same_device(
    started: str, returned: str, app: str | None, expected: tuple[Decision, Decision, Decision]
) -> None:
    """Whatever is odd is noted by each rule, also where it is allowed."""
    found = tuple(decision(started=started, returned=returned, app=app, rule=rule) for rule in RULES)
    assert found == expected


@pytest.mark.parametrize("rule", RULES)
def test_with_a_code_addresses_do_not_matter(rule: AddressRule) -> None:
    """The app is on another device, and there is no return."""
    assert decision(SignInMode.QR, returned=ELSEWHERE, app=ELSEWHERE, rule=rule) == Admit()


def test_a_broker_tells_no_risk_and_no_device() -> None:
    """Its own judgement is trusted; the browser must come back from where it went, as with any return."""
    assert decision(SignInMode.REDIRECT, risk=None, app=None, age=timedelta(0)) == Admit()
    assert decision(SignInMode.REDIRECT, risk=None, app=None, returned=ELSEWHERE) == ADDRESS
    assert decision(SignInMode.REDIRECT, risk=None, app=None, rule="strict") == Admit()


@pytest.mark.parametrize("risk", ["high", None])
def test_risk_is_refused_before_addresses_are_looked_at(risk: str | None) -> None:
    """One reason, the graver one: it says not to try again from another network."""
    assert decision(risk=risk, returned=ELSEWHERE) == RISK
