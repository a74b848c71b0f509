"""Our certificate towards BankID: opened on first use, judged before anything is asked with it, watched to its end.

It is judged here and not when the app starts, because a start loads no vendor, reads no file and waits for nobody
(ADR 0010), and the certificate may be in the vault. Nothing is lost by that: without credentials the client sends
nothing, so no order ever begins under a wrong setup, and readiness is asked before an instance gets its first person.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final

from shared.crypto.certificates import open_credentials
from shared.domain.bankid_trust import BankIdEnvironment
from shared.domain.client_certificates import CertificateMaterial, TlsCredentials
from shared.domain.errors import DependencyError, ElectronicIdError, ElectronicIdFault, PicError
from shared.domain.ports import Clock, EventLog

WARNING_DAYS: Final = 60
"""Ordering a certificate at one's bank takes weeks."""

REFUSED_FOR: Final = timedelta(seconds=30)
"""How long what is wrong is not looked at again: whoever tries to sign in must not be able to wear out the vault."""

ENDING_EVENT: Final = "bankid.certificate.ending"
REFUSED_EVENT: Final = "bankid.certificate.refused"


class BankIdCertificate:
    """Holds the credentials once they are found good. ``clock`` is the one that TLS goes by, which nobody moves.

    ``warning_days`` is how long before the end operators are told.
    """

    def __init__(
        self,
        *,
        environment: BankIdEnvironment,
        material: Callable[[], Awaitable[CertificateMaterial]],
        clock: Clock,
        log: EventLog,
        warning_days: int = WARNING_DAYS,
    ) -> None:
        self._warning_days = warning_days
        self._environment = environment
        self._material = material
        self._clock = clock
        self._log = log
        self._opened: TlsCredentials | None = None
        self._faults: tuple[str, ...] = ()
        self._refused_until: datetime | None = None
        self._reminded_on: date | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> TlsCredentials:
        """The credentials, the same ones until they end.

        Raises ``ElectronicIdError``: ``SETUP`` with every fault, ``UNREACHABLE`` when the vault does not answer.
        """
        async with self._turn:
            now = self._clock()
            if self._opened is not None and now < self._opened.certificate.ends_at:
                return self._opened
            if self._refused_until is not None and now < self._refused_until:
                raise ElectronicIdError(ElectronicIdFault.SETUP, *self._faults)
            self._opened = None
            try:
                material = await self._material()
            except DependencyError as exc:
                raise ElectronicIdError(ElectronicIdFault.UNREACHABLE, "certificate") from exc
            try:
                self._opened = open_credentials(material, environment=self._environment, now=now)
            except ElectronicIdError as refusal:
                self._faults, self._refused_until = refusal.args[1:], now + REFUSED_FOR
                self._log(REFUSED_EVENT, faults=[*self._faults])
                raise
            self._remind(self._opened, now)
            return self._opened

    async def remind(self) -> None:
        """For a timer: say once a day that the end is near. What is wrong with the certificate, ``open`` has said."""
        try:
            opened = await self.open()
        except PicError:
            return
        self._remind(opened, self._clock())

    def _remind(self, opened: TlsCredentials, now: datetime) -> None:
        days = opened.certificate.days_left(now)
        if days <= self._warning_days and self._reminded_on != now.date():
            self._reminded_on = now.date()
            self._log(ENDING_EVENT, days_left=days)
