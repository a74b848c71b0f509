"""``use-own-key``: put an organisation's keys under a key in its own vault, look whether one is fit, or go back."""

import argparse
from typing import TYPE_CHECKING, Final

from shared.container import Container
from shared.domain.errors import KeyDestroyedError, NotFoundError
from shared.domain.ids import OrganisationId

if TYPE_CHECKING:
    from argparse import _SubParsersAction

SENTENCES: Final = {
    "address": "the address must be https://<vault>/keys/<name>, without version",
    "refused": "the key cannot be used: see that the vault is in PIC_OWN_VAULTS, the grant is given, the key enabled",
    "round-trip": "what the key wraps it does not unwrap",
    "kind": "the key must be of type RSA or RSA-HSM",
    "size": "the key is too short: RSA of 2048 bits at least, 3072 advised",
    "operations": "the key must allow wrapKey and unwrapKey",
    "purge-protection": "the vault has no purge protection: whoever deletes the key can lose all content for ever",
    "small": "3072 bits are advised",
    "software": "a key in an HSM (RSA-HSM) is advised",
}


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("use-own-key", help="put an organisation's keys under a key in its own vault")
    command.add_argument("--organisation", required=True, help="its id")
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--key", help="https://<vault>/keys/<name>")
    where.add_argument("--service-key", action="store_true", help="go back to the key in the service's vault")
    command.add_argument("--check", action="store_true", help="only say whether the key is fit")
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Move or check, and say what was found. Returns 0 when all is under that key, or with ``--check`` if it is fit."""
    organisation = OrganisationId(options.organisation)
    try:
        if options.service_key:
            report = await container.own_keys.give_back(organisation)
        elif options.check:
            report = await container.own_keys.examine(options.key)
        else:
            report = await container.own_keys.use(organisation, options.key)
    except (NotFoundError, KeyDestroyedError):
        print("no such organisation, or its keys are destroyed")
        return 1
    for word in report.faults:
        print(f"not fit: {SENTENCES[word]}")
    for word in report.hints:
        print(f"hint: {SENTENCES[word]}")
    if report.rotation is None:
        return 1 if report.faults else 0
    print(f"organisation keys wrapped anew: {report.rotation.wrapped}")
    if report.rotation.refused:
        print("some are still under the key of before, which cannot be used now; run this again when it can")
    return 1 if report.rotation.refused else 0
