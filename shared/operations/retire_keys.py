"""``retire-keys``: destroy the old versions of an organisation key that nothing names, or count what names them."""

import argparse
from typing import TYPE_CHECKING

from shared.container import Container
from shared.domain.ids import OrganisationId, is_id

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("retire-keys", help="destroy old organisation keys that nothing names")
    command.add_argument("--organisation", required=True, help="its id")
    command.add_argument("--check", action="store_true", help="count only")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Retire or count, and print counts. Returns 0 when no old version is left, 1 while one is, 2 for no id."""
    organisation = OrganisationId(options.organisation)
    if not is_id(organisation):
        print("no such organisation")
        return 2
    service = container.retiring_keys
    use = await (service.count(organisation) if options.check else service.retire(organisation))
    for version, count in sorted(use.named.items()):
        print(f"version {version}: {count} sealed values")
    print(f"retired: {_listed(use.retired)}")
    print(f"old and kept: {_listed(use.kept)}")
    return 1 if use.kept else 0


def _listed(versions: tuple[int, ...]) -> str:
    return ", ".join(map(str, versions)) or "none"
