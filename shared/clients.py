"""The clients of everything outside: each port's adapter, made of the settings.

Everything is made and imported on first use, so that an instance which only answers health checks loads no vendor:
they are imported inside the properties. ``shared.container`` adds the services.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from shared.domain.ids import RandomBytes
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.adapters.block_blobs import BlockBlobs
    from shared.adapters.memory_metrics import MemoryMetrics
    from shared.adapters.metric_lines import MetricLines
    from shared.adapters.oidc_http import OidcHttp
    from shared.adapters.vault_certificates import VaultCertificates
    from shared.bankid_settings import BankId
    from shared.domain.app_tokens import AppTokens
    from shared.domain.brokers import Broker
    from shared.domain.client_assertions import AssertionKeys
    from shared.domain.client_certificates import CertificateMaterial
    from shared.domain.deadlines import Ticks
    from shared.domain.entra import Entra
    from shared.domain.passkeys import PasskeyRules
    from shared.domain.password_policy import PasswordKnowledge
    from shared.domain.ports import Archive, Blobs, Clock, Keys, Mailer, Passwords, Queues, Records
    from shared.domain.scanning import Scanning

Closing = Callable[[], Awaitable[None]]


class Clients:
    """Makes each client once. ``close`` ends those that were made."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random: RandomBytes = secrets.token_bytes
        self._closings: list[Closing] = []

    async def close(self) -> None:
        """Close every client, the last made first."""
        while self._closings:
            await self._closings.pop()()

    @cached_property
    def clock(self) -> "Clock":
        if self.settings.clock_file is None:
            return self.machine_clock
        from shared.adapters.clocks import MovableClock

        return MovableClock(self.settings.clock_file)

    @cached_property
    def machine_clock(self) -> "Clock":
        """The machine's own, also where ``clock`` was moved on purpose."""
        from shared.adapters.clocks import system_clock

        return system_clock

    @cached_property
    def ticks(self) -> "Ticks":
        return time.monotonic

    @cached_property
    def metrics(self) -> "MemoryMetrics":
        from shared.adapters.memory_metrics import MemoryMetrics

        return MemoryMetrics()

    @cached_property
    def metric_lines(self) -> "MetricLines":
        from shared.adapters.metric_lines import MetricLines

        return MetricLines(self.metrics, monotonic=time.monotonic)

    @cached_property
    def _identity(self) -> "AsyncTokenCredential":
        from azure.identity.aio import ManagedIdentityCredential

        credential = ManagedIdentityCredential(client_id=self.settings.identity_client_id)
        self._closings.append(credential.close)
        return credential

    def _identity_in(self, tenant: str | None) -> "AsyncTokenCredential":
        """Ours where there is no other tenant."""
        if tenant is None:
            return self._identity
        from shared.adapters.federated_credential import FederatedCredential

        credential = FederatedCredential(
            identity=self._identity, tenant_id=tenant, client_id=self.settings.keys.client_id or ""
        )
        self._closings.append(credential.close)
        return credential

    @cached_property
    def record_store(self) -> "Records":
        if self.settings.cosmos is not None:
            from shared.adapters.cosmos_records import CosmosRecords

            cosmos = self.settings.cosmos
            records = CosmosRecords(
                endpoint=cosmos.endpoint,
                credential=cosmos.key or self._identity,
                database=cosmos.database,
                container=cosmos.container,
            )
            self._closings.append(records.close)
            return records
        from shared.adapters.table_records import TableRecords

        storage = self.settings.storage
        tables = TableRecords(
            connection_string=storage.connection_string,
            endpoint=storage.table_url,
            credential=None if storage.connection_string else self._identity,
            table=self.settings.table,
        )
        self._closings.append(tables.close)
        return tables

    @cached_property
    def blobs(self) -> "Blobs":
        return self._blobs_in(self.settings.blob_container)

    @cached_property
    def journal_blobs(self) -> "Blobs":
        return self._blobs_in(self.settings.journal_container)

    @cached_property
    def audit_blobs(self) -> "Archive":
        return self._blobs_in(self.settings.audit_container)

    def _blobs_in(self, container: str) -> "BlockBlobs":
        from shared.adapters.block_blobs import BlockBlobs

        storage = self.settings.storage
        blobs = BlockBlobs(
            container=container,
            connection_string=storage.connection_string,
            account_url=storage.blob_url,
            credential=None if storage.connection_string else self._identity,
        )
        self._closings.append(blobs.close)
        return blobs

    @cached_property
    def queues(self) -> "Queues":
        from shared.adapters.storage_queues import StorageQueues

        storage = self.settings.storage
        queues = StorageQueues(
            connection_string=storage.connection_string,
            account_url=storage.queue_url,
            credential=None if storage.connection_string else self._identity,
        )
        self._closings.append(queues.close)
        return queues

    @cached_property
    def keys(self) -> "Keys":
        from shared.adapters.key_vault import KeyVaultKeys
        from shared.adapters.local_credential import LocalCredential

        is_emulated = self.settings.key_vault_ca is not None
        keys = KeyVaultKeys(
            vault_url=self.settings.key_vault_url,
            credential=LocalCredential() if is_emulated else self._identity,
            vaults={
                host: LocalCredential() if is_emulated else self._identity_in(tenant)
                for host, tenant in self.settings.keys.own_vaults.items()
            },
            ca_file=self.settings.key_vault_ca,
            verify_challenge_resource=not is_emulated,
        )
        self._closings.append(keys.close)
        return keys

    @cached_property
    def mailer(self) -> "Mailer":
        from shared.adapters.smtp_mail import SmtpMail

        smtp = self.settings.smtp
        mailer = SmtpMail(
            host=smtp.host,
            port=smtp.port,
            security=smtp.security,
            user=smtp.user,
            password=smtp.password,
            sender=smtp.sender,
            clock=self.clock,
        )
        self._closings.append(mailer.close)
        return mailer

    @cached_property
    def scanning(self) -> "Scanning | None":
        settings = self.settings.scanner
        if settings is None:
            return None
        from shared.adapters.clamd import Clamd
        from shared.domain.scanning import Scanning

        clamd = Clamd(host=settings.host, port=settings.port, path=settings.path, step_seconds=settings.step_seconds)
        return Scanning(scanner=clamd, is_required=settings.is_required)

    @cached_property
    def passwords(self) -> "Passwords":
        from shared.adapters.argon2_passwords import Argon2Passwords

        peppers = self.settings.password_peppers
        passwords = Argon2Passwords(peppers=peppers.secrets, current=peppers.current)
        self._closings.append(passwords.close)
        return passwords

    @cached_property
    def password_knowledge(self) -> "PasswordKnowledge":
        from shared.adapters.password_knowledge import AttackersKnowledge

        return AttackersKnowledge()

    @cached_property
    def passkeys(self) -> "PasskeyRules":
        from shared.adapters.webauthn_passkeys import WebAuthnPasskeys
        from shared.domain.passkeys import relying_party

        origin = self.settings.public_url
        return WebAuthnPasskeys(rp_id=relying_party(origin), origin=origin)

    @cached_property
    def assertion_keys(self) -> "AssertionKeys":
        from shared.adapters.jwt_assertions import JwtAssertions

        return JwtAssertions()

    @cached_property
    def app_tokens(self) -> "AppTokens | None":
        apps = self.settings.api_apps
        if not apps.tenants:
            return None
        from shared.adapters.entra_app_tokens import EntraAppTokens
        from shared.adapters.oidc_http import OidcHttp

        http = OidcHttp(allows_http=self.settings.environment == "local")
        self._closings.append(http.close)
        return EntraAppTokens(
            authority=apps.authority,
            tenants=apps.tenants,
            audiences=apps.audiences,
            http=http,
            clock=self.clock,
            now=time.monotonic,
        )

    @property
    def _bankid(self) -> "BankId":
        if self.settings.bankid is None:
            raise LookupError("BankID is off")  # Its routes say so before they ask for anything.
        return self.settings.bankid

    def _bankid_material(self) -> "Callable[[], Awaitable[CertificateMaterial]]":
        from shared.adapters.certificate_files import read_bundle_file, read_pem_files
        from shared.bankid_settings import BundleFile, PemFiles

        root, source = self._bankid.root_file, self._bankid.certificate
        match source:
            case PemFiles():
                return lambda: read_pem_files(
                    root_file=root, certificate_file=source.certificate_file, key_file=source.key_file
                )
            case BundleFile():
                return lambda: read_bundle_file(root_file=root, file=source.file, passphrase=source.passphrase)
            case _:
                return lambda: self._vault_certificates.read(root_file=root, name=source.name, version=source.version)

    @cached_property
    def _vault_certificates(self) -> "VaultCertificates":
        from shared.adapters.local_credential import LocalCredential
        from shared.adapters.vault_certificates import VaultCertificates

        is_emulated = self.settings.key_vault_ca is not None
        certificates = VaultCertificates(
            vault_url=self.settings.key_vault_url,
            credential=LocalCredential() if is_emulated else self._identity,
            ca_file=self.settings.key_vault_ca,
            verify_challenge_resource=not is_emulated,
        )
        self._closings.append(certificates.close)
        return certificates

    @cached_property
    def _oidc_http(self) -> "OidcHttp":
        from shared.adapters.oidc_http import OidcHttp

        http = OidcHttp(allows_http=self.settings.environment == "local")
        self._closings.append(http.close)
        return http

    @cached_property
    def entra(self) -> "Entra | None":
        configured = self.settings.sign_in.entra
        if configured is None:
            return None
        from shared.adapters.entra_id import EntraId

        return EntraId(
            configured.registration, configured.secret, http=self._oidc_http, clock=self.clock, random=self.random
        )

    @cached_property
    def brokers(self) -> "Mapping[str, Broker]":
        if not self.settings.sign_in.brokers:
            return {}
        from shared.adapters.oidc import OidcBroker

        return {
            broker.profile.name: OidcBroker(
                broker.profile, broker.secret, http=self._oidc_http, clock=self.clock, random=self.random
            )
            for broker in self.settings.sign_in.brokers
        }
