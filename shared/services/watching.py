"""Watching for what is suspicious: counts what happens, and notes a security event when it is more than usual.

Counting is in buckets that all instances share, by leases (ADR 0014, ADR 0032): what is usual costs no call, and of a
burst nearly all of it costs none either. Watching never stops or fails what it watches: a store or a queue that does
not answer loses an event, which a figure tells. The log itself fails closed, and is written before.

For an account that nobody has, the same is counted, written and queued as for one that somebody has, under the key of
the address: only where it is written differs.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.crypto.known_devices import device_knowing
from shared.crypto.limit_keys import limit_key
from shared.domain.alerts import Alert, seconds_of
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import PicError
from shared.domain.ids import OrganisationId, StaffId, new_id
from shared.domain.metrics import Counter, Metrics
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Queues
from shared.domain.principals import Person, Principal, reader_key
from shared.domain.rate_limits import Trier, network_of
from shared.domain.security_events import COUNTED, NATURES, SecurityEvent, Told, WatchLimits, period_start, sign_of
from shared.services.auditing import Audit
from shared.services.limiting import Limiting

HELD_EVENTS: Final = 10_000
"""Events that an instance remembers to have noted, about 1 MB; the oldest is forgotten first, and then noted again."""

HELD_NETWORKS: Final = 1_000
"""Networks of which an instance remembers the accounts that were tried from them."""

NOTHING: Final = "none"
"""What an event is about that is about whoever is behind it, or about the whole service."""

OF_ALL: Final = frozenset({SecurityEvent.ALL_FAILURES})

_HEX: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What a security event is about. ``key`` tells it from others and says nothing; ``log`` is whose it is."""

    key: str
    log: OrganisationId
    by: str = "system"
    staff: StaffId | None = None
    what: str = NOTHING


class Watching:
    """Sees, and raises nothing. ``audit`` is one that nobody watches; ``limiting`` is Watching's own."""

    def __init__(
        self,
        *,
        limiting: Limiting,
        audit: Audit,
        queues: Queues,
        metrics: Metrics,
        limits: WatchLimits,
        pepper: bytes,
        notify_queue: str,
        clock: Clock,
    ) -> None:
        self._limiting = limiting
        self._audit = audit
        self._queues = queues
        self._metrics = metrics
        self._limits = limits
        self._pepper = pepper
        self._notify_queue = notify_queue
        self._clock = clock
        self._noted: OrderedDict[str, None] = OrderedDict()
        self._tried: OrderedDict[str, set[str]] = OrderedDict()

    async def see(self, event: AuditEvent, organisation: OrganisationId, *, by: str, ids: Mapping[str, str]) -> None:
        """An audit event, which may be a sign."""
        sign = sign_of(event, by=by, ids=ids)
        if sign is None:
            return
        about = _About(
            key=self._key(sign.kind, sign.about if sign.kind in OF_ALL else f"{organisation}|{sign.about}"),
            log=PLATFORM if sign.kind in OF_ALL else organisation,
            by="system" if sign.by_system else by,
            staff=None if sign.staff is None else StaffId(sign.staff),
            what=sign.what,
        )
        await self._note(sign.kind, about)

    async def refused(self, login: str, trier: Trier | None, owner: tuple[OrganisationId, StaffId] | None) -> None:
        """A password did not match for the account with this key of an address; ``owner`` has it, if anybody."""
        log, staff = owner or (PLATFORM, None)
        kind = SecurityEvent.ACCOUNT_FAILURES
        key = self._key(kind, login)
        await self._note(kind, _About(key=key, log=log, staff=staff, what=key))
        if trier is not None:
            network = network_of(trier.client_address)
            await self._note(SecurityEvent.NETWORK_FAILURES, self._of_network(SecurityEvent.NETWORK_FAILURES, network))
            if self._is_another(network, login):
                await self._note(SecurityEvent.SPRAYING, self._of_network(SecurityEvent.SPRAYING, network))
        await self._note(
            SecurityEvent.ALL_FAILURES, _About(key=self._key(SecurityEvent.ALL_FAILURES, ""), log=PLATFORM)
        )

    async def proved(self, login: str, trier: Trier | None, organisation: OrganisationId, staff: StaffId) -> None:
        """The password of an account was right. A browser that nobody has used for it before is a new device."""
        if trier is None or not self._limits.watches_devices:
            return
        if device_knowing(trier.keepsake, login, self._pepper) is None:
            about = _About(key=self._key(SecurityEvent.NEW_DEVICE, staff), log=organisation, by=staff, staff=staff)
            await self._note(SecurityEvent.NEW_DEVICE, about)

    async def missed(self, principal: Principal) -> None:
        """Whoever is signed in asked for something that is not there, or not theirs."""
        who, kind = reader_key(principal), SecurityEvent.MISSES
        log = PLATFORM if isinstance(principal, Person) else principal.organisation
        await self._note(kind, _About(key=self._key(kind, who), log=log, by=who))

    async def _note(self, kind: SecurityEvent, about: _About) -> None:
        if kind in COUNTED:
            limit = self._limits.of(kind)
            if limit is None or not await self._limiting.is_over(f"watch-{kind}", about.key, limit):
                return
        since = period_start(self._clock(), self._limits.period(kind))
        event = self._id(kind, about, since)
        if event in self._noted:
            return
        if await self._is_done(kind, self._raise(kind, about, event, since)):
            self._noted[event] = None
            while len(self._noted) > HELD_EVENTS:
                self._noted.popitem(last=False)

    async def _raise(self, kind: SecurityEvent, about: _About, event: str, since: datetime) -> None:
        nature = NATURES[kind]
        await self._audit.write_as(
            AuditEvent.SECURITY_NOTICED,
            about.log,
            event,
            since,
            by=about.by,
            kind=kind.value,
            severity=nature.severity.value,
            staff=about.staff or NOTHING,
            about=about.what,
        )
        if self._limits.mails_per_kind is not None and nature.told & {Told.ADMINS, Told.OWNER}:
            alert = Alert(kind=kind, organisation=about.log, event=event, seconds=seconds_of(since), staff=about.staff)
            await self._queues.put(self._notify_queue, alert.message())

    async def _is_done(self, kind: SecurityEvent, act: Awaitable[None]) -> bool:
        try:
            await act
        except PicError:
            self._metrics.add(Counter.SECURITY, kind=kind.value, result="lost")
            return False
        self._metrics.add(Counter.SECURITY, kind=kind.value, result="noticed")
        return True

    def _id(self, kind: SecurityEvent, about: _About, since: datetime) -> str:
        """The same on all instances and in time with the log. An id that says nothing without the pepper."""
        digest = self._key(kind, f"{about.log}|{about.key}|{since:%Y%m%d%H%M%S}")
        return new_id(since, lambda count: bytes.fromhex(digest)[:count])

    def _key(self, kind: SecurityEvent, who: str) -> str:
        return limit_key(f"watch-{kind}", who, self._pepper)[-_HEX:]

    def _of_network(self, kind: SecurityEvent, network: str) -> _About:
        key = self._key(kind, network)
        return _About(key=key, log=PLATFORM, what=key)

    def _is_another(self, network: str, login: str) -> bool:
        """Whether this instance has not seen the account tried from the network before, as far as it remembers."""
        limit = self._limits.spraying
        if limit is None:
            return False
        begun = f"{network}|{period_start(self._clock(), self._limits.period(SecurityEvent.SPRAYING)):%Y%m%d%H%M%S}"
        tried = self._tried.setdefault(begun, set())
        self._tried.move_to_end(begun)
        while len(self._tried) > HELD_NETWORKS:
            self._tried.popitem(last=False)
        if login in tried:
            return False
        if len(tried) < 2 * limit.count:  # By then it was noted, and the set need not grow with what a guesser does.
            tried.add(login)
        return True
