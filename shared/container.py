"""The composition root: the only place that sees services and adapters together.

Everything is made and imported on first use, so that an instance which only answers health checks loads no vendor and
no service: both are imported inside the properties. Tests replace ports by subclassing and patch nothing else.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.clients import Clients

if TYPE_CHECKING:
    from shared.domain.electronic_id import ElectronicId
    from shared.domain.ports import Records
    from shared.domain.reading_ahead import RecordsAhead
    from shared.domain.sessions import SessionLimits
    from shared.services.abandoning import Abandoning
    from shared.services.access import Access
    from shared.services.activating import Activating
    from shared.services.address_pepper import AddressPepper
    from shared.services.administering import Administering
    from shared.services.administering_clients import AdministeringClients
    from shared.services.admitting import Admitting
    from shared.services.agreeing import Agreeing
    from shared.services.alerting import Alerting
    from shared.services.announcing import Announcing
    from shared.services.anticipating import Anticipating
    from shared.services.audit_copying import AuditArchive, AuditCopying
    from shared.services.audit_reading import AuditReading
    from shared.services.audit_spans import AuditSpans
    from shared.services.audit_verifying import AuditVerifying
    from shared.services.auditing import Audit
    from shared.services.bankid_certificate import BankIdCertificate
    from shared.services.bearer_tokens import BearerTokens
    from shared.services.broker_signing_in import BrokerSigningIn
    from shared.services.buckets import Buckets
    from shared.services.bundling import Bundling
    from shared.services.challenges import Challenges
    from shared.services.checking import Checking
    from shared.services.choosing_passwords import ChoosingPasswords
    from shared.services.clearing import Clearing
    from shared.services.client_authenticating import ClientAuthenticating
    from shared.services.client_records import ClientRecords
    from shared.services.client_tokens import ClientTokens
    from shared.services.credentials import Credentials
    from shared.services.custody import Custodies
    from shared.services.digests import RunningDigests
    from shared.services.enrolling_factors import EnrollingFactors
    from shared.services.entra_accounts import EntraAccounts
    from shared.services.entra_signing_in import EntraSigningIn
    from shared.services.entra_tenants import EntraTenants
    from shared.services.erasing import Erasing
    from shared.services.evidence import EvidenceArchive
    from shared.services.expiring import Expiries
    from shared.services.factor_records import FactorRecords
    from shared.services.handing_over import HandingOver
    from shared.services.idempotency import Idempotency
    from shared.services.journaling import Journal
    from shared.services.keyring import Keyring
    from shared.services.limiting import Limiting
    from shared.services.member_logins import MemberLogins
    from shared.services.notifying import Notifying
    from shared.services.off_boarding import OffBoarding
    from shared.services.organisation_settings import SettingsOfOrganisations
    from shared.services.own_keys import OwnKeys
    from shared.services.own_sessions import OwnSessions
    from shared.services.passkey_owners import PasskeyOwners
    from shared.services.person_signing_in import PersonSigningIn
    from shared.services.proving_factors import ProvingFactors
    from shared.services.proving_passwords import ProvingPasswords
    from shared.services.readiness import Readiness
    from shared.services.receipts import Receipts
    from shared.services.redirects import Redirects
    from shared.services.removing_factors import RemovingFactors
    from shared.services.replaying import Replaying
    from shared.services.reporting_incidents import IncidentReporting
    from shared.services.repseudonymising import Repseudonymising
    from shared.services.retaining import Retaining
    from shared.services.retiring_keys import RetiringKeys
    from shared.services.retrieving import Retrieving
    from shared.services.rotating_keys import RotatingKeys
    from shared.services.second_steps import SecondSteps
    from shared.services.sending import Sending
    from shared.services.session_index import SessionIndex
    from shared.services.sessions import Sessions
    from shared.services.setting_passwords import SettingPasswords
    from shared.services.sharing import Sharing
    from shared.services.shredding import Shredding
    from shared.services.sign_in_collecting import Collecting
    from shared.services.sign_in_orders import SignInOrders
    from shared.services.staff_limiting import StaffLimiting
    from shared.services.staff_records import StaffRecords
    from shared.services.staff_signing_in import StaffSigningIn
    from shared.services.staffing import Staffing
    from shared.services.stepping_up import SteppingUp
    from shared.services.storing import Storing
    from shared.services.telling_staff import TellingStaff
    from shared.services.units import Units
    from shared.services.upload_limits import UploadLimits
    from shared.services.upload_rights import UploadRights
    from shared.services.uploading import Uploading
    from shared.services.watching import Watching


class Container(Clients):
    """Makes each service once, of the clients that it needs."""

    @cached_property
    def electronic_id(self) -> "ElectronicId":
        from shared.adapters.bankid import BankIdClient

        client = BankIdClient(base_url=self._bankid.url, credentials=self.bankid_certificate.open)
        self._closings.append(client.close)
        return client

    @cached_property
    def bankid_certificate(self) -> "BankIdCertificate":
        from shared.adapters.clocks import system_clock
        from shared.adapters.event_log import log_event
        from shared.services.bankid_certificate import WARNING_DAYS, BankIdCertificate

        return BankIdCertificate(
            environment=self._bankid.environment,
            material=self._bankid_material(),
            # TLS knows no other clock: one that was moved for a test would end certificates that still work.
            clock=system_clock,
            log=log_event,
            # A simulator's certificates last a month and are made anew at each of its starts.
            warning_days=0 if self._bankid.environment == "simulator" else WARNING_DAYS,
        )

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
    def keyring(self) -> "Keyring":
        from shared.services.keyring import Keyring

        return Keyring(
            records=self.records, keys=self.keys, custodies=self.custodies, clock=self.clock, random=self.random
        )

    @cached_property
    def custodies(self) -> "Custodies":
        from shared.services.custody import Custodies

        return Custodies(records=self.records, clock=self.clock)

    @cached_property
    def rotating_keys(self) -> "RotatingKeys":
        from shared.services.rotating_keys import RotatingKeys

        return RotatingKeys(
            records=self.records,
            keys=self.keys,
            custodies=self.custodies,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def retiring_keys(self) -> "RetiringKeys":
        from shared.services.retiring_keys import RetiringKeys

        return RetiringKeys(
            records=self.records, keyring=self.keyring, audit=self.audit, clock=self.clock, random=self.random
        )

    @cached_property
    def own_keys(self) -> "OwnKeys":
        from shared.services.own_keys import OwnKeys

        return OwnKeys(
            records=self.records,
            keys=self.keys,
            custodies=self.custodies,
            rotating=self.rotating_keys,
            audit=self.audit,
            random=self.random,
        )

    @cached_property
    def off_boarding(self) -> "OffBoarding":
        from shared.services.off_boarding import OffBoarding

        return OffBoarding(
            records=self.records, keys=self.keys, custodies=self.custodies, audit=self.audit, clock=self.clock
        )

    @cached_property
    def expiries(self) -> "Expiries":
        from shared.services.expiring import Expiries

        return Expiries(records=self.records)

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
    def repseudonymising(self) -> "Repseudonymising":
        from shared.services.repseudonymising import Repseudonymising

        return Repseudonymising(
            records=self.records, keyring=self.keyring, peppers=self.settings.peppers, random=self.random
        )

    @cached_property
    def session_index(self) -> "SessionIndex":
        from shared.services.session_index import SessionIndex

        return SessionIndex(records=self.records)

    @cached_property
    def session_limits(self) -> "SessionLimits":
        from shared.domain.sessions import SessionLimits

        sign_in = self.settings.sign_in
        return SessionLimits(idle=sign_in.idle_limit, absolute=sign_in.absolute_limit)

    @cached_property
    def own_sessions(self) -> "OwnSessions":
        from shared.services.own_sessions import OwnSessions

        return OwnSessions(
            records=self.records,
            index=self.session_index,
            keyring=self.keyring,
            audit=self.audit,
            limits=self.session_limits,
            clock=self.clock,
        )

    @cached_property
    def sessions(self) -> "Sessions":
        from shared.services.sessions import Sessions

        return Sessions(
            records=self.records_ahead,
            index=self.session_index,
            keyring=self.keyring,
            expiries=self.expiries,
            settings=self.organisation_settings,
            audit=self.audit,
            limits=self.session_limits,
            pepper=self.settings.peppers.current,
            clock=self.clock,
            random=self.random,
        )

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

    @cached_property
    def address_pepper(self) -> "AddressPepper":
        from shared.services.address_pepper import AddressPepper

        return AddressPepper(records=self.records, pepper=self.settings.address_pepper)

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
    def member_logins(self) -> "MemberLogins":
        from shared.services.member_logins import MemberLogins

        return MemberLogins(records=self.records, staff=self.staff_records, address_pepper=self.settings.address_pepper)

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
    def idempotency(self) -> "Idempotency":
        from shared.services.idempotency import Idempotency

        return Idempotency(
            records=self.records,
            access=self.access,
            keyring=self.keyring,
            expiries=self.expiries,
            pepper=self.settings.address_pepper,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def client_records(self) -> "ClientRecords":
        from shared.services.client_records import ClientRecords

        return ClientRecords(records=self.records)

    @cached_property
    def administering_clients(self) -> "AdministeringClients":
        from shared.services.administering_clients import AdministeringClients

        return AdministeringClients(
            records=self.records,
            clients=self.client_records,
            units=self.units,
            keys=self.assertion_keys,
            tenants=self.settings.api_apps.tenants,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def client_authenticating(self) -> "ClientAuthenticating":
        from shared.services.client_authenticating import ClientAuthenticating

        issuer = self.settings.public_url
        return ClientAuthenticating(
            records=self.records,
            clients=self.client_records,
            expiries=self.expiries,
            limiting=self.limiting,
            keys=self.assertion_keys,
            audit=self.audit,
            audiences=frozenset({issuer, f"{issuer}/api/v1/oauth/token"}),
            clock=self.clock,
        )

    @cached_property
    def client_tokens(self) -> "ClientTokens":
        from shared.services.client_tokens import ClientTokens

        return ClientTokens(
            records=self.records,
            clients=self.client_records,
            expiries=self.expiries,
            audit=self.audit,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def bearer_tokens(self) -> "BearerTokens":
        from shared.services.bearer_tokens import BearerTokens

        return BearerTokens(
            records=self.records,
            clients=self.client_records,
            tokens=self.client_tokens,
            apps=self.app_tokens,
            tenants=self.settings.api_apps.tenants,
        )

    @cached_property
    def admitting(self) -> "Admitting":
        from shared.domain.admission import AdmissionPolicy
        from shared.services.admitting import Admitting

        return Admitting(
            sessions=self.sessions,
            audit=self.audit,
            peppers=self.settings.peppers,
            limiting=self.limiting,
            policy=AdmissionPolicy(risks=self.settings.sign_in.risks, addresses=self.settings.sign_in.addresses),
            clock=self.clock,
        )

    @cached_property
    def person_signing_in(self) -> "PersonSigningIn":
        from shared.domain.sign_in_links import SignInLinks
        from shared.services.person_signing_in import PersonSigningIn

        bankid = self._bankid
        return PersonSigningIn(
            orders=self.sign_in_orders,
            collecting=self.collecting,
            electronic_id=self.electronic_id,
            admitting=self.admitting,
            evidence=self.evidence,
            audit=self.audit,
            links=SignInLinks(public_url=self.settings.public_url, app=bankid.app_link, desktop=bankid.desktop_link),
            environment=bankid.environment,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def broker_signing_in(self) -> "BrokerSigningIn":
        from shared.services.broker_signing_in import BrokerSigningIn

        return BrokerSigningIn(
            brokers=self.brokers,
            redirects=self.redirects,
            admitting=self.admitting,
            evidence=self.evidence,
            audit=self.audit,
            redirect_uri=lambda provider: f"{self.settings.public_url}/api/v1/oidc/{provider}/callback",
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def entra_accounts(self) -> "EntraAccounts":
        from shared.domain.entra import PUBLIC_CLOUD, registration
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

    @cached_property
    def redirects(self) -> "Redirects":
        from shared.services.redirects import Redirects

        return Redirects(
            records=self.records, keyring=self.keyring, expiries=self.expiries, clock=self.clock, random=self.random
        )

    @cached_property
    def sign_in_orders(self) -> "SignInOrders":
        from shared.services.sign_in_orders import SignInOrders

        return SignInOrders(
            records=self.records, keyring=self.keyring, expiries=self.expiries, clock=self.clock, random=self.random
        )

    @cached_property
    def collecting(self) -> "Collecting":
        from shared.services.sign_in_collecting import Collecting

        return Collecting(
            orders=self.sign_in_orders,
            electronic_id=self.electronic_id,
            admitting=self.admitting,
            audit=self.audit,
            clock=self.clock,
        )

    @cached_property
    def evidence(self) -> "EvidenceArchive":
        from shared.services.evidence import EvidenceArchive

        return EvidenceArchive(
            records=self.records, keyring=self.keyring, expiries=self.expiries, clock=self.clock, random=self.random
        )

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
    def audit_reading(self) -> "AuditReading":
        from shared.services.audit_reading import AuditReading

        return AuditReading(
            records=self.records, staff=self.staff_records, clients=self.client_records, audit=self.audit
        )

    @cached_property
    def units(self) -> "Units":
        from shared.services.units import Units

        return Units(
            records=self.records, staff=self.staff_records, audit=self.audit, clock=self.clock, random=self.random
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
    def digests(self) -> "RunningDigests":
        from shared.services.digests import RunningDigests

        return RunningDigests()

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

    @cached_property
    def journal(self) -> "Journal":
        from shared.services.journaling import Journal

        return Journal(blobs=self.journal_blobs, clock=self.clock)

    @cached_property
    def incidents(self) -> "IncidentReporting":
        from shared.services.reporting_incidents import IncidentReporting

        return IncidentReporting(
            records=self.records, custodies=self.custodies, receipts=self.receipts, audit=self.audit
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
            clock=self.clock,
        )

    async def _certificate_days(self) -> int | None:
        from shared.adapters.clocks import system_clock

        certificate = await self.electronic_id.certificate()
        return None if certificate is None else certificate.days_left(system_clock())

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
