"""``deletions`` and ``replay-deletions`` on the command line: counts, exit status, and a file that is taken along."""

import argparse
from pathlib import Path

import pytest

from shared.operations import replay_deletions
from tests.support.memory_container import MemoryContainer
from tests.support.world import World, world


async def run(container: MemoryContainer, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    replay_deletions.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(arguments)
    status: int = await options.run(container, options)
    return status


async def deleted(made: World) -> str:
    """A message that was deleted, and is there again: its path. The journal knows of it."""
    staff = await made.staff()
    path = await made.draft(staff, await made.thread(staff))
    await made.send(staff, path)
    copied = {name: dict(entries) for name, entries in made.container.record_store._partitions.items()}
    await staff.call("DELETE", path)
    made.container.record_store._partitions.clear()
    made.container.record_store._partitions.update(copied)
    return path


async def test_check_says_1_until_a_run_has_ended_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    """A script can open the service on 0."""
    async with world() as made:
        path = await deleted(made)
        assert await run(made.container, "replay-deletions", "--since", "2026-03-01", "--check") == 1
        assert "had come back and to be deleted: 1" in capsys.readouterr().out
        assert await run(made.container, "replay-deletions", "--since", "2026-03-01") == 0
        out = capsys.readouterr().out
        assert "had come back and were deleted: 1" in out
        assert "could not be deleted: 0" in out
        assert await run(made.container, "replay-deletions", "--since", "2026-03-01", "--check") == 0
        assert (await (await made.staff()).call("GET", path)).status_code == 404


async def test_what_was_printed_before_can_be_taken_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To a store whose journal knows nothing."""
    async with world() as made:
        path = await deleted(made)
        assert await run(made.container, "deletions", "--since", "2026-03-01") == 0
        printed = capsys.readouterr()
        assert printed.err == "1 deletions\n"
        notes = tmp_path / "notes"
        notes.write_text(printed.out)
        made.container.journal_blobs._content.clear()
        assert await run(made.container, "replay-deletions", "--since", "2026-03-01", "--notes", str(notes)) == 0
        assert (await (await made.staff()).call("GET", path)).status_code == 404


@pytest.mark.parametrize("content", ["20260301/message.x", "", None])
async def test_a_file_that_is_none_of_ours_stops_it(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is done. An empty file is one: there may have been nothing to note."""
    notes = tmp_path / "notes"
    if content is not None:
        notes.write_text(content)
    async with world() as made:
        status = await run(made.container, "replay-deletions", "--since", "2026-03-01", "--notes", str(notes))
    assert status == (0 if content == "" else 2)
    assert ("nothing was done" in capsys.readouterr().out) is (content != "")


@pytest.mark.parametrize("since", ["", "yesterday", "2026-02-30"])
async def test_a_day_that_is_none_is_refused(since: str) -> None:
    """By the command line itself."""
    with pytest.raises(SystemExit):
        await run(MemoryContainer(), "replay-deletions", "--since", since)
