"""Threads and messages: begun, sent, told of."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.transferring import Transferring

if TYPE_CHECKING:
    from shared.services.notifying import Notifying
    from shared.services.sending import Sending
    from shared.services.sharing import Sharing


class SharingMessages(Transferring):
    """Services of threads."""

    @cached_property
    def sharing(self) -> "Sharing":
        from shared.services.sharing import Sharing

        return Sharing(
            records=self.records,
            access=self.access,
            settings=self.organisation_settings,
            units=self.units,
            agreeing=self.agreeing,
            keyring=self.keyring,
            expiries=self.expiries,
            audit=self.audit,
            peppers=self.settings.peppers,
            reachable=self.settings.sign_in.reachable,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def sending(self) -> "Sending":
        from shared.services.sending import Dispatching, Sending

        return Sending(
            records=self.records,
            queues=self.queues,
            access=self.access,
            sharing=self.sharing,
            storing=self.storing,
            settings=self.organisation_settings,
            agreeing=self.agreeing,
            keyring=self.keyring,
            expiries=self.expiries,
            audit=self.audit,
            metrics=self.metrics,
            dispatching=Dispatching(
                dispatch_queue=self.settings.dispatch_queue,
                notify_queue=self.settings.notify_queue,
                undo_seconds=self.settings.undo_seconds,
            ),
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def notifying(self) -> "Notifying":
        from shared.services.notifying import Notifying

        return Notifying(
            records=self.records,
            settings=self.organisation_settings,
            mailer=self.mailer,
            keyring=self.keyring,
            audit=self.audit,
            metrics=self.metrics,
            undo_seconds=self.settings.undo_seconds,
            clock=self.clock,
            public_url=self.settings.public_url,
        )
