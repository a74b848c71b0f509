"""The second factors of a member: what counts, once, and what cannot become of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import ConflictError, FactorRefusedError, IntegrityError, InvalidInputError, NotFoundError
from shared.domain.ids import FactorId
from shared.domain.second_factors import (
    CONFIRM_WITHIN,
    ENROL_WITHIN,
    MAX_APPS,
    MAX_PASSKEYS,
    App,
    Factors,
    Passkey,
    Reset,
    factor_name,
    is_regress,
)
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.threads import Sealed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def app(number: int = 1, *, used_step: int | None = None) -> App:
    return App(
        factor=FactorId(f"app{number}"),
        name=Sealed("name"),
        secret=Sealed("secret"),
        created_at=NOW,
        used_step=used_step,
    )


def passkey(number: int = 1, *, sign_count: int = 0) -> Passkey:
    return Passkey(
        factor=FactorId(f"key{number}"),
        name=Sealed("name"),
        credential=f"credential{number}",
        public_key="key",
        sign_count=sign_count,
        created_at=NOW,
    )


FULL = Factors(
    apps=(app(used_step=7),),
    passkeys=(passkey(sign_count=3), passkey(2)),
    enrolling=app(2),
    recovery=("a" * 64, "b" * 64),
    reset=Reset(code="c" * 64, ends_at=NOW),
)


def test_what_is_stored_comes_back() -> None:
    """Every field, and the empty record."""
    for factors in (FULL, Factors(), replace(FULL, reset=Reset(code=None, ends_at=NOW))):
        assert Factors.of(factors.body()) == factors


@pytest.mark.parametrize(
    "damage", [{"apps": None}, {"passkeys": "x"}, {"recovery": [1]}, {"enrolling": []}, {"reset": {"code": 1}}]
)
def test_a_damaged_record_is_damage(damage: dict[str, object]) -> None:
    """Never somebody without factors: they would sign in with a password alone."""
    with pytest.raises(IntegrityError):
        Factors.of({**FULL.body(), **damage})  # type: ignore[dict-item]


def test_what_is_secret_or_personal_is_not_shown() -> None:
    """In a traceback, for instance."""
    shown = repr(FULL)
    assert not any(text in shown for text in ("secret", "name=", "credential", "public_key", "a" * 64, "c" * 64))


def test_an_app_counts_only_from_its_first_code_on() -> None:
    """Whoever closes the page after the secret was shown has no factor, and is not locked out by one."""
    begun = Factors().begin_app(app())
    assert begun.methods == frozenset()
    with pytest.raises(FactorRefusedError):
        begun.use_step(FactorId("app1"), 5)
    confirmed = begun.confirm_app(FactorId("app1"), step=5, now=NOW)
    assert confirmed.methods == {SignInMethod.TOTP}
    assert confirmed.enrolling is None


def test_the_first_code_is_used_by_it() -> None:
    """The code that confirmed signs nobody in."""
    confirmed = Factors().begin_app(app()).confirm_app(FactorId("app1"), step=5, now=NOW)
    for step in (4, 5):
        with pytest.raises(FactorRefusedError):
            confirmed.use_step(FactorId("app1"), step)
    used = confirmed.use_step(FactorId("app1"), 6)
    assert used.apps[0].used_step == 6
    with pytest.raises(FactorRefusedError):
        used.use_step(FactorId("app1"), 6)


def test_a_secret_that_was_shown_waits_ten_minutes() -> None:
    """And another one in its place is void at once."""
    begun = Factors().begin_app(app(1))
    assert begun.awaiting(FactorId("app1"), now=NOW + CONFIRM_WITHIN - MOMENT).factor == "app1"
    with pytest.raises(NotFoundError):
        begun.awaiting(FactorId("app1"), now=NOW + CONFIRM_WITHIN)
    with pytest.raises(NotFoundError):
        begun.begin_app(app(2)).confirm_app(FactorId("app1"), step=1, now=NOW)
    with pytest.raises(NotFoundError):
        Factors().confirm_app(FactorId("app1"), step=1, now=NOW)


def test_two_apps_are_possible_and_each_counts_for_itself() -> None:
    """A new phone beside the old one; a third is refused, also when it was begun before the second was there."""
    one = Factors().begin_app(app(1)).confirm_app(FactorId("app1"), step=9, now=NOW)
    two = one.begin_app(app(2)).confirm_app(FactorId("app2"), step=3, now=NOW)
    assert len(two.apps) == MAX_APPS
    assert two.use_step(FactorId("app2"), 4).apps[0].used_step == 9
    with pytest.raises(ConflictError):
        two.begin_app(app(3))
    with pytest.raises(ConflictError):
        replace(two, enrolling=app(3)).confirm_app(FactorId("app3"), step=1, now=NOW)


def test_a_passkey_is_there_once_and_there_is_an_end() -> None:
    """Its id is what it is found by."""
    factors = Factors()
    for number in range(MAX_PASSKEYS):
        factors = factors.add_passkey(passkey(number))
        with pytest.raises(ConflictError):
            factors.add_passkey(passkey(number))
    with pytest.raises(ConflictError):
        factors.add_passkey(passkey(99))
    assert factors.methods == {SignInMethod.PASSKEY}


@pytest.mark.parametrize(
    ("stored", "stated", "refused"),
    [(0, 0, False), (0, 1, False), (3, 4, False), (3, 9, False), (3, 3, True), (3, 2, True), (3, 0, True)],
)
def test_a_passkey_never_counts_backwards(stored: int, stated: int, refused: bool) -> None:  # noqa: FBT001
    """A copy of its key, or a signature that is played again. One that does not count at all says 0 each time."""
    factors = Factors().add_passkey(passkey(sign_count=stored))
    assert is_regress(factors.passkeys[0], sign_count=stated) is refused
    if refused:
        with pytest.raises(FactorRefusedError):
            factors.use_passkey("credential1", sign_count=stated)
    else:
        assert factors.use_passkey("credential1", sign_count=stated).passkeys[0].sign_count == stated


def test_an_unknown_passkey_is_refused() -> None:
    """As one that was removed."""
    with pytest.raises(FactorRefusedError):
        Factors().use_passkey("credential1", sign_count=1)


def test_a_recovery_code_counts_once_and_a_new_set_voids_the_old() -> None:
    """Whoever found the old paper has nothing."""
    factors = Factors(passkeys=(passkey(),)).renew_recovery(("x", "y"))
    used = factors.use_recovery("x")
    assert used.recovery == ("y",)
    for code in ("x", "z", ""):
        with pytest.raises(FactorRefusedError):
            used.use_recovery(code)
    with pytest.raises(FactorRefusedError):
        used.renew_recovery(("w",)).use_recovery("y")


def test_recovery_codes_alone_are_no_factor() -> None:
    """They stand in for a factor that was lost."""
    assert Factors(recovery=("x",)).methods == frozenset()
    assert Factors(recovery=("x",), passkeys=(passkey(),)).methods == {
        SignInMethod.PASSKEY,
        SignInMethod.RECOVERY_CODE,
    }


def test_without_any_factor_the_recovery_codes_go_too() -> None:
    """But not before."""
    factors = Factors(apps=(app(),), passkeys=(passkey(),), recovery=("x",))
    one = factors.without(FactorId("app1"))
    assert (one.apps, one.recovery) == ((), ("x",))
    assert one.without(FactorId("key1")) == Factors()
    with pytest.raises(NotFoundError):
        one.without(FactorId("app1"))


def test_the_code_after_a_reset_counts_once_and_for_a_day() -> None:
    """And leaves the mark behind until a factor is enrolled: the password alone must not do."""
    reset = Factors(reset=Reset(code="x", ends_at=NOW + ENROL_WITHIN))
    used = reset.use_reset("x", now=NOW + ENROL_WITHIN - MOMENT)
    assert used.reset is not None
    for factors, code, now in (
        (used, "x", NOW),
        (reset, "y", NOW),
        (reset, "x", NOW + ENROL_WITHIN),
        (Factors(), "x", NOW),
    ):
        with pytest.raises(FactorRefusedError):
            factors.use_reset(code, now=now)
    assert used.add_passkey(passkey()).reset is None
    assert used.begin_app(app()).reset is not None
    assert used.begin_app(app()).confirm_app(FactorId("app1"), step=1, now=NOW).reset is None


@pytest.mark.parametrize("name", ["Telefonen", " Nyckel 2 ", "x" * 60])
def test_a_name_is_one_line(name: str) -> None:
    """Without what stands around it."""
    assert factor_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\u202eb", "a\x00", "\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Also what turns the text around it."""
    with pytest.raises(InvalidInputError):
        factor_name(name)
