"""Second factors when two instances are asked at once, and when one dies at any moment."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.crypto.one_time_codes import code_of, step_of
from shared.domain.errors import (
    DependencyError,
    FactorRefusedError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    StepUpRequiredError,
)
from shared.domain.factor_answers import AppCode, FactorAnswer, RecoveryCode
from shared.domain.organisation_settings import SecondFactor
from shared.domain.passkeys import Created, relying_party
from shared.domain.principals import Role, Staff
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_sign_in import Here, SecondStepBegun
from shared.services.sessions import NewSession
from tests.support.authenticator import Authenticator, b64, unb64
from tests.support.memory_container import PASSWORD, PUBLIC_URL
from tests.support.scene import Instance, Scene
from tests.support.taps import TROUBLES, Crashed, meetings

ADDRESS = "medarbetare@example.com"


@dataclass
class House:
    """A member with a password, and an app whose secret is ``secret``."""

    scene: Scene
    secret: str = ""
    codes: tuple[str, ...] = ()

    @classmethod
    async def make(cls) -> "House":
        scene = await Scene.make()
        await scene.staff(address=ADDRESS)
        return cls(scene)

    async def signed_in(self) -> NewSession:
        session = await self.scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)
        assert isinstance(session, NewSession)
        return session

    async def enrol(self, session: NewSession, instance: Instance | None = None) -> NewSession:
        """An app, confirmed by its first code."""
        enrolling = (instance or self.scene.instance()).enrolling_factors
        begun = await enrolling.begin_app(staff_of(session), "Telefonen")
        self.secret = begun.secret
        return await enrolling.confirm_app(staff_of(session), begun.factor, self.code(), here=session.token)

    def code(self) -> str:
        """One that was not used."""
        self.scene.container.clock.move(seconds=30)
        return code_of(self.secret, step_of(self.scene.container.clock()))

    async def begun(self) -> str:
        step = await self.scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD)
        assert isinstance(step, SecondStepBegun)
        return step.token

    def sessions(self) -> list[dict[str, Any]]:
        """Those of staff that are alive."""
        return [body for at, body in self.scene.bodies("session|").items() if body["kind"] == "staff"]


def staff_of(session: NewSession) -> Staff:
    assert isinstance(session.principal, Staff)
    return session.principal


async def outcome(instance: Instance, token: str, answer: FactorAnswer) -> bool:
    """Whether a session came of it."""
    try:
        await instance.staff_signing_in.complete(token, answer, Here())
    except (FactorRefusedError, NotFoundError):
        return False
    return True


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_of_two_instances_with_one_code_one_takes_it(kind: str) -> None:
    """In two sign-ins of the same account, at the same moment: the store decides."""
    house = await House.make()
    session = await house.enrol(await house.signed_in())
    codes = await house.scene.container.enrolling_factors.renew_recovery(staff_of(session))
    for number in range(6):
        answer = AppCode(code=house.code()) if kind == "app" else RecoveryCode(code=codes[number])
        tokens = [await house.begun() for _ in range(3)]
        tried = (outcome(house.scene.instance(), token, answer) for token in tokens)
        assert sorted(await asyncio.gather(*tried)) == [False, False, True]


async def test_of_two_instances_with_one_second_step_one_finishes_it() -> None:
    """Two right answers to one step, a code and a recovery code: one session."""
    house = await House.make()
    session = await house.enrol(await house.signed_in())
    codes = await house.scene.container.enrolling_factors.renew_recovery(staff_of(session))
    token, before = await house.begun(), len(house.sessions())
    answers: tuple[FactorAnswer, ...] = (AppCode(code=house.code()), RecoveryCode(code=codes[0]))
    tried = (outcome(house.scene.instance(), token, answer) for answer in answers)
    assert sorted(await asyncio.gather(*tried)) == [False, True]
    assert len(house.sessions()) == before + 1


async def test_of_two_instances_that_remove_the_last_two_one_does() -> None:
    """Where one is asked for."""
    house = await House.make()
    session = await house.enrol(await house.enrol(await house.signed_in()))
    await house.scene.decide(second_factor=SecondFactor.REQUIRED)
    staff = staff_of(session)
    own = await house.scene.container.enrolling_factors.list(staff)

    async def remove(factor: Any) -> bool:
        try:
            await house.scene.instance().removing_factors.remove(staff, factor, here=session.token)
        except InvalidInputError:
            return False
        return True

    assert sorted(await asyncio.gather(*(remove(each.factor) for each in own.factors))) == [False, True]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_no_session_without_the_factor_outlives_the_setting_up_of_it(trouble: str) -> None:
    """Whenever the instance dies or the store fails: a factor that counts leaves no older session alive elsewhere."""
    reached = 0
    for tap in TROUBLES[trouble]():
        house = await House.make()
        elsewhere, here = await house.signed_in(), await house.signed_in()
        begun = await house.scene.container.enrolling_factors.begin_app(staff_of(here), "Telefonen")
        house.secret = begun.secret
        enrolling = house.scene.instance(tap).enrolling_factors
        try:
            await enrolling.confirm_app(staff_of(here), begun.factor, house.code(), here=here.token)
        except (Crashed, DependencyError):
            reached += 1
        factors = await house.scene.container.factor_records.of(house.scene.organisation, staff_of(here).staff)
        if factors.apps:
            with pytest.raises(NotSignedInError):
                await house.scene.container.sessions.principal_of(elsewhere.token)
            assert isinstance(await house.scene.container.staff_signing_in.sign_in(ADDRESS, PASSWORD), SecondStepBegun)
        else:
            await house.enrol(await house.signed_in())
    assert reached > 8


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_second_step_that_meets_trouble_raises_no_session_on_the_password(trouble: str) -> None:
    """Every session that there is afterwards has proved the code; and the next sign-in works."""
    reached = 0
    for tap in TROUBLES[trouble]():
        house = await House.make()
        await house.enrol(await house.signed_in())
        before = len(house.sessions())
        token, code = await house.begun(), house.code()
        instance = house.scene.instance(tap)
        try:
            await instance.staff_signing_in.complete(token, AppCode(code=code), Here())
        except (Crashed, DependencyError):
            reached += 1
        assert len(house.sessions()) <= before + 1
        assert all("totp" in session["methods"] for session in house.sessions())
        assert await outcome(house.scene.instance(), await house.begun(), AppCode(code=house.code()))
    assert reached > 8


async def test_a_request_on_its_way_brings_in_no_factor_after_another_was_set_up_or_taken_away() -> None:
    """The session was looked at before: what decides is what the record says when it is written."""
    house = await House.make()
    container = house.scene.container
    thief, owner = await house.signed_in(), await house.signed_in()
    await house.enrol(owner)
    with pytest.raises(StepUpRequiredError):
        await container.enrolling_factors.begin_app(staff_of(thief), "Tjuvens")
    with pytest.raises(StepUpRequiredError):
        await container.enrolling_factors.begin_passkey(staff_of(thief), here=thief.token)
    boss = await house.scene.staff(role=Role.ADMIN)
    proved = replace(staff_of(owner), methods=frozenset({SignInMethod.TOTP}))
    await container.removing_factors.reset(boss, proved.staff)
    for staff in (staff_of(thief), proved):
        with pytest.raises(StepUpRequiredError):
            await container.enrolling_factors.begin_app(staff, "Tjuvens")


async def test_a_passkey_that_was_asked_for_before_is_not_added_after_another_factor() -> None:
    """A thief's challenge from before, answered when the owner has set up an app: the record decides, not the session."""
    house = await House.make()
    enrolling = house.scene.container.enrolling_factors
    thief, owner = await house.signed_in(), await house.signed_in()
    begun = await enrolling.begin_passkey(staff_of(thief), here=thief.token)
    await house.enrol(owner)
    key = Authenticator(origin=PUBLIC_URL, rp_id=relying_party(PUBLIC_URL))
    made = key.create({"challenge": b64(begun.issued.challenge), "user": {"id": b64(b"x")}})
    created = Created(
        credential=made["id"],
        client_data=unb64(made["response"]["clientDataJSON"]),
        attestation=unb64(made["response"]["attestationObject"]),
    )
    with pytest.raises(StepUpRequiredError):
        await enrolling.add_passkey(staff_of(thief), "Tjuvens", created, flow=begun.issued.flow, here=thief.token)
    own = await house.scene.container.factor_records.of(house.scene.organisation, staff_of(owner).staff)
    assert (len(own.apps), own.passkeys) == (1, ())
    assert not house.scene.bodies("passkey|")


async def test_no_sign_in_outruns_a_reset() -> None:
    """An administrator takes the factors away between any two calls of a sign-in: no session of before is left."""
    met = 0
    house = await House.make()

    async def reset() -> None:
        boss = await house.scene.staff(role=Role.ADMIN)
        await house.scene.container.removing_factors.reset(boss, me.staff)

    for tap in meetings(reset):
        house = await House.make()
        me = staff_of(await house.enrol(await house.signed_in()))
        token, code = await house.begun(), house.code()
        with suppress(FactorRefusedError, NotFoundError):
            await house.scene.instance(tap).staff_signing_in.complete(token, AppCode(code=code), Here())
        if not tap.was_reached:
            break
        met += 1
        assert not [session for session in house.sessions() if session["staff"] == me.staff]
    assert met > 10
