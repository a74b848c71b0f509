"""``invite-admin``: an admin for an organisation, who invites everybody else.

Name and address are read from the standard input: arguments stand in lists of processes and in histories of shells.
"""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.principals import Role
from shared.services.staffing import NewMember

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("invite-admin", help="invite an admin; name and address are asked for")
    command.add_argument("--organisation", required=True, help="its id")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Ask, invite and print the id. Returns 1 for an unknown organisation, a bad name or address, or one taken."""
    organisation = OrganisationId(options.organisation)
    name, address = [await _asked(what) for what in ("name: ", "mail address: ")]
    new = NewMember(name=name, mail_address=address, role=Role.ADMIN, units=())
    try:
        await container.organisation_settings.check(organisation)
        admin = await container.staffing.invite(organisation, new, by="system")
    except (InvalidInputError, NotFoundError, ConflictError):
        print("no such organisation, no such name or address, or somebody there has it already")
        return 1
    print(f"invited: {admin.staff}")
    return 0


async def _asked(what: str) -> str:
    if sys.stdin.isatty():
        print(what, end="", flush=True)
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.rstrip("\n")
