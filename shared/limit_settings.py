"""The settings of rate limits: each is ``count/seconds``, and on a laptop ``off``.

The defaults suppose that a whole municipal office, or a part of a mobile network, has one address: 300 persons may
begin within a minute, and 1000 wait for their e-ID at the same time. A browser and a person are one. Of staff 120 may
sign in within a minute behind one address, and each may mistype 20 times in ten minutes.
"""

import re
from typing import Final

from shared.domain.rate_limits import LONGEST_SECONDS, MOST_COUNT, Limit, SignInLimits, StaffLimits
from shared.setting_values import Reader

OFF: Final = "off"

_FORM: Final = re.compile(r"([0-9]{1,7})/([0-9]{1,5})", re.ASCII)


def read_limits(read: Reader, *, is_local: bool) -> SignInLimits:
    """Collects what is wrong in ``read.faults``. ``off`` is refused unless ``is_local``."""

    def limit(name: str, default: str) -> Limit | None:
        return read_limit(read, name, default, is_local=is_local)

    return SignInLimits(
        starts_per_address=limit("PIC_LIMIT_STARTS_PER_ADDRESS", "300/60"),
        starts_per_browser=limit("PIC_LIMIT_STARTS_PER_BROWSER", "10/60"),
        polls_per_address=limit("PIC_LIMIT_POLLS_PER_ADDRESS", "30000/60"),
        polls_per_browser=limit("PIC_LIMIT_POLLS_PER_BROWSER", "600/60"),
        sessions_per_person=limit("PIC_LIMIT_SESSIONS_PER_PERSON", "20/3600"),
        codes_per_staff=limit("PIC_LIMIT_CODES_PER_STAFF", "20/3600"),
    )


def read_staff_limits(read: Reader, *, is_local: bool) -> StaffLimits:
    """As ``read_limits``."""

    def limit(name: str, default: str) -> Limit | None:
        return read_limit(read, name, default, is_local=is_local)

    return StaffLimits(
        per_device=limit("PIC_LIMIT_STAFF_PER_DEVICE", "20/600"),
        per_account_and_network=limit("PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK", "20/600"),
        per_network=limit("PIC_LIMIT_STAFF_PER_NETWORK", "120/60"),
        per_account=limit("PIC_LIMIT_STAFF_PER_ACCOUNT", "100/3600"),
        in_all=limit("PIC_LIMIT_STAFF_IN_ALL", "1200/60"),
        questions_per_network=limit("PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK", "30/600"),
        letters_per_account=limit("PIC_LIMIT_STAFF_LETTERS_PER_ACCOUNT", "3/3600"),
    )


def read_limit(read: Reader, name: str, default: str, *, is_local: bool) -> Limit | None:
    """One of them. Collects what is wrong in ``read.faults``; ``off`` is refused unless ``is_local``."""
    wanted = f"count/seconds, 1-{MOST_COUNT} in 1-{LONGEST_SECONDS}"
    if read.optional(name) == OFF:
        if not is_local:
            read.faults.append(f"{name}=off is only for PIC_ENVIRONMENT=local")
        return None
    return read.parsed(name, _limit, wanted, Limit(count=1, seconds=1), default)


def _limit(text: str) -> Limit:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError
    return Limit(count=int(found[1]), seconds=int(found[2]))
