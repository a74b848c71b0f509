"""Persons from their e-ID to their session, by BankID or by a broker."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.staff_sign_in import StaffSignIn

if TYPE_CHECKING:
    from shared.domain.electronic_id import ElectronicId
    from shared.services.bankid_certificate import BankIdCertificate
    from shared.services.broker_signing_in import BrokerSigningIn
    from shared.services.evidence import EvidenceArchive
    from shared.services.person_signing_in import PersonSigningIn
    from shared.services.sign_in_collecting import Collecting
    from shared.services.sign_in_orders import SignInOrders


class PersonSignIn(StaffSignIn):
    """Services that let a person in."""

    @cached_property
    def bankid_certificate(self) -> "BankIdCertificate":
        from shared.adapters.event_log import log_event
        from shared.services.bankid_certificate import WARNING_DAYS, BankIdCertificate

        return BankIdCertificate(
            environment=self._bankid.environment,
            material=self._bankid_material(),
            # TLS knows no other clock: one that was moved for a test would end certificates that still work.
            clock=self.machine_clock,
            log=log_event,
            # A simulator's certificates last a month and are made anew at each of its starts.
            warning_days=0 if self._bankid.environment == "simulator" else WARNING_DAYS,
        )

    @cached_property
    def electronic_id(self) -> "ElectronicId":
        from shared.adapters.bankid import BankIdClient

        client = BankIdClient(base_url=self._bankid.url, credentials=self.bankid_certificate.open)
        self._closings.append(client.close)
        return client

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
