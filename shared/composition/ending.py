"""The end of what was shared: gallring, deletion, and what a restored backup must forget again."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.sharing import SharingMessages

if TYPE_CHECKING:
    from shared.services.erasing import Erasing
    from shared.services.replaying import Replaying
    from shared.services.reporting_incidents import IncidentReporting
    from shared.services.retaining import Retaining
    from shared.services.shredding import Shredding
    from shared.services.timekeeping import Timekeeping


class Ending(SharingMessages):
    """Services that delete, and those that report what was there."""

    @cached_property
    def shredding(self) -> "Shredding":
        from shared.services.shredding import Shredding

        return Shredding(records=self.records, access=self.access, journal=self.journal, clock=self.clock)

    @cached_property
    def erasing(self) -> "Erasing":
        from shared.services.erasing import Erasing

        return Erasing(
            records=self.records,
            blobs=self.blobs,
            shredding=self.shredding,
            audit=self.audit,
            metrics=self.metrics,
            clock=self.clock,
        )

    @cached_property
    def timekeeping(self) -> "Timekeeping":
        from shared.adapters.event_log import log_event
        from shared.services.timekeeping import Timekeeping

        return Timekeeping(records=self.records, clock=self.machine_clock, log=log_event)

    @cached_property
    def retaining(self) -> "Retaining":
        from shared.services.retaining import Retaining

        return Retaining(
            records=self.records,
            access=self.access,
            erasing=self.erasing,
            shredding=self.shredding,
            clearing=self.clearing,
            handing_over=self.handing_over,
            expiries=self.expiries,
            buckets=self.buckets,
            credentials=self.credentials,
            journal=self.journal,
            audit=self.audit,
            metrics=self.metrics,
            timekeeping=self.timekeeping,
            clock=self.clock,
        )

    @cached_property
    def replaying(self) -> "Replaying":
        from shared.services.replaying import Replaying

        return Replaying(
            records=self.records,
            blobs=self.blobs,
            journal=self.journal,
            erasing=self.erasing,
            abandoning=self.abandoning,
            retaining=self.retaining,
            audit=self.audit,
        )

    @cached_property
    def incidents(self) -> "IncidentReporting":
        from shared.services.reporting_incidents import IncidentReporting

        return IncidentReporting(
            records=self.records, custodies=self.custodies, receipts=self.receipts, audit=self.audit
        )
