"""Organisations: their units and members, their agreement with the operator, their look at the audit log."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.keeping_keys import KeepingKeys

if TYPE_CHECKING:
    from shared.services.administering import Administering
    from shared.services.agreeing import Agreeing
    from shared.services.announcing import Announcing
    from shared.services.audit_reading import AuditReading
    from shared.services.client_records import ClientRecords
    from shared.services.member_logins import MemberLogins
    from shared.services.staff_records import StaffRecords
    from shared.services.units import Units


class Organising(KeepingKeys):
    """Services of an organisation about itself."""

    @cached_property
    def administering(self) -> "Administering":
        from shared.services.administering import Administering

        return Administering(
            records=self.records,
            keyring=self.keyring,
            passwords=self.passwords,
            address_pepper=self.settings.address_pepper,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def staff_records(self) -> "StaffRecords":
        from shared.services.staff_records import StaffRecords

        return StaffRecords(records=self.records, keyring=self.keyring)

    @cached_property
    def member_logins(self) -> "MemberLogins":
        from shared.services.member_logins import MemberLogins

        return MemberLogins(records=self.records, staff=self.staff_records, address_pepper=self.settings.address_pepper)

    @cached_property
    def units(self) -> "Units":
        from shared.services.units import Units

        return Units(
            records=self.records, staff=self.staff_records, audit=self.audit, clock=self.clock, random=self.random
        )

    @cached_property
    def agreeing(self) -> "Agreeing":
        from shared.services.agreeing import Agreeing

        return Agreeing(records=self.records, audit=self.audit, clock=self.clock)

    @cached_property
    def announcing(self) -> "Announcing":
        from shared.domain.announcements import Announced
        from shared.domain.sub_processors import REGISTER_VERSION
        from shared.services.announcing import Announcing

        return Announcing(
            records=self.records,
            staff=self.staff_records,
            agreeing=self.agreeing,
            queues=self.queues,
            mailer=self.mailer,
            audit=self.audit,
            notify_queue=self.settings.notify_queue,
            public_url=self.settings.public_url,
            versions={
                Announced.AGREEMENT: self.agreeing.current.version,
                Announced.SUB_PROCESSORS: REGISTER_VERSION,
            },
        )

    @cached_property
    def client_records(self) -> "ClientRecords":
        from shared.services.client_records import ClientRecords

        return ClientRecords(records=self.records)

    @cached_property
    def audit_reading(self) -> "AuditReading":
        from shared.services.audit_reading import AuditReading

        return AuditReading(
            records=self.records, staff=self.staff_records, clients=self.client_records, audit=self.audit
        )
