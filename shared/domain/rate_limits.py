"""How often somebody may do something: buckets of tokens that refill at a steady pace.

A bucket holds ``count`` tokens when it is full, and gains one every ``seconds / count``; each act takes one. All that
is stored of it is the instant at which it is full again, so that one compare-and-set write takes any number of tokens
and nothing runs while nobody asks. Source: the generic cell rate algorithm (ITU-T I.371, virtual scheduling).

In any stretch of time no more is taken than ``count`` and what refills in it: at most twice ``count`` in a period.
"""

import ipaddress
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

MOST_COUNT: Final = 1_000_000
LONGEST_SECONDS: Final = 24 * 60 * 60

SKEW: Final = timedelta(minutes=1)
"""How far the clocks of two instances may differ. Servers keep theirs to well below a second."""

_MICROSECONDS: Final = 1_000_000
_NETWORK_OF_ONE: Final = 64
"""Bits: a home or a phone gets at least a /64 of IPv6, and may use any address in it (RFC 6177 section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``count`` at once, and as many in ``seconds`` in the long run.

    Raises ``ValueError`` outside 1..``MOST_COUNT`` and 1..``LONGEST_SECONDS``.
    """

    count: int
    seconds: int

    def __post_init__(self) -> None:
        if not (1 <= self.count <= MOST_COUNT and 1 <= self.seconds <= LONGEST_SECONDS):
            raise ValueError("not a limit")

    @property
    def interval(self) -> timedelta:
        """From one token to the next, in whole microseconds: rounded up, so that no rounding lets more through."""
        return timedelta(microseconds=-(-self.seconds * _MICROSECONDS // self.count))

    @property
    def period(self) -> timedelta:
        """How long an empty bucket takes to be full: ``seconds``, and under ``count`` microseconds of rounding."""
        return self.count * self.interval

    @property
    def horizon(self) -> timedelta:
        """How far ahead of one clock the end of anything may lie that another clock has reckoned."""
        return self.period + SKEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket that is full at ``full_at``. None: nobody ever took a token, or it was long ago."""

    limit: Limit
    full_at: datetime | None = None

    def tokens(self, now: datetime) -> int:
        """How many there are, 0 to ``limit.count``."""
        return max(timedelta(0), self.limit.period - self._missing(now)) // self.limit.interval

    def taken(self, tokens: int, now: datetime) -> "Bucket":
        """The bucket afterwards. Raises ``ValueError`` for more tokens than there are."""
        if not 0 <= tokens <= self.tokens(now):
            raise ValueError("more tokens than there are")
        return Bucket(limit=self.limit, full_at=now + self._missing(now) + tokens * self.limit.interval)

    def next_token_at(self, now: datetime) -> datetime:
        """The first instant, from ``now`` on, at which there is a token."""
        return now + max(timedelta(0), self._missing(now) - self.limit.period + self.limit.interval)

    def _missing(self, now: datetime) -> timedelta:
        """How long it takes to be full.

        One that lies beyond the horizon was written by a clock that was wrong, or for another limit. It counts as
        full: otherwise it would keep somebody out until that time comes round again. Up to there it counts as it is,
        because an instance whose clock is behind must not find full what another has emptied.
        """
        if self.full_at is None or not timedelta(0) < self.full_at - now <= self.limit.horizon:
            return timedelta(0)
        return self.full_at - now


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLimits:
    """What is limited where somebody signs in. None: not at all, which only a laptop may say."""

    starts_per_address: Limit | None
    starts_per_browser: Limit | None
    polls_per_address: Limit | None
    polls_per_browser: Limit | None
    sessions_per_person: Limit | None
    codes_per_staff: Limit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLimits:
    """What is limited where staff sign in and ask for passwords. None: not at all, which only a laptop may say.

    ``per_device`` is for a browser in which the account was proved before; ``per_network``, ``per_account`` and
    ``in_all`` are for all others.
    """

    per_device: Limit | None
    per_account_and_network: Limit | None
    per_network: Limit | None
    per_account: Limit | None
    in_all: Limit | None
    questions_per_network: Limit | None
    letters_per_account: Limit | None

    def of(self, kind: str) -> Limit | None:
        """The limit of what buckets call ``kind``. Raises ``KeyError``."""
        return {
            "staff-device": self.per_device,
            "staff-account-network": self.per_account_and_network,
            "staff-network": self.per_network,
            "staff-account": self.per_account,
            "staff-all": self.in_all,
            "staff-questions": self.questions_per_network,
            "staff-letters": self.letters_per_account,
            "staff-change": self.per_device,
        }[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trier:
    """Where an attempt of staff comes from. ``keepsake`` is what its browser keeps of earlier sign-ins, if anything."""

    client_address: str = field(repr=False)
    keepsake: str | None = field(repr=False)


def retry_after_seconds(at: datetime, *, now: datetime) -> int:
    """The whole seconds to wait for ``at``: enough, no second more than that, and at least one."""
    return max(1, math.ceil((at - now) / timedelta(seconds=1)))


def network_of(address: str) -> str:
    """Whom ``address`` counts for: an IPv4 address for itself, one of IPv6 for its /64. Another text for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), _NETWORK_OF_ONE), strict=False))
