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
