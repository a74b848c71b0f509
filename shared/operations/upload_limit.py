"""``upload-limit``: the largest file that an organisation takes, shown or set."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.errors import InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("upload-limit", help="the largest file that an organisation takes")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--bytes", type=int, help="never more than PIC_UPLOAD_MAX_BYTES; 0: as much as that")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Set it where ``--bytes`` is given, and print what holds. Returns 1 for an unknown organisation or no size."""
    organisation = OrganisationId(options.organisation)
    try:
        if options.bytes is not None:
            largest = options.bytes or None
            await container.organisation_settings.change(
                organisation, lambda settings: replace(settings, upload_max_bytes=largest), by="system"
            )
    except (InvalidInputError, NotFoundError):
        print("no such organisation, or no such size")
        return 1
    print(f"largest file: {await container.upload_limits.of(organisation)} bytes")
    return 0
