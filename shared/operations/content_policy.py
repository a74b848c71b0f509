"""``content-policy``: what content an organisation refuses, shown or set."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.content_checks import ContentPolicy, Finding, parse_findings
from shared.domain.errors import InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("content-policy", help="what content an organisation refuses")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--refuse", help=f"words with commas between them, or none: {', '.join(Finding)}")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Set it where ``--refuse`` is given, and print it. Returns 1 for an unknown organisation or word."""
    organisation = OrganisationId(options.organisation)
    try:
        if options.refuse is not None:
            policy = ContentPolicy(refused=parse_findings(options.refuse))
            await container.organisation_settings.change(
                organisation, lambda settings: replace(settings, content=policy), by="system"
            )
        refused = (await container.checking.policy(organisation)).refused
    except (InvalidInputError, NotFoundError):
        print("no such organisation, or no such word")
        return 1
    print("refused: " + (", ".join(sorted(refused)) or "nothing") + "; malware is refused always")
    return 0
