"""How often somebody may try to sign in as staff, or ask for a new password: slower, and never locked out by strangers.

A browser in which the account was proved before has a count of its own, which nobody else can use up. Everybody else
shares counts: of their network, of their network and the account, of the account, and of the whole service. So a
guesser is slowed at each of them, whether they try many passwords for one account or one password for many, and whoever
owns the account signs in from their own browser all the while (ADR 0026). What counts is the key of an address: whether
anybody has it makes no difference to what is counted, nor to how long that takes.
"""

from shared.crypto.known_devices import device_knowing, marked
from shared.crypto.limit_keys import limit_key
from shared.crypto.pseudonyms import address_key
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import TooManyRequestsError
from shared.domain.ids import RandomBytes, StaffId
from shared.domain.rate_limits import StaffLimits, Trier, network_of
from shared.services.buckets import Buckets
from shared.services.limiting import Limiting


class StaffLimiting:
    """Each method returns, or raises ``TooManyRequestsError``; ``DependencyError`` when the store cannot decide."""

    def __init__(
        self, *, limiting: Limiting, buckets: Buckets, limits: StaffLimits, pepper: bytes, random: RandomBytes
    ) -> None:
        self._limiting = limiting
        self._buckets = buckets
        self._limits = limits
        self._pepper = pepper
        self._random = random

    async def allow_attempt(self, mail_address: str, trier: Trier) -> None:
        """A password may be tried for this address."""
        login = address_key(mail_address, self._pepper)
        device = device_knowing(trier.keepsake, login, self._pepper)
        if device is not None:
            await self._spend("staff-device", f"{login}:{device}")
            return
        network = network_of(trier.client_address)
        # The narrowest first: who will not stop then takes nothing from others.
        await self._spend("staff-account-network", f"{login}:{network}")
        await self._spend("staff-network", network)
        await self._spend("staff-account", login)
        await self._spend("staff-all", "")

    async def note_success(self, mail_address: str, trier: Trier) -> str:
        """The password was proved: what the browser keeps from now on.

        The account's shared count is forgotten: how it stands would tell a stranger that somebody signed in lately.
        """
        login = address_key(mail_address, self._pepper)
        if device_knowing(trier.keepsake, login, self._pepper) is None:
            await self._buckets.drop(limit_key("staff-account", login, self._pepper))
        return self.keepsake(login, trier)

    def keepsake(self, login: str, trier: Trier) -> str:
        """What a browser keeps in which the account of this key was proved."""
        return marked(trier.keepsake, login, self._pepper, self._random)

    async def allow_question(self, client_address: str) -> None:
        """Somebody may ask for a new password, or try a link."""
        await self._spend("staff-questions", network_of(client_address))

    async def allows_letter(self, login: str) -> bool:
        """Whether one more mail with a link may go to the address of this key."""
        try:
            await self._spend("staff-letters", login)
        except TooManyRequestsError:
            return False
        return True

    async def allow_change(self, staff: StaffId) -> None:
        """The current password may be tried by whoever is signed in."""
        await self._spend("staff-change", staff)

    async def _spend(self, kind: str, who: str) -> None:
        await self._limiting.allow(kind, who, self._limits.of(kind), event=AuditEvent.STAFF_LIMITED)
