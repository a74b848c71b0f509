"""An organisation's key in its own vault: looked at before it is used, and then it wraps every organisation key.

Whoever holds the key-encryption key can take it back: disable it, or withdraw our right to use it. From then on,
within the lifetime of keys in memory, nothing of the organisation opens; given back, all of it does.
"""

import hmac
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.audit_events import AuditEvent
from shared.domain.errors import IntegrityError, KeyDestroyedError, KeyUnavailableError, NotFoundError
from shared.domain.ids import OrganisationId, RandomBytes
from shared.domain.key_addresses import is_key_name, key_address
from shared.domain.ports import Keys, KeyTraits, Records
from shared.services.auditing import Audit
from shared.services.custody import Custodies, Custody, service_key_name
from shared.services.organisation_key_records import key_records
from shared.services.rotating_keys import KeyRotation, RotatingKeys

LEAST_BITS: Final = 2048
"""What RSA-OAEP-256 is taken with. 3072 is what the service makes itself, and what is advised."""

ADVISED_BITS: Final = 3072

_PROBE_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """What was found of a key, in fixed words. With ``faults`` it is not used; ``hints`` are for its owner."""

    faults: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    rotation: KeyRotation | None = None


class OwnKeys:
    """Moves an organisation's keys under another key-encryption key."""

    def __init__(
        self,
        *,
        records: Records,
        keys: Keys,
        custodies: Custodies,
        rotating: RotatingKeys,
        audit: Audit,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._keys = keys
        self._custodies = custodies
        self._rotating = rotating
        self._audit = audit
        self._random = random

    async def use(self, organisation: OrganisationId, address: str) -> KeyReport:
        """Let the key at ``address`` (without version) wrap the organisation's keys, if it is fit for it.

        May be repeated until all is wrapped; the timer of rotations goes on with it as well. Raises
        ``NotFoundError`` for an organisation without keys, ``KeyDestroyedError``.
        """
        await self._check(organisation)
        report = await self.examine(address)
        return report if report.faults else await self._move(organisation, address, report)

    async def give_back(self, organisation: OrganisationId) -> KeyReport:
        """Let the service's own key wrap the organisation's keys again. Raises as ``use``."""
        await self._check(organisation)
        name = service_key_name(organisation)
        await self._keys.create(name)
        return await self._move(organisation, name, KeyReport())

    async def examine(self, address: str) -> KeyReport:
        """Whether the key can do the work: of the right kind, and tried. Changes nothing."""
        found = key_address(address)
        if found is None or found.version is not None:
            return KeyReport(faults=("address",))
        try:
            traits = await self._keys.describe(address)
            faults = _faults(traits)
            if not faults:
                await self._try(address)
        except KeyUnavailableError:
            return KeyReport(faults=("refused",))
        except IntegrityError:
            return KeyReport(faults=("round-trip",))
        return KeyReport(faults=faults, hints=_hints(traits))

    async def _try(self, address: str) -> None:
        probe = self._random(_PROBE_BYTES)
        wrapped = await self._keys.wrap(address, probe)
        kek = key_address(wrapped.kek)
        if kek is None or kek.version is None or not hmac.compare_digest(await self._keys.unwrap(wrapped), probe):
            raise IntegrityError

    async def _check(self, organisation: OrganisationId) -> None:
        if (await self._custodies.read(organisation)).destroyed_at is not None:
            raise KeyDestroyedError
        if not await key_records(self._records, organisation):
            raise NotFoundError

    async def _move(self, organisation: OrganisationId, key: str, report: KeyReport) -> KeyReport:
        vault = "service" if is_key_name(key) else "organisation"
        await self._audit.write(AuditEvent.KEY_CUSTODY_CHANGED, organisation, by="system", vault=vault)

        def moved(custody: Custody) -> Custody:
            if custody.destroyed_at is not None:
                raise KeyDestroyedError
            return replace(custody, key=key)

        await self._custodies.change(organisation, moved)
        rotation = KeyRotation(organisations=1)
        rotation.refused += not await self._rotating.wrap_all(organisation, key, done=rotation)
        return replace(report, rotation=rotation)


def _faults(traits: KeyTraits) -> tuple[str, ...]:
    found = {
        "kind": not traits.kind.startswith("RSA"),
        "size": traits.kind.startswith("RSA") and traits.size_bits < LEAST_BITS,
        "operations": not traits.wraps,
    }
    return tuple(word for word, holds in found.items() if holds)


def _hints(traits: KeyTraits) -> tuple[str, ...]:
    found = {
        "purge-protection": traits.is_purgeable,
        "small": traits.size_bits < ADVISED_BITS,
        "software": not traits.kind.endswith("-HSM"),
    }
    return tuple(word for word, holds in found.items() if holds)
