"""The life of one order: which step may follow which, and what time does to it. Nothing else knows.

::

    WAITING ── 30 s ──► FAILED startFailed
    WAITING ── pick-up ──► PICKED_UP ── 180 s since the start ──► FAILED expiredTransaction
    WAITING, PICKED_UP ── the app or the system ──► FAILED
    PICKED_UP ── approval ──► COMPLETE
    WAITING, PICKED_UP ── cancelled by the relying party ──► GONE
    FAILED, COMPLETE ── told once, or too old ──► GONE

Source: BankID RP API v6.0 (``/collect``, times). Where BankID's documents leave it open, the clock of the whole order
starts with the order, and an order that nobody picked up is kept for 190 s since then.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

START_WINDOW = timedelta(seconds=30)
WHOLE_ORDER = timedelta(seconds=180)
KEEP_UNPICKED = timedelta(seconds=190)
"""Since the start of the order."""

KEEP_COMPLETE = timedelta(seconds=180)
KEEP_FAILED = timedelta(seconds=300)
"""Since it ended."""

OUTSTANDING = "outstandingTransaction"
NO_CLIENT = "noClient"
USER_SIGN = "userSign"
USER_MRTD = "userMrtd"
USER_CALL_CONFIRM = "userCallConfirm"
UNPICKED_HINTS = frozenset({OUTSTANDING, NO_CLIENT})


class Phase(Enum):
    """Where an order stands."""

    WAITING = "waiting"
    PICKED_UP = "picked up"
    COMPLETE = "complete"
    FAILED = "failed"
    GONE = "gone"


class StepError(Exception):
    """The order is in a phase, or the app in a state, that does not allow this step. The text is a fixed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One order in time. Every step gives a new value; ``now`` never goes back."""

    created_at: datetime
    phase: Phase = Phase.WAITING
    hint_code: str = OUTSTANDING
    gone_at: datetime | None = None
    """From when on a result that nobody asked for is forgotten; set once the order has ended."""

    @property
    def is_pending(self) -> bool:
        return self.phase in (Phase.WAITING, Phase.PICKED_UP)

    def settled(self, now: datetime) -> "Life":
        """What time alone has made of it."""
        if self.phase is Phase.WAITING and now >= self.created_at + START_WINDOW:
            ended = replace(self, phase=Phase.FAILED, hint_code="startFailed", gone_at=self.created_at + KEEP_UNPICKED)
            return ended.settled(now)
        expires_at = self.created_at + WHOLE_ORDER
        if self.phase is Phase.PICKED_UP and now >= expires_at:
            ended = replace(self, phase=Phase.FAILED, hint_code="expiredTransaction", gone_at=expires_at + KEEP_FAILED)
            return ended.settled(now)
        if self.gone_at is not None and now >= self.gone_at:
            return replace(self, phase=Phase.GONE)
        return self

    def picked_up(self, now: datetime, hint_code: str = USER_SIGN) -> "Life":
        """An app has the order. Raises ``StepError``."""
        life = self._in(now, Phase.WAITING)
        return replace(life, phase=Phase.PICKED_UP, hint_code=hint_code)

    def hinted(self, now: datetime, hint_code: str) -> "Life":
        """Another pending hint, also one that nobody knows yet. Raises ``StepError``."""
        life = self._in(now, Phase.WAITING, Phase.PICKED_UP)
        if (life.phase is Phase.WAITING) is not (hint_code in UNPICKED_HINTS):
            raise StepError("this hint does not go with the phase of the order")
        return replace(life, hint_code=hint_code)

    def completed(self, now: datetime) -> "Life":
        """The person has identified or signed. Raises ``StepError``."""
        life = self._in(now, Phase.PICKED_UP)
        return replace(life, phase=Phase.COMPLETE, hint_code="", gone_at=now + KEEP_COMPLETE)

    def failed(self, now: datetime, hint_code: str) -> "Life":
        """Ended without an identity. Raises ``StepError``."""
        life = self._in(now, Phase.WAITING, Phase.PICKED_UP)
        return replace(life, phase=Phase.FAILED, hint_code=hint_code, gone_at=now + KEEP_FAILED)

    def cancelled(self, now: datetime) -> "Life":
        """Ended by the relying party, which will hear no more of it. Raises ``StepError``."""
        life = self._in(now, Phase.WAITING, Phase.PICKED_UP)
        return replace(life, phase=Phase.GONE)

    def told(self, now: datetime) -> "Life":
        """After the relying party has been told: what has ended is told once. Raises ``StepError``."""
        life = self._in(now, Phase.WAITING, Phase.PICKED_UP, Phase.COMPLETE, Phase.FAILED)
        return life if life.is_pending else replace(life, phase=Phase.GONE)

    def _in(self, now: datetime, *phases: Phase) -> "Life":
        life = self.settled(now)
        if life.phase not in phases:
            raise StepError(f"the order is {life.phase.value}")
        return life
