"""The settings of what counts as suspicious: ``count/seconds``, the most that is usual, or on a laptop ``off``.

The defaults suppose an office behind one address, where some mistype each morning, and staff who fetch files all day.
"""

from typing import Literal

from shared.domain.rate_limits import Limit
from shared.domain.security_events import WatchLimits
from shared.limit_settings import read_limit
from shared.setting_values import Reader

Switch = Literal["off", "on"]

LEAST_COUNT = 2
"""The first tenth of a threshold, and at least one, is an instance's own; something has to be left to share."""


def read_watch(read: Reader, *, is_local: bool) -> WatchLimits:
    """Collects what is wrong in ``read.faults``. ``off`` is refused unless ``is_local``."""

    def limit(name: str, default: str) -> Limit | None:
        faults = len(read.faults)
        found = read_limit(read, name, default, is_local=is_local)
        if found is not None and found.count < LEAST_COUNT and len(read.faults) == faults:
            read.faults.append(f"{name} must allow {LEAST_COUNT} or more")
        return found

    devices = read.choice("PIC_WATCH_NEW_DEVICES", Switch, "on")
    if devices == "off" and not is_local:
        read.faults.append("PIC_WATCH_NEW_DEVICES=off is only for PIC_ENVIRONMENT=local")
    return WatchLimits(
        account_failures=limit("PIC_WATCH_FAILURES_PER_ACCOUNT", "10/900"),
        network_failures=limit("PIC_WATCH_FAILURES_PER_NETWORK", "100/900"),
        all_failures=limit("PIC_WATCH_FAILURES_IN_ALL", "1000/900"),
        spraying=limit("PIC_WATCH_ACCOUNTS_PER_NETWORK", "30/900"),
        misses=limit("PIC_WATCH_MISSES", "30/3600"),
        downloads=limit("PIC_WATCH_DOWNLOADS", "500/3600"),
        watches_devices=devices == "on",
        mails_per_kind=read_limit(read, "PIC_WATCH_MAILS_PER_KIND", "3/14400", is_local=is_local),
    )
