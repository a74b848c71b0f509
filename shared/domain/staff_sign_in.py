"""What staff's sign-in begins with, and what it may come to besides a session."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.factor_answers import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStepBegun:
    """The password was right, and one of ``offers`` is awaited. ``token`` goes into a cookie of its own."""

    token: str = field(repr=False)
    offers: frozenset[Offer]
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The browser that signs in: the session that it held, which ends, and what the new one will be known by."""

    replacing: str | None = field(default=None, repr=False)
    device: str = UNKNOWN_DEVICE
