"""The operator's commands about keys: what they print and their exit status, on the whole application in memory."""

import argparse
import asyncio
import json
import logging

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from functions.faults import JobFailedError
from functions.jobs import register
from shared.operations import destroy_organisation_key, own_key, retire_keys, rotate_keys
from shared.services.custody import service_key_name
from shared.services.organisation_key_records import key_records
from tests.support.memory_container import MemoryContainer
from tests.support.scene import Scene

ADDRESS = "https://kommunen.vault.azure.net/keys/pic"


async def run(container: MemoryContainer, *arguments: str) -> int:
    """A command as it is typed."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for module in (rotate_keys, retire_keys, own_key, destroy_organisation_key):
        module.add_to(commands)
    options = parser.parse_args(arguments)
    status: int = await options.run(container, options)
    return status


@pytest.fixture
async def scene() -> Scene:
    return await Scene.make()


async def test_rotating_tells_the_instant_to_repeat_it_with(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """A repeat with it makes nothing more."""
    scene.container.clock.move(days=400)
    assert await run(scene.container, "rotate-keys") == 0
    told = capsys.readouterr().out
    assert "keys renewed: 2; organisation keys added: 2" in told
    instant = told.splitlines()[0].partition(": ")[2]
    assert await run(scene.container, "rotate-keys", "--made-before", instant) == 0
    assert "keys renewed: 0; organisation keys added: 0" in capsys.readouterr().out
    scene.container.keys.delete(service_key_name(scene.organisation))
    assert await run(scene.container, "rotate-keys", "--organisation", scene.organisation) == 1


async def test_retiring_counts_first(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1 while an old version is there."""
    await scene.staff()
    scene.container.clock.move(days=400)
    await run(scene.container, "rotate-keys")
    assert await run(scene.container, "retire-keys", "--organisation", scene.organisation, "--check") == 1
    assert "version 1: 2 sealed values" in capsys.readouterr().out
    scene.container.clock.move(hours=1)
    assert await run(scene.container, "retire-keys", "--organisation", scene.organisation) == 0
    assert "retired: 1" in capsys.readouterr().out
    assert await run(scene.container, "retire-keys", "--organisation", "platform") == 2


async def test_an_own_key_is_looked_at_moved_to_and_left(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a key is said in a sentence."""
    words = ("use-own-key", "--organisation", scene.organisation)
    assert await run(scene.container, *words, "--key", ADDRESS) == 1
    assert "not fit: the key cannot be used" in capsys.readouterr().out
    scene.container.keys.add(ADDRESS)
    assert await run(scene.container, *words, "--key", ADDRESS, "--check") == 0
    assert (await scene.container.custodies.read(scene.organisation)).key != ADDRESS
    assert await run(scene.container, *words, "--key", ADDRESS) == 0
    assert (await scene.container.custodies.read(scene.organisation)).key == ADDRESS
    assert await run(scene.container, *words, "--service-key") == 0
    assert await run(scene.container, "use-own-key", "--organisation", "0" * 26, "--key", ADDRESS) == 1


async def test_destroying_needs_the_name_and_tells_what_is_left(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """For others to do."""
    words = ("destroy-organisation-key", "--organisation", scene.organisation, "--yes-destroy")
    assert await run(scene.container, *words, "Exempel") == 1
    assert "nothing was done" in capsys.readouterr().out
    scene.container.keys.add(ADDRESS)
    await scene.container.own_keys.use(scene.organisation, ADDRESS)
    assert await run(scene.container, *words, "Exempelkommunen") == 0
    told = capsys.readouterr().out
    assert "destroyed: 1" in told
    assert "is purged" in told
    assert ADDRESS in told


async def test_the_timer_rotates_by_age_and_fails_loudly(caplog: pytest.LogCaptureFixture, scene: Scene) -> None:
    """One organisation's damaged record is an alarm, after all others were looked at."""
    app = func.FunctionApp()
    register(app, scene.container)
    (timer,) = (found for found in app.get_functions() if found.get_function_name() == "rotate_keys")
    work = timer.get_user_function()
    with caplog.at_level(logging.INFO, logger="pic.jobs"):
        scene.container.clock.move(days=365)
        await work(TimerRequest(past_due=False))
        scene.container.clock.move(seconds=1)
        await asyncio.gather(*(work(TimerRequest(past_due=True)) for _ in range(2)))
        (first, *_) = await key_records(scene.container.records, scene.organisation)
        await scene.container.record_store.replace_if_match(first, {**first.body, "kek": 7})
        with pytest.raises(JobFailedError):
            await work(TimerRequest(past_due=False))
    told = [json.loads(line.message) for line in caplog.records if line.name == "pic.jobs"]
    assert [(each["event"], each["organisations"], each["refused"]) for each in told] == [
        ("rotation.completed", 2, 0)
    ] * 4
    assert told[0]["added"] == 0
    assert sum(each["added"] for each in told) == 2
