"""``rotate-peppers``: what an operator reads, and the exit status that scripts go by."""

import argparse
import base64

import pytest

from shared.domain.errors import KeyUnavailableError
from shared.operations import __main__ as command_line
from shared.operations import rotate_peppers
from tests.support.memory_container import ENVIRONMENT, MemoryContainer
from tests.support.scene import OTHER_PERSON, TOLVAN, Scene

NEW = base64.b64encode(b"n" * 32).decode()


async def rotated(*arguments: str) -> tuple[argparse.Namespace, MemoryContainer]:
    """What the command line made of ``arguments``, and an instance that knows a new pepper too."""
    scene = await Scene.make()
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.sent(staff, thread)
    await scene.container.retrieving.open(scene.person(), thread, message)
    later = MemoryContainer(PIC_SUBJECT_PEPPERS=f"{ENVIRONMENT['PIC_SUBJECT_PEPPERS']},2:{NEW}")
    later.records, later.keys = scene.container.records, scene.container.keys
    parser = argparse.ArgumentParser()
    rotate_peppers.add_to(parser.add_subparsers())
    return parser.parse_args(["rotate-peppers", *arguments]), later


def said(found: str, *, threads: int = 1, unavailable: int = 0, persons: int, entries: int, receipts: int) -> str:
    """What is printed for these counts."""
    return (
        f"threads looked at: {threads}\nthreads whose key is unavailable: {unavailable}\n"
        f"{found}: {persons} persons, {entries} mailbox entries, {receipts} receipts\n"
    )


async def test_a_check_tells_what_is_left_and_fails_while_anything_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts alone; and it moves nothing."""
    check, container = await rotated("--check")
    for _ in range(2):
        assert await check.run(container, check) == 1
        assert capsys.readouterr().out == said("still under older peppers", persons=2, entries=2, receipts=1)


async def test_a_rotation_tells_what_it_moved_and_a_check_then_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """A second rotation moves nothing."""
    rotate, container = await rotated()
    assert await rotate.run(container, rotate) == 0
    assert capsys.readouterr().out == said("moved", persons=2, entries=2, receipts=1)
    assert await rotate.run(container, rotate) == 0
    assert capsys.readouterr().out == said("moved", persons=0, entries=0, receipts=0)
    rotate.check = True
    assert await rotate.run(container, rotate) == 0
    assert capsys.readouterr().out == said("still under older peppers", persons=0, entries=0, receipts=0)


@pytest.mark.parametrize("arguments", [(), ("--check",)])
async def test_a_key_that_is_unavailable_fails_both(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The old pepper may still be needed there."""
    options, container = await rotated(*arguments)

    async def no_key(*_: object) -> bytes:
        raise KeyUnavailableError

    container.keyring.of_version = no_key  # type: ignore[assignment]
    assert await options.run(container, options) == 1
    assert "threads whose key is unavailable: 1\n" in capsys.readouterr().out


def test_unusable_settings_are_named_and_end_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, which is none of the command's own; nothing of a secret is printed."""
    for name, value in {**ENVIRONMENT, "PIC_SUBJECT_PEPPERS": f"1:{NEW},2:{NEW}"}.items():
        monkeypatch.setenv(name, value)
    assert command_line.main(["rotate-peppers", "--check"]) == 2
    shown = capsys.readouterr()
    assert "PIC_SUBJECT_PEPPERS" in shown.err
    assert NEW not in shown.out + shown.err
