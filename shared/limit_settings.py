"""The settings of rate limits: each is ``count/seconds``, and on a laptop ``off``.

The defaults suppose that a whole municipal office, or a part of a mobile network, has one address: 300 persons may
begin within a minute, and 1000 wait for their e-ID at the same time. A browser and a person are one.
"""

import re
from typing import Final

from shared.domain.rate_limits import LONGEST_SECONDS, MOST_COUNT, Limit, SignInLimits
from shared.setting_values import Reader

OFF: Final = "off"

_FORM: Final = re.compile(r"([0-9]{1,7})/([0-9]{1,5})", re.ASCII)


def read_limits(read: Reader, *, is_local: bool) -> SignInLimits:
    """Collects what is wrong in ``read.faults``. ``off`` is refused unless ``is_local``."""

    def limit(name: str, default: str) -> Limit | None:
        wanted = f"count/seconds, 1-{MOST_COUNT} in 1-{LONGEST_SECONDS}"
        text = read.optional(name)
        if text == OFF:
            if not is_local:
                read.faults.append(f"{name}=off is only for PIC_ENVIRONMENT=local")
            return None
        return read.parsed(name, _limit, wanted, Limit(count=1, seconds=1), default)

    return SignInLimits(
        starts_per_address=limit("PIC_LIMIT_STARTS_PER_ADDRESS", "300/60"),
        starts_per_browser=limit("PIC_LIMIT_STARTS_PER_BROWSER", "10/60"),
        polls_per_address=limit("PIC_LIMIT_POLLS_PER_ADDRESS", "30000/60"),
        polls_per_browser=limit("PIC_LIMIT_POLLS_PER_BROWSER", "600/60"),
        sessions_per_person=limit("PIC_LIMIT_SESSIONS_PER_PERSON", "20/3600"),
    )


def _limit(text: str) -> Limit:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError
    return Limit(count=int(found[1]), seconds=int(found[2]))
