"""Challenges to authenticators: once, for five minutes, for one purpose and one session."""

from datetime import timedelta
from itertools import permutations

import pytest

from shared.crypto.tokens import challenge_of
from shared.domain.errors import FactorRefusedError
from shared.domain.passkeys import TIMEOUT_SECONDS, Purpose
from tests.support.scene import Scene

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_challenge_is_good_once_until_its_end(scene: Scene, purpose: Purpose) -> None:
    """To the microsecond; and what is stored cannot be signed."""
    challenges = scene.container.challenges
    issued = await challenges.issue(purpose, session="s")
    assert issued.challenge == challenge_of(issued.flow)
    assert issued.flow not in scene.raw_records()
    scene.container.clock.now += timedelta(seconds=TIMEOUT_SECONDS) - MOMENT
    assert await challenges.redeem(issued.flow, purpose, session="s") == issued.challenge
    with pytest.raises(FactorRefusedError):
        await challenges.redeem(issued.flow, purpose, session="s")
    late = await challenges.issue(purpose, session="s")
    scene.container.clock.now += timedelta(seconds=TIMEOUT_SECONDS)
    with pytest.raises(FactorRefusedError):
        await challenges.redeem(late.flow, purpose, session="s")


@pytest.mark.parametrize(("meant", "tried"), list(permutations(Purpose, 2)))
async def test_a_challenge_serves_its_purpose_only(scene: Scene, meant: Purpose, tried: Purpose) -> None:
    """In the same session; and a wrong try has used it."""
    challenges = scene.container.challenges
    issued = await challenges.issue(meant, session="s")
    with pytest.raises(FactorRefusedError):
        await challenges.redeem(issued.flow, tried, session="s")
    with pytest.raises(FactorRefusedError):
        await challenges.redeem(issued.flow, meant, session="s")


async def test_a_challenge_is_of_one_session(scene: Scene) -> None:
    """Another's, or none."""
    challenges = scene.container.challenges
    for other in ("t", ""):
        issued = await challenges.issue(Purpose.ENROL, session="s")
        with pytest.raises(FactorRefusedError):
            await challenges.redeem(issued.flow, Purpose.ENROL, session=other)


async def test_what_was_begun_and_left_goes_with_the_sweep(scene: Scene) -> None:
    """Challenges and half-done sign-ins: minutes after their end nothing of them is stored."""
    await scene.container.challenges.issue(Purpose.SIGN_IN)
    assert scene.bodies("challenge|")
    scene.container.clock.move(hours=2)
    await scene.container.retaining.sweep()
    assert not scene.bodies("challenge|")
