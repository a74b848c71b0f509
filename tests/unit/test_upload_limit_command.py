"""The operator's command for the largest file: shows it, sets it, takes it back."""

import argparse

import pytest

from shared.operations import upload_limit
from tests.support.scene import Scene

GENERAL = 64 * 1024 * 1024


async def said(scene: Scene, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What the command prints."""
    parser = argparse.ArgumentParser()
    upload_limit.add_to(parser.add_subparsers())
    options = parser.parse_args(["upload-limit", *arguments])
    assert await options.run(scene.container, options) == status
    return capsys.readouterr().out.strip()


async def test_a_limit_is_shown_set_and_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    """It never goes beyond the service's own, whatever is set."""
    scene = await Scene.make()
    mine = ("--organisation", scene.organisation)
    told = {
        (): GENERAL,
        ("--bytes", "1000"): 1000,
        ("--bytes", str(10**15)): GENERAL,
        ("--bytes", "17"): 17,
        ("--bytes", "0"): GENERAL,
    }
    for more, limit in told.items():
        assert await said(scene, capsys, *mine, *more) == f"largest file: {limit} bytes"


@pytest.mark.parametrize(("organisation", "size"), [(None, "-1"), ("0" * 26, "5")])
async def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], organisation: str | None, size: str
) -> None:
    """A negative size, or an organisation that is not there."""
    scene = await Scene.make()
    said_so = await said(
        scene, capsys, "--organisation", organisation or scene.organisation, f"--bytes={size}", status=1
    )
    assert said_so == "no such organisation, or no such size"
