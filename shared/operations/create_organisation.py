"""``create-organisation``: a new organisation with its keys; then ``invite-admin`` lets its first admin in."""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("create-organisation", help="make an organisation; invite-admin comes next")
    command.add_argument("--name", required=True, help="what persons and staff read")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Make it and print its id. Returns 1 for a name that cannot be used."""
    await container.administering.prepare_platform()
    try:
        organisation = await container.administering.create_organisation(options.name)
    except InvalidInputError:
        print("no such name: one line of at most 100 characters")
        return 1
    print(f"organisation: {organisation}")
    return 0
