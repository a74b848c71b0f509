"""Rate limits of signing in: per address, per browser, per person and per member of staff, on all instances together.

**Starts and sessions** are counted exactly: each takes a token of the shared bucket. When the store cannot decide they
are refused: what they would cost, an order at the e-ID or a session, is more than a second of waiting.

**Polls** are many and cheap, so an instance lets a tenth of the limit pass by itself, and draws from the shared bucket
in leases of that size only for whoever asks more often. A normal sign-in never gets there: its polls write nothing. The
price is that each instance may let a tenth more through. When the store cannot decide, polls pass: the order itself
limits what reaches the e-ID, and a poll that finds no store fails by itself.

A bucket that was seen empty is remembered, so that whoever goes on asking costs no call at all.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.crypto.limit_keys import limit_key
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import DependencyError, TooManyRequestsError
from shared.domain.ids import OrganisationId, StaffId, Subject
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Record
from shared.domain.rate_limits import Bucket, Limit, SignInLimits, network_of, retry_after_seconds
from shared.services.auditing import Audit
from shared.services.buckets import Buckets

LEASES: Final = 10
"""A lease of polls is the limit divided by this."""

HELD_KEYS: Final = 10_000
"""Keys that an instance remembers, about 5 MB; the one that asked least recently is forgotten first."""


@dataclass(slots=True, eq=False)
class _Held:
    """What an instance knows of one key. ``own_full_at`` is its own bucket for polls, ``spare`` what it drew ahead."""

    spare: int = 0
    spare_until: datetime | None = None
    own_full_at: datetime | None = None
    noted_minute: str = ""
    seen: Record | None = None
    waiting: int = 0
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def spend(self, now: datetime) -> bool:
        """Take a token that was drawn before. After a period they are worth nothing, or they would add up."""
        if not self.spare or self.spare_until is None or now >= self.spare_until:
            return False
        self.spare -= 1
        return True

    def keep(self, tokens: int, limit: Limit, now: datetime) -> None:
        """Hold these besides what is left. What was drawn longest ago decides how long."""
        left = self.spare if self.spare_until is not None and now < self.spare_until else 0
        self.spare = left + tokens
        if not left:
            self.spare_until = now + limit.period


class Limiting:
    """Says yes, or raises ``TooManyRequestsError`` with the seconds after which it may say yes."""

    def __init__(self, *, buckets: Buckets, audit: Audit, limits: SignInLimits, pepper: bytes, clock: Clock) -> None:
        self._buckets = buckets
        self._audit = audit
        self._limits = limits
        self._pepper = pepper
        self._clock = clock
        self._held: OrderedDict[str, _Held] = OrderedDict()

    async def allow_start(self, *, address: str, browser: str | None) -> None:
        """A sign-in may begin. ``browser`` is a secret of its cookies; without any the address alone counts.

        The browser is asked first: one that will not stop then takes nothing from others at its address.

        Raises ``TooManyRequestsError``, ``DependencyError``.
        """
        if browser:
            await self._start("browser", browser, self._limits.starts_per_browser)
        await self._start("address", network_of(address), self._limits.starts_per_address)

    async def allow_poll(self, *, address: str, browser: str | None) -> None:
        """A browser may ask how its sign-in stands. Raises ``TooManyRequestsError``."""
        if browser:
            await self._poll("polls-browser", browser, self._limits.polls_per_browser)
        await self._poll("polls-address", network_of(address), self._limits.polls_per_address)

    async def allow_session(self, subject: Subject) -> None:
        """One more session may be raised for this person. Raises ``TooManyRequestsError``, ``DependencyError``."""
        limit = self._limits.sessions_per_person
        if limit is not None:
            await self._strict(f"sessions-{subject}", limit, by=subject)

    async def is_over(self, kind: str, who: str, limit: Limit) -> bool:
        """Count one more of ``kind`` by ``who``, and say whether that is more than the limit.

        For what is watched and never refused. It goes by leases, as polls do: one instance alone says yes to the first
        above ``limit.count``, which is 2 or more, and each further one may see a tenth more before. The first tenth
        costs no call, and so does most of what is over. Raises nothing: a store in trouble has seen nothing.
        """
        lease = max(1, limit.count // LEASES)
        shared = Limit(count=limit.count - lease, seconds=limit.seconds)
        try:
            await self._leased(limit_key(kind, who, self._pepper), shared, lease)
        except TooManyRequestsError:
            return True
        return False

    async def allow(self, kind: str, who: str, limit: Limit | None, *, event: AuditEvent) -> None:
        """One more of ``kind`` by ``who``, of which the log then holds a keyed hash. Raises as ``allow_session``."""
        if limit is not None:
            key = limit_key(kind, who, self._pepper)
            await self._strict(key, limit, by=key, event=event)

    async def allow_code(self, organisation: OrganisationId, staff: StaffId) -> None:
        """A code of a second factor may be tried for this account, by whoever has proved its password or a session.

        20 codes an hour, of which three in a million count, are one chance in 700 a day for somebody who knows the
        password, and the owner is told. Nobody else can use them up. Raises as ``allow_session``.
        """
        limit = self._limits.codes_per_staff
        if limit is not None:
            await self._strict(f"codes-{staff}", limit, by=staff, event=AuditEvent.FACTOR_LIMITED, log=organisation)

    async def _start(self, kind: str, who: str, limit: Limit | None) -> None:
        if limit is not None:
            key = limit_key(kind, who, self._pepper)
            await self._strict(key, limit, by=key)

    async def _strict(
        self,
        key: str,
        limit: Limit,
        *,
        by: str,
        event: AuditEvent = AuditEvent.SIGN_IN_LIMITED,
        log: OrganisationId = PLATFORM,
    ) -> None:
        held = self._of(key)
        until = await self._take(key, held, limit, lease=0)
        if until is None:
            return
        now = self._clock()
        if held.noted_minute != f"{now:%Y%m%d%H%M}":
            await self._audit.write_once_a_minute(event, log, by=by)
            held.noted_minute = f"{now:%Y%m%d%H%M}"
        raise TooManyRequestsError(retry_after_seconds(until, now=now))

    async def _poll(self, kind: str, who: str, limit: Limit | None) -> None:
        if limit is None:
            return
        await self._leased(limit_key(kind, who, self._pepper), limit, max(1, limit.count // LEASES))

    async def _leased(self, key: str, limit: Limit, lease: int) -> None:
        held, now = self._of(key), self._clock()
        own = Bucket(limit=Limit(count=lease, seconds=limit.seconds), full_at=held.own_full_at)
        if own.tokens(now):
            held.own_full_at = own.taken(1, now).full_at
            return
        try:
            until = await self._take(key, held, limit, lease=lease)
        except (DependencyError, TooManyRequestsError):
            # As if it had been drawn: a store in trouble is not asked at every poll.
            held.keep(lease, limit, now)
            return
        if until is not None:
            raise TooManyRequestsError(retry_after_seconds(until, now=self._clock()))

    async def _take(self, key: str, held: _Held, limit: Limit, *, lease: int) -> datetime | None:
        """Take a token; or say until when there is none.

        Requests that come while a draw is under way wait for it, and the next draw is for all of them: an instance
        never competes with itself, and a crowd behind one address costs a few writes.
        """
        held.waiting += 1
        try:
            if held.spend(self._clock()):
                return None
            async with held.drawing:
                if held.spend(self._clock()):
                    return None
                draw = await self._buckets.draw(key, limit, wanted=max(lease, held.waiting), seen=held.seen)
                held.seen = draw.record
                if not draw.tokens:
                    return draw.next_at
                held.keep(draw.tokens - 1, limit, self._clock())
                return None
        finally:
            held.waiting -= 1

    def _of(self, key: str) -> _Held:
        held = self._held.setdefault(key, _Held())
        self._held.move_to_end(key)
        while len(self._held) > HELD_KEYS:
            self._held.popitem(last=False)
        return held
