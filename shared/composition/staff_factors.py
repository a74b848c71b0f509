"""What staff prove themselves with, passwords and second factors, and what they are told about both."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.opening_sessions import OpeningSessions

if TYPE_CHECKING:
    from shared.services.alerting import Alerting
    from shared.services.challenges import Challenges
    from shared.services.enrolling_factors import EnrollingFactors
    from shared.services.factor_records import FactorRecords
    from shared.services.passkey_owners import PasskeyOwners
    from shared.services.proving_factors import ProvingFactors
    from shared.services.proving_passwords import ProvingPasswords
    from shared.services.removing_factors import RemovingFactors
    from shared.services.second_steps import SecondSteps
    from shared.services.stepping_up import SteppingUp
    from shared.services.telling_staff import TellingStaff


class StaffFactors(OpeningSessions):
    """Services of passwords and second factors."""

    @cached_property
    def telling_staff(self) -> "TellingStaff":
        from shared.services.telling_staff import TellingStaff

        return TellingStaff(
            records=self.records,
            queues=self.queues,
            mailer=self.mailer,
            keyring=self.keyring,
            audit=self.audit,
            notify_queue=self.settings.notify_queue,
            public_url=self.settings.public_url,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def alerting(self) -> "Alerting":
        from shared.services.alerting import Alerting

        return Alerting(
            staff=self.staff_records,
            buckets=self.buckets,
            telling=self.telling_staff,
            queues=self.queues,
            mailer=self.mailer,
            audit=self.audit,
            limits=self.settings.watch,
            notify_queue=self.settings.notify_queue,
            public_url=self.settings.public_url,
        )

    @cached_property
    def factor_records(self) -> "FactorRecords":
        from shared.services.factor_records import FactorRecords

        return FactorRecords(records=self.records)

    @cached_property
    def passkey_owners(self) -> "PasskeyOwners":
        from shared.services.passkey_owners import PasskeyOwners

        return PasskeyOwners(records=self.records)

    @cached_property
    def second_steps(self) -> "SecondSteps":
        from shared.services.second_steps import SecondSteps

        return SecondSteps(records=self.records, expiries=self.expiries, clock=self.clock, random=self.random)

    @cached_property
    def challenges(self) -> "Challenges":
        from shared.services.challenges import Challenges

        return Challenges(records=self.records, expiries=self.expiries, clock=self.clock, random=self.random)

    @cached_property
    def proving_factors(self) -> "ProvingFactors":
        from shared.services.proving_factors import ProvingFactors

        return ProvingFactors(
            factors=self.factor_records,
            challenges=self.challenges,
            passkeys=self.passkeys,
            keyring=self.keyring,
            limiting=self.limiting,
            telling=self.telling_staff,
            audit=self.audit,
            clock=self.clock,
        )

    @cached_property
    def enrolling_factors(self) -> "EnrollingFactors":
        from shared.services.enrolling_factors import EnrollingFactors

        return EnrollingFactors(
            factors=self.factor_records,
            owners=self.passkey_owners,
            proving=self.proving_factors,
            challenges=self.challenges,
            passkeys=self.passkeys,
            settings=self.organisation_settings,
            sessions=self.sessions,
            index=self.session_index,
            keyring=self.keyring,
            telling=self.telling_staff,
            audit=self.audit,
            issuer=self.settings.sign_in.service_name,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def removing_factors(self) -> "RemovingFactors":
        from shared.services.removing_factors import RemovingFactors

        return RemovingFactors(
            staff=self.staff_records,
            factors=self.factor_records,
            owners=self.passkey_owners,
            settings=self.organisation_settings,
            index=self.session_index,
            telling=self.telling_staff,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def proving_passwords(self) -> "ProvingPasswords":
        from shared.services.proving_passwords import ProvingPasswords

        return ProvingPasswords(
            records=self.records,
            passwords=self.passwords,
            audit=self.audit,
            watching=self.watching,
            address_pepper=self.settings.address_pepper,
            pepper=self.address_pepper,
        )

    @cached_property
    def stepping_up(self) -> "SteppingUp":
        from shared.services.stepping_up import SteppingUp

        return SteppingUp(
            records=self.records,
            factors=self.factor_records,
            proving_factors=self.proving_factors,
            proving_passwords=self.proving_passwords,
            settings=self.organisation_settings,
            sessions=self.sessions,
            keyring=self.keyring,
            audit=self.audit,
        )
