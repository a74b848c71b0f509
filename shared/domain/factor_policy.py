"""What an organisation's policy asks of its staff besides a password, and whether somebody has done enough."""

from typing import Final, assert_never

from shared.domain.errors import InvalidInputError, StepUpRequiredError
from shared.domain.factor_answers import AppCode, EnrolmentCode, FactorAnswer, Offer, PasskeyAnswer, RecoveryCode
from shared.domain.organisation_settings import SecondFactor
from shared.domain.second_factors import Factors
from shared.domain.sign_in_methods import SignInMethod

ENROLLED_BY: Final = frozenset({SignInMethod.TOTP, SignInMethod.PASSKEY})
"""What proves that a factor is set up."""

_STRONG: Final = ENROLLED_BY | {SignInMethod.RECOVERY_CODE}

_ENOUGH: Final = {
    SecondFactor.OPTIONAL: frozenset(SignInMethod),
    SecondFactor.REQUIRED: _STRONG | {SignInMethod.ENTRA_MFA},
    SecondFactor.PASSKEY_ONLY: frozenset({SignInMethod.PASSKEY}),
}
"""By policy: of what a session must have proved one.

A sign-in by Entra ID counts as a password does, unless the tenant states a second factor. Where only passkeys count,
that is not enough either: which factor it was, and that it cannot be typed into a false page, it does not say.
"""


def is_enough(policy: SecondFactor, methods: frozenset[SignInMethod]) -> bool:
    """Whether a session that proved these may do more than set up a second factor."""
    return bool(methods & _ENOUGH[policy])


def offered(policy: SecondFactor, factors: Factors, methods: frozenset[SignInMethod] = frozenset()) -> frozenset[Offer]:
    """In which ways the member may answer after ``methods``; none: nothing more is asked for, or they have nothing.

    Where only passkeys count, whoever has one is asked for it alone: what can be typed can be typed into a false page.
    Who has none yet proves what they have, which opens nothing but setting one up. After a reset there is one way.
    """
    if SignInMethod.ENTRA_MFA in methods and policy is not SecondFactor.PASSKEY_ONLY:
        return frozenset()  # The factor is the tenant's: who lost ours has not lost that.
    if factors.reset is not None:
        return frozenset({Offer.ENROLMENT_CODE})
    if policy is SecondFactor.PASSKEY_ONLY and factors.passkeys:
        return frozenset({Offer.PASSKEY})
    return frozenset(Offer(method.value) for method in factors.methods)


def is_standing(answer: FactorAnswer, factors: Factors) -> bool:
    """Whether what was answered with is still one of these factors."""
    match answer:
        case PasskeyAnswer():
            return any(passkey.credential == answer.asserted.credential for passkey in factors.passkeys)
        case AppCode():
            return bool(factors.apps)
        case RecoveryCode():
            return bool(factors.methods)
        case EnrolmentCode():
            return factors.reset is not None
        case _:
            assert_never(answer)


def check_may_enrol(methods: frozenset[SignInMethod], factors: Factors) -> None:
    """Whoever has factors adds no other before they have proved one.

    Else a password alone, in a session that was raised before the first factor was there, would bring in a thief's.
    After a reset nobody does before its code was used: a request that was on its way would undo it.

    Raises ``StepUpRequiredError``.
    """
    is_awaited = factors.reset is not None and factors.reset.code is not None
    if is_awaited or (factors.methods & ENROLLED_BY and not methods & _STRONG):
        raise StepUpRequiredError


def check_may_lack(policy: SecondFactor, left: Factors) -> None:
    """Whether these factors are enough to go on with. Raises ``InvalidInputError("last-factor")``."""
    needed = {
        SecondFactor.OPTIONAL: None,
        SecondFactor.REQUIRED: ENROLLED_BY,
        SecondFactor.PASSKEY_ONLY: {SignInMethod.PASSKEY},
    }[policy]
    if needed is not None and not left.methods & needed:
        raise InvalidInputError("last-factor")
