"""``incident``: the facts that an authority asks for, of one organisation and a span of time, as JSON."""

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.ids import OrganisationId, is_id

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("incident", help="who opened what in a span of time, and how it is sealed")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--since", required=True, type=_instant, help="as 2026-01-31T12:00:00Z")
    command.add_argument("--until", type=_instant, help="now, if it is not given")
    command.add_argument("--with-names", action="store_true", help="the names of readers as well: personal data")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Print the report. Returns 0, or 2 for no id or a span that ends before it begins."""
    organisation = OrganisationId(options.organisation)
    until = options.until or container.clock()
    if not is_id(organisation) or until < options.since:
        print("no such organisation, or the span ends before it begins", file=sys.stderr)
        return 2
    report = await container.incidents.report(organisation, options.since, until, with_names=options.with_names)
    json.dump(report.body(), sys.stdout, ensure_ascii=False, indent=2)
    print()
    print(f"{len(report.openings)} openings, {report.persons} persons concerned", file=sys.stderr)
    return 0


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)
