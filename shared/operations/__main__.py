"""What an operator runs by hand: ``python -m shared.operations COMMAND``. One module per command."""

import argparse
import asyncio
import os
import sys

from shared.container import Container
from shared.operations import (
    announce_changes,
    content_policy,
    create_organisation,
    destroy_organisation_key,
    entra_tenant,
    incident,
    invite_admin,
    move,
    own_key,
    replay_deletions,
    retire_keys,
    rotate_keys,
    rotate_peppers,
    upload_limit,
    verify_audit,
)
from shared.settings import SettingsError, read_settings


def main(arguments: list[str]) -> int:
    """Run one command with the settings of the environment. Returns the exit status; 2 for unusable settings."""
    parser = argparse.ArgumentParser(prog="python -m shared.operations")
    commands = parser.add_subparsers(required=True)
    rotate_peppers.add_to(commands)
    create_organisation.add_to(commands)
    announce_changes.add_to(commands)
    invite_admin.add_to(commands)
    content_policy.add_to(commands)
    upload_limit.add_to(commands)
    entra_tenant.add_to(commands)
    rotate_keys.add_to(commands)
    retire_keys.add_to(commands)
    own_key.add_to(commands)
    destroy_organisation_key.add_to(commands)
    move.add_to(commands)
    replay_deletions.add_to(commands)
    incident.add_to(commands)
    verify_audit.add_to(commands)
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(os.environ)
    except SettingsError as fault:
        print(fault, file=sys.stderr)
        return 2
    status: int = asyncio.run(_run(Container(settings), options))
    return status


async def _run(container: Container, options: argparse.Namespace) -> int:
    try:
        status: int = await options.run(container, options)
    finally:
        await container.close()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
