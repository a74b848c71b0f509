"""What a policy asks of staff, and whether somebody has done enough: every combination that matters."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain.errors import InvalidInputError, StepUpRequiredError
from shared.domain.factor_answers import AppCode, EnrolmentCode, FactorAnswer, Offer, PasskeyAnswer, RecoveryCode
from shared.domain.factor_policy import check_may_enrol, check_may_lack, is_enough, is_standing, offered
from shared.domain.ids import FactorId
from shared.domain.organisation_settings import SecondFactor
from shared.domain.passkeys import Asserted
from shared.domain.second_factors import App, Factors, Passkey, Reset
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.threads import Sealed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NONE = Factors()
APP = Factors(apps=(App(factor=FactorId("a"), name=Sealed("n"), secret=Sealed("s"), created_at=NOW),))
KEY = Factors(
    passkeys=(
        Passkey(factor=FactorId("k"), name=Sealed("n"), credential="c", public_key="p", sign_count=0, created_at=NOW),
    )
)
BOTH = replace(APP, passkeys=KEY.passkeys, recovery=("r",))
AWAITED = Factors(reset=Reset(code="c", ends_at=NOW))
USED = Factors(reset=Reset(code=None, ends_at=NOW))
OPTIONAL, REQUIRED, PASSKEY_ONLY = SecondFactor.OPTIONAL, SecondFactor.REQUIRED, SecondFactor.PASSKEY_ONLY
PASSWORD, TOTP, PASSKEY, RECOVERY, ENTRA = (
    SignInMethod.PASSWORD,
    SignInMethod.TOTP,
    SignInMethod.PASSKEY,
    SignInMethod.RECOVERY_CODE,
    SignInMethod.ENTRA,
)


@pytest.mark.parametrize(
    ("method", "enough"),
    [
        (PASSWORD, {OPTIONAL}),
        (ENTRA, {OPTIONAL}),
        (TOTP, {OPTIONAL, REQUIRED}),
        (RECOVERY, {OPTIONAL, REQUIRED}),
        (PASSKEY, {OPTIONAL, REQUIRED, PASSKEY_ONLY}),
    ],
)
def test_what_is_enough_for_whom(method: SignInMethod, enough: set[SecondFactor]) -> None:
    """Alone and beside a password; nothing at all is enough for nobody."""
    for methods in ({method}, {method, PASSWORD}):
        assert {policy for policy in SecondFactor if is_enough(policy, frozenset(methods))} == enough
    assert not any(is_enough(policy, frozenset()) for policy in SecondFactor)


@pytest.mark.parametrize(
    ("policy", "factors", "ways"),
    [
        *((policy, NONE, set()) for policy in SecondFactor),
        *((policy, APP, {Offer.TOTP}) for policy in SecondFactor),
        *((policy, KEY, {Offer.PASSKEY}) for policy in SecondFactor),
        *((policy, BOTH, {Offer.TOTP, Offer.PASSKEY, Offer.RECOVERY_CODE}) for policy in (OPTIONAL, REQUIRED)),
        (PASSKEY_ONLY, BOTH, {Offer.PASSKEY}),
        *((policy, found, {Offer.ENROLMENT_CODE}) for policy in SecondFactor for found in (AWAITED, USED)),
    ],
)
def test_in_which_ways_one_may_answer(policy: SecondFactor, factors: Factors, ways: set[Offer]) -> None:
    """After the password."""
    assert offered(policy, factors) == ways


@pytest.mark.parametrize("method", SignInMethod)
def test_who_may_set_up_a_factor(method: SignInMethod) -> None:
    """Where there is none, whoever is in; where there is one, who proved one; after a reset nobody before its code."""
    methods = frozenset({method})
    for factors in (NONE, USED):
        check_may_enrol(methods, factors)
    for factors in (APP, KEY, BOTH):
        if method in {TOTP, PASSKEY, RECOVERY}:
            check_may_enrol(methods, factors)
        else:
            with pytest.raises(StepUpRequiredError):
                check_may_enrol(methods, factors)
    with pytest.raises(StepUpRequiredError):
        check_may_enrol(methods, AWAITED)


@pytest.mark.parametrize(
    ("left", "refused"),
    [(NONE, {REQUIRED, PASSKEY_ONLY}), (APP, {PASSKEY_ONLY}), (KEY, set()), (BOTH, set())],
)
def test_what_may_be_left(left: Factors, refused: set[SecondFactor]) -> None:
    """The last one stays where one is asked for."""
    for policy in SecondFactor:
        if policy in refused:
            with pytest.raises(InvalidInputError, match="last-factor"):
                check_may_lack(policy, left)
        else:
            check_may_lack(policy, left)


def _answer(credential: str) -> PasskeyAnswer:
    asserted = Asserted(credential=credential, client_data=b"", authenticator_data=b"", signature=b"", user_handle=b"")
    return PasskeyAnswer(flow="f", asserted=asserted)


@pytest.mark.parametrize(
    ("answer", "standing", "gone"),
    [
        (AppCode(code="x"), (APP, BOTH), (NONE, KEY, AWAITED)),
        (_answer("c"), (KEY, BOTH), (NONE, APP, AWAITED)),
        (_answer("d"), (), (KEY, BOTH)),
        (RecoveryCode(code="x"), (APP, KEY, BOTH), (NONE, AWAITED)),
        (EnrolmentCode(code="x"), (USED,), (NONE, APP)),
    ],
)
def test_what_was_answered_with_must_still_be_there(
    answer: FactorAnswer, standing: tuple[Factors, ...], gone: tuple[Factors, ...]
) -> None:
    """When the session has been raised: somebody may have taken it away in between."""
    assert all(is_standing(answer, factors) for factors in standing)
    assert not any(is_standing(answer, factors) for factors in gone)
