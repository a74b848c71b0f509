"""Records and what is written about them: limits, the audit log and its copies, the journal of deletions."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.clients import Clients

if TYPE_CHECKING:
    from shared.domain.ports import Records
    from shared.domain.reading_ahead import RecordsAhead
    from shared.services.access import Access
    from shared.services.anticipating import Anticipating
    from shared.services.audit_copying import AuditArchive, AuditCopying
    from shared.services.audit_spans import AuditSpans
    from shared.services.audit_verifying import AuditVerifying
    from shared.services.auditing import Audit
    from shared.services.buckets import Buckets
    from shared.services.expiring import Expiries
    from shared.services.journaling import Journal
    from shared.services.limiting import Limiting
    from shared.services.organisation_settings import SettingsOfOrganisations
    from shared.services.watching import Watching


class Recording(Clients):
    """Services that know records, and nothing of keys."""

    @cached_property
    def records(self) -> "Records":
        """What every service reads and writes: the store, behind what is declared of records."""
        from shared.services.auditing import Audit
        from shared.services.declared_records import DeclaredRecords

        # What it notices it writes down itself: a log that went through it would ask it about itself.
        log = Audit(
            records=self.record_store,
            metrics=self.metrics,
            clock=self.clock,
            random=self.random,
            watcher=lambda: self.watching,
        )
        return DeclaredRecords(store=self.record_store, audit=log)

    @cached_property
    def audit(self) -> "Audit":
        from shared.services.auditing import Audit

        return Audit(
            records=self.records,
            metrics=self.metrics,
            clock=self.clock,
            random=self.random,
            watcher=lambda: self.watching,
        )

    @cached_property
    def watching(self) -> "Watching":
        from shared.services.auditing import Audit
        from shared.services.limiting import Limiting
        from shared.services.watching import Watching

        log = Audit(records=self.records, metrics=self.metrics, clock=self.clock, random=self.random)
        return Watching(
            limiting=Limiting(
                buckets=self.buckets,
                audit=log,
                limits=self.settings.limits,
                pepper=self.settings.address_pepper,
                clock=self.clock,
            ),
            audit=log,
            queues=self.queues,
            metrics=self.metrics,
            limits=self.settings.watch,
            pepper=self.settings.address_pepper,
            notify_queue=self.settings.notify_queue,
            clock=self.clock,
        )

    @cached_property
    def expiries(self) -> "Expiries":
        from shared.services.expiring import Expiries

        return Expiries(records=self.records)

    @cached_property
    def buckets(self) -> "Buckets":
        from shared.services.buckets import Buckets

        return Buckets(records=self.records, expiries=self.expiries, clock=self.clock)

    @cached_property
    def limiting(self) -> "Limiting":
        from shared.services.limiting import Limiting

        return Limiting(
            buckets=self.buckets,
            audit=self.audit,
            limits=self.settings.limits,
            pepper=self.settings.address_pepper,
            clock=self.clock,
        )

    @cached_property
    def records_ahead(self) -> "RecordsAhead":
        from shared.domain.reading_ahead import RecordsAhead

        return RecordsAhead(self.records)

    @cached_property
    def anticipating(self) -> "Anticipating":
        from shared.services.anticipating import Anticipating

        return Anticipating(records=self.records_ahead)

    @cached_property
    def access(self) -> "Access":
        from shared.services.access import Access

        return Access(records=self.records_ahead, clock=self.clock)

    @cached_property
    def organisation_settings(self) -> "SettingsOfOrganisations":
        from shared.services.organisation_settings import SettingsOfOrganisations

        return SettingsOfOrganisations(
            records=self.records_ahead,
            audit=self.audit,
            retention_days=self.settings.retention_days,
            upload_max_bytes=self.settings.upload_max_bytes,
            knows_entra=self.settings.sign_in.entra is not None,
        )

    @cached_property
    def audit_spans(self) -> "AuditSpans":
        from shared.services.audit_spans import AuditSpans

        return AuditSpans(records=self.records)

    @cached_property
    def audit_archive(self) -> "AuditArchive":
        from shared.services.audit_copying import AuditArchive

        return AuditArchive(archive=self.audit_blobs)

    @cached_property
    def audit_copying(self) -> "AuditCopying":
        from shared.services.audit_copying import AuditCopying

        return AuditCopying(spans=self.audit_spans, archive=self.audit_archive, metrics=self.metrics, clock=self.clock)

    @cached_property
    def audit_verifying(self) -> "AuditVerifying":
        from shared.services.audit_verifying import AuditVerifying

        return AuditVerifying(spans=self.audit_spans, archive=self.audit_archive, clock=self.clock)

    @cached_property
    def journal(self) -> "Journal":
        from shared.services.journaling import Journal

        return Journal(blobs=self.journal_blobs, clock=self.clock)
