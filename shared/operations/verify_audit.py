"""``verify-audit``: holds the audit logs against the copies of them that nobody can change."""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.bodies import instant_text
from shared.domain.ids import OrganisationId, is_id
from shared.domain.places import PLATFORM
from shared.services.audit_verifying import Period, Verdict

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("verify-audit", help="compare the audit logs with their copies")
    command.add_argument("--organisation", type=_log, help="one log alone: an id, or platform")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Print every period with what was found. Returns 0 when all is whole, 1 when anything is not."""
    is_good = True
    if options.organisation is not None:
        verdict = await container.audit_verifying.verify(options.organisation)
        _tell(verdict)
        return 0 if verdict.is_good else 1
    async for verdict in container.audit_verifying.verify_all():
        _tell(verdict)
        is_good = is_good and verdict.is_good
    return 0 if is_good else 1


def _tell(verdict: Verdict) -> None:
    print(f"log {verdict.organisation}: copies {verdict.copies}, the last one is {verdict.digest or 'none'}")
    for period in verdict.periods:
        print(f"  {instant_text(period.since)} to {instant_text(period.until)}: {_words(period)}")
        for name, keys in _faults(period).items():
            for partition, item in keys:
                print(f"    {name}: {partition} {item}")
    for partition, item in verdict.misplaced:
        print(f"  in the log of a month and not of it: {partition} {item}")
    for number in verdict.broken:
        print(f"  THE CHAIN IS BROKEN at copy {number}: missing, changed, or not the one that the next speaks of")
    if verdict.is_late:
        print("  NOT COPIED for more than a day: see that the function copy_audit runs")


def _words(period: Period) -> str:
    if period.is_whole:
        return f"whole, copied {period.copied}"
    counts = (f"{name} {len(keys)}" for name, keys in _faults(period).items() if keys)
    return f"NOT WHOLE, copied {period.copied}, {', '.join(counts)}"


def _faults(period: Period) -> dict[str, list[tuple[str, str]]]:
    return {"missing": period.missing, "changed": period.changed, "extra": period.extra}


def _log(text: str) -> OrganisationId:
    if text != PLATFORM and not is_id(text):
        raise ValueError
    return OrganisationId(text)
