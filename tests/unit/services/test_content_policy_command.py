"""The operator's command for what an organisation refuses."""

import argparse

import pytest

from shared.domain.content_checks import ContentPolicy, Finding
from shared.operations import content_policy
from tests.support.scene import Scene


async def run(scene: Scene, *arguments: str) -> int:
    """As ``python -m shared.operations content-policy`` does, on this application."""
    parser = argparse.ArgumentParser()
    content_policy.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(["content-policy", "--organisation", scene.organisation, *arguments])
    status: int = await options.run(scene.container, options)
    return status


async def test_a_policy_is_set_shown_and_taken_back(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Showing changes nothing."""
    assert await run(scene) == 0
    assert await run(scene, "--refuse", "macros,executable") == 0
    assert await run(scene) == 0
    refused = ContentPolicy(refused=frozenset({Finding.MACROS, Finding.EXECUTABLE}))
    assert await scene.container.checking.policy(scene.organisation) == refused
    assert await run(scene, "--refuse", "") == 0
    assert await scene.container.checking.policy(scene.organisation) == ContentPolicy()
    lines = [line.partition(";")[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "refused: nothing",
        "refused: executable, macros",
        "refused: executable, macros",
        "refused: nothing",
    ]


async def test_a_slip_changes_nothing(scene: Scene) -> None:
    """An unknown word, or an organisation that is not there."""
    assert await run(scene, "--refuse", "macros,virus") == 1
    assert await scene.container.checking.policy(scene.organisation) == ContentPolicy()
    scene.organisation = type(scene.organisation)("0" * 26)
    assert await run(scene, "--refuse", "macros") == 1
    assert await scene.container.checking.policy(scene.organisation) == ContentPolicy()
