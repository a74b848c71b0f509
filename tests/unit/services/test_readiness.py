"""Readiness: every dependency is named, whatever it does, and a crowd of askers costs one question."""

import asyncio

from shared.domain.errors import DependencyError
from shared.services.readiness import Readiness


async def test_whatever_a_dependency_does_it_is_named_and_not_ready() -> None:
    """Also a client that cannot be made at all, for want of a certificate."""

    async def answers() -> None:
        return

    async def is_down() -> None:
        raise DependencyError

    async def cannot_be_made() -> None:
        raise FileNotFoundError

    states = await Readiness(
        dependencies={"records": answers, "keys": is_down, "electronic-id": cannot_be_made}
    ).check()
    assert [(s.name, s.is_ready) for s in states] == [("records", True), ("keys", False), ("electronic-id", False)]


async def test_a_crowd_asks_each_dependency_once() -> None:
    """The route is open to everyone: it must not multiply what a stranger sends."""
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    readiness = Readiness(dependencies={"records": count})
    await asyncio.gather(*(readiness.check() for _ in range(50)))
    assert asked == 1


async def test_a_certificate_that_has_ended_is_not_ready() -> None:
    """Operators see the days that are left, and at 0 nobody is sent to this instance."""
    left: int | None = 61

    async def days() -> int | None:
        return left

    async def answers() -> None:
        return

    async def state() -> tuple[bool, int | None]:
        readiness = Readiness(dependencies={"electronic-id": answers}, certificate_days={"electronic-id": days})
        (found,) = await readiness.check()
        return found.is_ready, found.certificate_days

    assert await state() == (True, 61)
    left = 1
    assert await state() == (True, 1)
    left = 0
    assert await state() == (False, 0)
    left = None
    assert await state() == (True, None)
