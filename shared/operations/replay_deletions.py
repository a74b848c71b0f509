"""``replay-deletions``: after a restore, delete once more what has gone since; and ``deletions`` to take them along."""

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.deletions import Deletion, note_name, noted
from shared.domain.errors import IntegrityError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make both known to the command line."""
    replay = commands.add_parser("replay-deletions", help="after a restore: delete once more what has gone since")
    replay.add_argument("--since", required=True, type=date.fromisoformat, help="the day that was restored, 2026-01-31")
    replay.add_argument("--notes", type=Path, help="a file that `deletions` wrote, besides the journal of this store")
    replay.add_argument("--check", action="store_true", help="only count what has come back")
    replay.set_defaults(run=run_replay)
    listing = commands.add_parser("deletions", help="print the journal of deletions: to keep it before a restore")
    listing.add_argument("--since", required=True, type=date.fromisoformat, help="a day, 2026-01-31")
    listing.set_defaults(run=run_listing)


async def run_replay(container: Container, options: argparse.Namespace) -> int:
    """Replay or count, and print counts. Returns 0 when nothing is left to do, 1 when it is, 2 for a bad file."""
    try:
        more = [] if options.notes is None else list(_read(options.notes))
    except (OSError, IntegrityError):
        print("the file of notes cannot be read; nothing was done")
        return 2
    found = await container.replaying.replay(options.since, more, is_check=options.check)
    verb = "to be" if options.check else "were"
    print(f"deletions that are noted: {found.noted}; had come back and {verb} deleted: {found.back}")
    if not options.check:
        print(f"things that have reached their end, and were settled: {found.settled}")
    print(f"sessions that {verb} ended: {found.sessions}")
    print(f"blobs without a record that {verb} deleted: {found.strays}")
    print(f"could not be deleted: {len(found.faults)}" + (" (run this again)" if found.faults else ""))
    is_left = options.check and (found.back or found.sessions or found.strays)
    return 1 if found.faults or is_left else 0


async def run_listing(container: Container, options: argparse.Namespace) -> int:
    """Print one note a line, oldest first."""
    count = 0
    async for deletion in container.journal.since(options.since):
        print(note_name(deletion, container.clock()))
        count += 1
    print(f"{count} deletions", file=sys.stderr)
    return 0


def _read(file: Path) -> Iterator[Deletion]:
    for line in file.read_text(encoding="ascii").splitlines():
        yield noted(line)
