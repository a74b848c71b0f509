"""The composition root: the only place that sees services and adapters together.

Everything is made and imported on first use, so that an instance which only answers health checks loads no vendor and
no service: both are imported inside the properties. Clients are made in ``shared.clients``, services in
``shared.composition``, a room at a time; each room knows those before it. Tests replace ports by subclassing and patch
nothing else.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.ending import Ending

if TYPE_CHECKING:
    from shared.services.readiness import Readiness


class Container(Ending):
    """Makes each client and each service once, of what it needs."""

    async def _certificate_days(self) -> int | None:
        certificate = await self.electronic_id.certificate()
        return None if certificate is None else certificate.days_left(self.machine_clock())

    @cached_property
    def readiness(self) -> "Readiness":
        from shared.services.readiness import Readiness

        dependencies: dict[str, Callable[[], Awaitable[None]]] = {
            "records": lambda: self.records.ping(),
            "blobs": lambda: self.blobs.ping(),
            "queues": lambda: self.queues.ping(),
            "keys": lambda: self.keys.ping(),
            "mail": lambda: self.mailer.ping(),
        }
        if self.settings.bankid is None:
            return Readiness(dependencies=dependencies)
        return Readiness(
            dependencies={**dependencies, "electronic-id": lambda: self.electronic_id.ping()},
            certificate_days={"electronic-id": self._certificate_days},
        )
