"""``move``: move the whole deployment to other stores and another vault, pass by pass, verified item by item."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared.clients import Clients
from shared.container import Container
from shared.crypto.pepper_checks import pepper_checks
from shared.domain.errors import DependencyError, InvalidInputError
from shared.domain.key_addresses import key_address
from shared.move_sides import side_of
from shared.operations.move_settings import read_settings_file, source_digest, store_addresses
from shared.services.moving import marker
from shared.services.moving.deployment import Moving
from shared.services.moving.marker import Origin
from shared.services.moving.report import Report
from shared.settings import Settings, SettingsError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

REFUSED: Final = 2

SENTENCES: Final = {
    marker.PEPPERS: "source and target must have the same peppers, those with which this move began",
    marker.NOT_EMPTY: "the target holds something already; a move begins with empty stores",
    marker.OTHER_MOVE: "the target belongs to a move from another source",
    marker.NO_SOURCE: "the source holds no deployment",
    marker.HALF_FILLED: "the source itself was filled by a move that is not complete",
    marker.NOT_BEGUN: "nothing has been moved there yet",
    marker.COMPLETE: "this move is complete; the target goes its own way since",
}


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Make it known to the command line."""
    command = commands.add_parser("move", help="move the whole deployment to other stores and another vault")
    command.add_argument("--target", required=True, metavar="FILE", help="settings, as in local.settings.json")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--final", action="store_true", help="the source is stopped: copy the rest, verify, end")
    how.add_argument("--check", action="store_true", help="only compare both sides, item by item")
    command.add_argument(
        "--own-key",
        action="append",
        default=[],
        type=_replacement,
        metavar="OLD=NEW",
        help="addresses of an organisation's key in its own vault, and of the one that takes its place",
    )
    command.set_defaults(run=run)


async def run(container: Container, options: argparse.Namespace) -> int:
    """Run a pass. Returns 0 when nothing was wrong, 1 for any fault, 2 when it was refused before it began."""
    try:
        settings = read_settings_file(options.target)
    except SettingsError as fault:
        print(f"target: {fault}")
        return REFUSED
    if not set(store_addresses(container.settings)).isdisjoint(store_addresses(settings)):
        print("refused: source and target share a store")
        return REFUSED
    for note in notes(container.settings, settings):
        print(f"note: {note}")
    target = Clients(settings)
    try:
        return await move(container, target, options)
    finally:
        await target.close()


async def move(source: Clients, target: Clients, options: argparse.Namespace) -> int:
    """The pass itself, between clients that are there."""
    moving = Moving(
        source=side_of(source),
        target=side_of(target),
        origin=Origin(source=source_digest(source.settings), checks=checks_of(source.settings)),
        clock=source.clock,
        own_keys=dict(options.own_key),
    )
    status = 1
    try:
        await (moving.resume if options.check else moving.begin)(checks_of(target.settings))
        status = await _passes(moving, options)
    except* InvalidInputError as refusals:
        for refusal in refusals.exceptions:
            assert isinstance(refusal, InvalidInputError)
            print(f"refused: {SENTENCES[refusal.rule]}")
        status = REFUSED
    except* DependencyError:
        print("a store or a vault did not answer; run this again, it goes on where it was")
    return status


async def _passes(moving: Moving, options: argparse.Namespace) -> int:
    copied = None
    if not options.check:
        copied = await moving.copy(print)
        _say("copied", copied)
        if not options.final:
            print("not verified and not complete: stop the source, and run this with --final")
            return 1 if copied.faults else 0
    verified = await moving.verify(print, is_removing=options.final)
    _say("verified", verified)
    if verified.faults or (copied is not None and copied.faults):
        print("not complete: run this again, after mending what is named above")
        return 1
    if options.final:
        await moving.complete(verified)
        print("complete: the target may be started; the source must not be started again")
    return 0


def checks_of(settings: Settings) -> Mapping[str, str]:
    """The check values of a deployment's peppers."""
    return pepper_checks(
        subjects=settings.peppers, addresses=settings.address_pepper, passwords=settings.password_peppers
    )


def notes(source: Settings, target: Settings) -> list[str]:
    """What will be otherwise at the target although everything has moved."""
    found = []
    if urlsplit(source.public_url).hostname != urlsplit(target.public_url).hostname:
        found.append("the target has another host name: passkeys of staff belong to the one of the source")
    if set(source.keys.own_vaults) - set(target.keys.own_vaults):
        found.append("the target may not use each vault in PIC_OWN_VAULTS of the source")
    return found


def _say(what: str, report: Report) -> None:
    print(f"{what}: {report.items} items, {report.changes} changes, {report.faults} faults")
    for kind, tally in sorted(report.kinds.items()):
        counts = (
            f"{tally.found} found, {tally.written} written, {tally.removed} removed, {tally.verified} verified, "
            f"{tally.faults} faults"
        )
        again = f", {tally.restarted} begin again at offset 0" if tally.restarted else ""
        print(f"  {kind}: {counts}{again}")
    print(f"  left behind (sessions, orders, limits): {report.left_behind} partitions")


def _replacement(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    if any(found is None or found.version is not None for found in map(key_address, (old, new))):
        raise ValueError
    return old, new
