"""Everything that can happen to second factors, once: what searches of all that is kept and told run over."""

import contextlib
from typing import Any

from shared.crypto.one_time_codes import code_of, step_of
from shared.domain.errors import FactorRefusedError, TooManyRequestsError
from shared.domain.factor_answers import AppCode, PasskeyAnswer, RecoveryCode
from shared.domain.ids import StaffId
from shared.domain.passkeys import Asserted, Created, IssuedChallenge, Purpose, relying_party
from shared.domain.principals import Staff
from shared.domain.staff_notices import StaffNotice
from shared.domain.staff_sign_in import Here, SecondStepBegun
from shared.services.sessions import NewSession
from tests.support.authenticator import Authenticator, b64, unb64
from tests.support.memory_container import PUBLIC_URL
from tests.support.scene import Instance, Scene


async def use_factors(scene: Scene, instance: Instance, address: str, password: str, name: str) -> list[str]:
    """Set up, sign in, step up, fail, remove and reset. Returns all secrets that were shown on the way."""
    staff, here = await _signed_in(instance, address, password)
    begun = await instance.enrolling_factors.begin_app(staff, name)

    def code() -> str:
        scene.container.clock.move(seconds=30)
        return code_of(begun.secret, step_of(instance.clock()))

    session = await instance.enrolling_factors.confirm_app(staff, begun.factor, code(), here=here)
    staff, here = _of(session)
    key = Authenticator(origin=PUBLIC_URL, rp_id=relying_party(PUBLIC_URL))
    asked = await instance.enrolling_factors.begin_passkey(staff, here=here)
    made = key.create(_options(asked.issued, staff.staff))
    created = Created(
        credential=made["id"],
        client_data=unb64(made["response"]["clientDataJSON"]),
        attestation=unb64(made["response"]["attestationObject"]),
    )
    session = await instance.enrolling_factors.add_passkey(staff, name, created, flow=asked.issued.flow, here=here)
    staff, here = _of(session)
    codes = await instance.enrolling_factors.renew_recovery(staff)
    step = await instance.staff_signing_in.sign_in(address, password)
    assert isinstance(step, SecondStepBegun)
    await _refused(instance, step, RecoveryCode(code=begun.secret))
    await instance.staff_signing_in.complete(step.token, RecoveryCode(code=codes[0]), Here())
    await instance.stepping_up.with_factor(staff, AppCode(code=code()), here=here)
    staff, here = await _by_passkey(instance, key, staff.staff)
    key.count = 0
    with contextlib.suppress(FactorRefusedError):
        await _by_passkey(instance, key, staff.staff)
    await instance.removing_factors.remove(staff, begun.factor, here=here)
    await _limited(instance, staff)
    handed = await instance.removing_factors.reset(staff, staff.staff)
    for ids in scene.container.queues.take("notify"):
        if "notice" in ids:
            await instance.telling_staff.send(
                staff.organisation, StaffId(ids["staff"]), StaffNotice(ids["notice"]), ids["event"]
            )
    return [begun.secret, *codes, handed.code, here, step.token]


async def _refused(instance: Instance, step: SecondStepBegun, answer: RecoveryCode) -> None:
    try:
        await instance.staff_signing_in.complete(step.token, answer, Here())
    except FactorRefusedError:
        return
    raise AssertionError


async def _limited(instance: Instance, staff: Staff) -> None:
    try:
        for _ in range(30):
            await instance.limiting.allow_code(staff.organisation, staff.staff)
    except TooManyRequestsError:
        return
    raise AssertionError


async def _by_passkey(instance: Instance, key: Authenticator, staff: StaffId) -> tuple[Staff, str]:
    issued = await instance.challenges.issue(Purpose.SIGN_IN)
    got = key.get(_options(issued, staff))
    asserted = Asserted(
        credential=got["id"],
        client_data=unb64(got["response"]["clientDataJSON"]),
        authenticator_data=unb64(got["response"]["authenticatorData"]),
        signature=unb64(got["response"]["signature"]),
        user_handle=unb64(got["response"]["userHandle"]),
    )
    return _of(await instance.staff_signing_in.with_passkey(PasskeyAnswer(flow=issued.flow, asserted=asserted), Here()))


async def _signed_in(instance: Instance, address: str, password: str) -> tuple[Staff, str]:
    session = await instance.staff_signing_in.sign_in(address, password)
    assert isinstance(session, NewSession)
    return _of(session)


def _of(session: NewSession) -> tuple[Staff, str]:
    assert isinstance(session.principal, Staff)
    return session.principal, session.token


def _options(issued: IssuedChallenge, staff: StaffId) -> dict[str, Any]:
    return {"challenge": b64(issued.challenge), "user": {"id": b64(staff.encode())}}
