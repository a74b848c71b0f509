"""Files on their way in and out: rights, limits, checks, parts, receipts."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.api_clients import ApiClients

if TYPE_CHECKING:
    from shared.services.abandoning import Abandoning
    from shared.services.bundling import Bundling
    from shared.services.checking import Checking
    from shared.services.clearing import Clearing
    from shared.services.digests import RunningDigests
    from shared.services.handing_over import HandingOver
    from shared.services.receipts import Receipts
    from shared.services.retrieving import Retrieving
    from shared.services.storing import Storing
    from shared.services.upload_limits import UploadLimits
    from shared.services.upload_rights import UploadRights
    from shared.services.uploading import Uploading


class Transferring(ApiClients):
    """Services that move content."""

    @cached_property
    def digests(self) -> "RunningDigests":
        from shared.services.digests import RunningDigests

        return RunningDigests()

    @cached_property
    def abandoning(self) -> "Abandoning":
        from shared.services.abandoning import Abandoning

        return Abandoning(records=self.records, handing_over=self.handing_over, journal=self.journal, audit=self.audit)

    @cached_property
    def handing_over(self) -> "HandingOver":
        from shared.services.handing_over import HandingOver

        return HandingOver(
            expiries=self.expiries, queues=self.queues, queue=self.settings.dispatch_queue, clock=self.clock
        )

    @cached_property
    def checking(self) -> "Checking":
        from shared.adapters.content_types import sniffed_types
        from shared.services.checking import Checking

        return Checking(
            settings=self.organisation_settings,
            audit=self.audit,
            sniff=sniffed_types,
            scanning=self.scanning,
            abandon=lambda upload: self.abandoning.refuse(upload),
        )

    @cached_property
    def storing(self) -> "Storing":
        from shared.services.storing import Storing

        return Storing(
            records=self.records,
            blobs=self.blobs,
            keyring=self.keyring,
            expiries=self.expiries,
            handing_over=self.handing_over,
            digests=self.digests,
            checking=self.checking,
            clock=self.clock,
            ticks=self.ticks,
            random=self.random,
        )

    @cached_property
    def clearing(self) -> "Clearing":
        from shared.services.clearing import Clearing

        return Clearing(
            records=self.records,
            blobs=self.blobs,
            abandoning=self.abandoning,
            storing=self.storing,
            clock=self.clock,
        )

    @cached_property
    def upload_limits(self) -> "UploadLimits":
        from shared.services.upload_limits import UploadLimits

        return UploadLimits(settings=self.organisation_settings, access=self.access)

    @cached_property
    def upload_rights(self) -> "UploadRights":
        from shared.services.upload_rights import UploadRights

        return UploadRights(records=self.records, sessions=self.sessions, clock=self.clock, random=self.random)

    @cached_property
    def uploading(self) -> "Uploading":
        from shared.services.uploading import Uploading

        return Uploading(
            records=self.records,
            blobs=self.blobs,
            access=self.access,
            keyring=self.keyring,
            expiries=self.expiries,
            storing=self.storing,
            abandoning=self.abandoning,
            handing_over=self.handing_over,
            digests=self.digests,
            checking=self.checking,
            limits=self.upload_limits,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def receipts(self) -> "Receipts":
        from shared.services.receipts import Receipts

        return Receipts(records=self.records, keyring=self.keyring, clock=self.clock, random=self.random)

    @cached_property
    def retrieving(self) -> "Retrieving":
        from shared.services.retrieving import Retrieving

        return Retrieving(
            records=self.records,
            blobs=self.blobs,
            access=self.access,
            keyring=self.keyring,
            storing=self.storing,
            receipts=self.receipts,
            audit=self.audit,
            metrics=self.metrics,
            clock=self.clock,
        )

    @cached_property
    def bundling(self) -> "Bundling":
        from shared.services.bundling import Bundling

        return Bundling(retrieving=self.retrieving)
