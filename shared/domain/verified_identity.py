"""Who a person is, as an e-ID states it, whichever it is and however it was asked."""

from dataclasses import dataclass, field
from datetime import date

from shared.domain.assurance import Assurance
from shared.domain.personal_number import PersonalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentity:
    """Who signed in, as the e-ID states it. Nothing of it is shown by ``repr``.

    ``provider`` is its name in the settings (``bankid``, or a broker's), ``assurance`` the level it gave this time,
    ``transaction`` its own id of the event. ``device_ip`` is the address of the device with the e-ID; ``risk`` is
    ``low``, ``moderate``, ``high``, another word, or None when the e-ID did not say; ``issued_on`` is the day the
    e-ID was issued, if known; ``evidence`` is the provider's signed answer, verbatim.
    """

    personal_number: PersonalNumber = field(repr=False)
    name: str = field(repr=False)
    given_name: str = field(repr=False)
    surname: str = field(repr=False)
    provider: str
    assurance: Assurance
    transaction: str = field(repr=False)
    issued_on: date | None = None
    device_ip: str | None = field(default=None, repr=False)
    risk: str | None = None
    evidence: str | None = field(default=None, repr=False)
