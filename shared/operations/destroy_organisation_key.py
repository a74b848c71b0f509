"""``destroy-organisation-key``: make all content of an organisation that leaves unreadable, for ever."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.bodies import instant_text
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.ids import OrganisationId
from shared.services.custody import FRESH, service_key_name

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("destroy-organisation-key", help="make an organisation's content unreadable for ever")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--yes-destroy", required=True, metavar="NAME", help="its name, as it was set up")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Destroy, and say what is left for others to do. Returns 0 when no key of ours could open anything any more."""
    organisation = OrganisationId(options.organisation)
    try:
        done = await container.off_boarding.destroy(organisation, name=options.yes_destroy)
    except (NotFoundError, ConflictError):
        print("no such organisation, or it is called otherwise; nothing was done")
        return 1
    await asyncio.sleep(FRESH.total_seconds())
    print(f"wrapped organisation keys destroyed: {done.versions}; from now on no instance opens anything of it")
    name = service_key_name(organisation)
    if not done.is_key_deleted:
        print(f"the key {name} could not be deleted: run this again with the right to, or delete and purge it by hand")
    elif done.recoverable_until is not None:
        print(f"the key {name} is deleted; it could be recovered until {instant_text(done.recoverable_until)}")
    else:
        print(f"the key {name} is purged")
    if done.own_key is not None:
        print(f"the organisation shall delete its own key as well: {done.own_key}")
    return 0 if done.is_key_deleted else 1
