"""``entra-tenant``: which organisation a tenant of Entra ID is, given or taken back.

An operator makes sure beforehand that it is theirs: whoever has a tenant takes in all who are mapped in it.
"""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("entra-tenant", help="let an organisation's staff sign in from a tenant of Entra ID")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--tenant", required=True, help="id of the tenant")
    command.add_argument("--remove", action="store_true", help="take it back: their sessions end at once")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Give or take it, and print all that the organisation has. Returns 1 for what is none, or another's."""
    organisation, tenant = OrganisationId(options.organisation), options.tenant.lower()
    tenants = container.entra_tenants
    try:
        change = tenants.take_back if options.remove else tenants.give
        left = await change(organisation, tenant)
    except (InvalidInputError, NotFoundError):
        print("no such organisation, or no such tenant")
        return 1
    except ConflictError:
        print("the tenant is another organisation's")
        return 1
    print("tenants: " + (", ".join(sorted(left)) or "none"))
    return 0
