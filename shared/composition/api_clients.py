"""Case-management systems: their registration, their tokens, their repeated requests."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.composition.person_sign_in import PersonSignIn

if TYPE_CHECKING:
    from shared.services.administering_clients import AdministeringClients
    from shared.services.bearer_tokens import BearerTokens
    from shared.services.client_authenticating import ClientAuthenticating
    from shared.services.client_tokens import ClientTokens
    from shared.services.idempotency import Idempotency


class ApiClients(PersonSignIn):
    """Services that let a system in."""

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
