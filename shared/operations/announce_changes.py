"""``announce-changes``: tells admins by mail that the agreement or the register of sub-processors has a new version."""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("announce-changes", help="mail admins what is new of agreement and sub-processors")
    command.set_defaults(run=run)


async def run(container: Container, _: argparse.Namespace) -> int:
    """Ask for the mails and print how many. Again: none, unless there is something new."""
    print(f"mails asked for: {await container.announcing.announce()}")
    return 0
