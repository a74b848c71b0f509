"""``rotate-keys``: renew the keys that are older than an instant, and wrap everything under the current ones."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.bodies import instant_text
from shared.domain.ids import OrganisationId

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("rotate-keys", help="renew key-encryption keys and organisation keys by age")
    command.add_argument("--organisation", help="its id; all, and the platform, if it is not given")
    command.add_argument(
        "--made-before",
        type=_instant,
        help="renew what is from before this instant, as 2026-01-31T12:00:00Z; else by PIC_KEY_AGE_DAYS",
    )
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Rotate, and print counts and the instant to repeat it with. Returns 0 when nothing was refused or failed."""
    age = timedelta(days=container.settings.keys.age_days)
    made_before = options.made_before or container.clock() - age
    print(f"keys from before: {instant_text(made_before)}")
    if options.organisation is None:
        done = await container.rotating_keys.rotate_all(made_before=made_before)
    else:
        organisation = OrganisationId(options.organisation)
        done = await container.rotating_keys.rotate(organisation, made_before=made_before)
    print(f"organisations looked at: {done.organisations}")
    print(f"key-encryption keys renewed: {done.renewed}; organisation keys added: {done.added}")
    print(f"organisation keys wrapped anew: {done.wrapped}")
    print(f"organisations of which a key was refused: {done.refused}, that failed: {len(done.faults)}")
    return 1 if done.refused or done.faults else 0


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)
