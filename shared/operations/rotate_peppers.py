"""``rotate-peppers``: move everything to the pseudonyms of the current pepper, or count what is not there yet."""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container
from shared.services.repseudonymising import Rotation

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("rotate-peppers", help="move everything to the pseudonyms of the current pepper")
    command.add_argument(
        "--check", action="store_true", help="count only; exit status 1 while an older pepper is needed"
    )
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Rotate or check, and print counts. Returns 0 when no older pepper is needed as far as this run has seen."""
    if options.check:
        found = await container.repseudonymising.check()
        _say(found, "still under older peppers")
        return 1 if found.places or found.unavailable else 0
    found = await container.repseudonymising.rotate()
    _say(found, "moved")
    return 1 if found.unavailable else 0


def _say(found: Rotation, what: str) -> None:
    print(f"threads looked at: {found.threads}")
    print(f"threads whose key is unavailable: {found.unavailable}")
    print(f"{what}: {found.persons} persons, {found.entries} mailbox entries, {found.receipts} receipts")
