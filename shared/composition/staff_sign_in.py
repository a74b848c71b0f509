"""Staff from their invitation to their session, by password or by Entra ID."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.staff_factors import StaffFactors

if TYPE_CHECKING:
    from shared.services.activating import Activating
    from shared.services.choosing_passwords import ChoosingPasswords
    from shared.services.credentials import Credentials
    from shared.services.entra_accounts import EntraAccounts
    from shared.services.entra_signing_in import EntraSigningIn
    from shared.services.entra_tenants import EntraTenants
    from shared.services.setting_passwords import SettingPasswords
    from shared.services.staff_limiting import StaffLimiting
    from shared.services.staff_signing_in import StaffSigningIn
    from shared.services.staffing import Staffing


class StaffSignIn(StaffFactors):
    """Services that let a member in."""

    @cached_property
    def staff_limiting(self) -> "StaffLimiting":
        from shared.services.staff_limiting import StaffLimiting

        return StaffLimiting(
            limiting=self.limiting,
            buckets=self.buckets,
            limits=self.settings.staff_limits,
            pepper=self.settings.address_pepper,
            random=self.random,
        )

    @cached_property
    def credentials(self) -> "Credentials":
        from shared.services.credentials import Credentials

        return Credentials(
            records=self.records,
            members=self.member_logins,
            expiries=self.expiries,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def activating(self) -> "Activating":
        from shared.services.activating import Activating

        return Activating(
            members=self.member_logins,
            credentials=self.credentials,
            limiting=self.staff_limiting,
            settings=self.organisation_settings,
            queues=self.queues,
            mailer=self.mailer,
            audit=self.audit,
            notify_queue=self.settings.notify_queue,
            public_url=self.settings.public_url,
            service_name=self.settings.sign_in.service_name,
            address_pepper=self.settings.address_pepper,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def choosing_passwords(self) -> "ChoosingPasswords":
        from shared.services.choosing_passwords import ChoosingPasswords

        return ChoosingPasswords(
            records=self.records,
            passwords=self.passwords,
            knowledge=lambda: self.password_knowledge,
            has_factor=self.factor_records.has_any,
            service_name=self.settings.sign_in.service_name,
        )

    @cached_property
    def setting_passwords(self) -> "SettingPasswords":
        from shared.services.setting_passwords import SettingPasswords

        return SettingPasswords(
            records=self.records,
            staff=self.staff_records,
            members=self.member_logins,
            credentials=self.credentials,
            choosing=self.choosing_passwords,
            proving=self.proving_passwords,
            pepper=self.address_pepper,
            settings=self.organisation_settings,
            index=self.session_index,
            audit=self.audit,
            telling=self.telling_staff,
        )

    @cached_property
    def staffing(self) -> "Staffing":
        from shared.services.last_admin import LastAdmin
        from shared.services.staffing import Staffing

        return Staffing(
            records=self.records,
            staff=self.staff_records,
            units=self.units,
            last_admin=LastAdmin(records=self.records, staff=self.staff_records),
            keyring=self.keyring,
            expiries=self.expiries,
            audit=self.audit,
            inviting=self.activating,
            endings=(
                self.credentials.revoke,
                self.removing_factors.forget,
                lambda _, staff: self.session_index.end_all(staff),
            ),
            address_pepper=self.settings.address_pepper,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def entra_accounts(self) -> "EntraAccounts":
        from shared.domain.entra_registrations import PUBLIC_CLOUD, registration
        from shared.services.entra_accounts import EntraAccounts

        ours = registration(client_id="", authority=PUBLIC_CLOUD, is_certificate=False)
        return EntraAccounts(
            records=self.records,
            staff=self.staff_records,
            settings=self.organisation_settings,
            audit=self.audit,
            issuer_of=(ours if self.entra is None else self.entra.registration).issuer_of,
            address_pepper=self.settings.address_pepper,
        )

    @cached_property
    def entra_tenants(self) -> "EntraTenants":
        from shared.services.entra_tenants import EntraTenants

        return EntraTenants(records=self.records, settings=self.organisation_settings)

    @cached_property
    def staff_signing_in(self) -> "StaffSigningIn":
        from shared.services.staff_signing_in import StaffSigningIn

        return StaffSigningIn(
            proving=self.proving_passwords,
            accounts=self.entra_accounts,
            factors=self.factor_records,
            owners=self.passkey_owners,
            proving_factors=self.proving_factors,
            steps=self.second_steps,
            settings=self.organisation_settings,
            sessions=self.sessions,
            telling=self.telling_staff,
            audit=self.audit,
        )

    @cached_property
    def entra_signing_in(self) -> "EntraSigningIn":
        from shared.services.accepting_invitations import AcceptingInvitations
        from shared.services.entra_arrivals import EntraArrivals
        from shared.services.entra_signing_in import EntraSigningIn

        arrivals = EntraArrivals(
            records=self.records,
            accounts=self.entra_accounts,
            staffing=self.staffing,
            units=self.units,
            index=self.session_index,
            keyring=self.keyring,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )
        return EntraSigningIn(
            entra=self.entra,
            redirects=self.redirects,
            accounts=self.entra_accounts,
            arrivals=arrivals,
            invitations=AcceptingInvitations(credentials=self.credentials, staff=self.staff_records),
            signing_in=self.staff_signing_in,
            stepping_up=self.stepping_up,
            sessions=self.sessions,
            settings=self.organisation_settings,
            audit=self.audit,
            redirect_uri=f"{self.settings.public_url}/api/v1/staff/entra/callback",
            clock=self.clock,
        )
