"""The whole application on memory adapters: what unit and wire tests run against."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from shared.adapters.memory_blobs import MemoryBlobs
from shared.adapters.memory_broker import MemoryBroker
from shared.adapters.memory_electronic_id import MemoryElectronicId
from shared.adapters.memory_entra import MemoryEntra
from shared.adapters.memory_keys import MemoryKeys
from shared.adapters.memory_mail import MemoryMail
from shared.adapters.memory_passwords import MemoryPasswords
from shared.adapters.memory_queues import MemoryQueues
from shared.adapters.memory_records import MemoryRecords
from shared.container import Container
from shared.domain.alerts import parse_alert
from shared.domain.announcements import announced
from shared.domain.brokers import Broker
from shared.domain.entra import Entra
from shared.domain.ids import MessageId, OrganisationId, StaffId, ThreadId
from shared.domain.letters import parse_letter
from shared.domain.organisation_settings import SecondFactor
from shared.domain.staff_notices import StaffNotice
from shared.services.endings import FileEnding, MessageEnding
from shared.settings import read_settings

PUBLIC_URL = "http://portal.test"
NOWHERE = "http://127.0.0.1:1"
PASSWORD = "correct horse battery staple"

_PEPPER = base64.b64encode(bytes(range(32))).decode()

ENVIRONMENT = {
    "PIC_ENVIRONMENT": "local",
    "PIC_PUBLIC_URL": PUBLIC_URL,
    "PIC_RECORDS": "tables",
    "PIC_STORAGE": "UseDevelopmentStorage=true",
    "PIC_KEY_VAULT_URL": "https://127.0.0.1:1",
    "PIC_KEY_VAULT_CA": "ca.pem",
    "PIC_SUBJECT_PEPPERS": f"1:{_PEPPER}",
    "PIC_ADDRESS_PEPPER": _PEPPER,
    "PIC_PASSWORD_PEPPERS": f"1:{_PEPPER}",
    "PIC_BANKID_ENVIRONMENT": "simulator",
    "PIC_BANKID_URL": "https://127.0.0.1:1/rp/v6.0",
    "PIC_BANKID_ROOT": "root.pem",
    "PIC_BANKID_CERTIFICATE": "rp.pem",
    "PIC_BANKID_KEY": "rp-key.pem",
    "PIC_SMTP_HOST": "127.0.0.1",
    "PIC_SMTP_SECURITY": "none",
    "PIC_MAIL_FROM": "no-reply@pic.example",
    "PIC_LIMIT_SESSIONS_PER_PERSON": "10000/3600",  # A test signs the same person in for each route.
    "PIC_METRICS_VIEW": "on",
    "PIC_ENTRA_CLIENT_ID": "00000000-0000-4000-8000-00000000c11e",
    "PIC_ENTRA_SECRET": "only-a-test-may-know-it",
    "PIC_ENTRA_CLOUD": NOWHERE,
    "PIC_LIMIT_STAFF_PER_NETWORK": "10000/60",
    "PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK": "10000/60",
    "PIC_LIMIT_STAFF_PER_ACCOUNT": "10000/60",
    "PIC_WATCH_NEW_DEVICES": "off",
    "PIC_WATCH_MAILS_PER_KIND": "off",  # Most tests are about other mails.
    "PIC_UNDO_SECONDS": "0",
    "PIC_UPLOAD_MAX_BYTES": str(64 * 1024 * 1024),
}


class MovableNow:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> None:
        """Forward by a ``timedelta`` of these keywords."""
        self.now += timedelta(**amount)


class MemoryContainer(Container):
    """The composition root with every port in memory and a clock that stands until it is moved."""

    def __init__(self, **environment: str) -> None:
        super().__init__(read_settings({**ENVIRONMENT, **environment}))

    async def run_queues(self) -> None:
        """Do what the queue functions would, until nothing is queued."""
        while self.queues.queued:
            for ids in self.queues.take(self.settings.dispatch_queue):
                await self._dispatch(ids)
            for ids in self.queues.take(self.settings.notify_queue):
                if "letter" in ids:
                    await self.activating.send(parse_letter(ids))
                    continue
                if "alert" in ids:
                    await self.alerting.handle(parse_alert(ids))
                    continue
                if "change" in ids:
                    to = (OrganisationId(ids["organisation"]), StaffId(ids["staff"]))
                    await self.announcing.send(*to, announced(ids["change"]))
                    continue
                if "notice" in ids:
                    organisation, staff = OrganisationId(ids["organisation"]), StaffId(ids["staff"])
                    await self.telling_staff.send(organisation, staff, StaffNotice(ids["notice"]), ids["event"])
                    continue
                await self.notifying.notify(ThreadId(ids["thread"]), MessageId(ids["message"]), ids["recipient"])

    async def _dispatch(self, ids: Mapping[str, str]) -> None:
        thread, message = ThreadId(ids["thread"]), MessageId(ids["message"])
        match ids.get("erase"):
            case None:
                await self.sending.deliver(thread, message)
            case "message":
                await self.retaining.finish(MessageEnding(thread=thread, message=message))
            case _:
                named = "|".join(ids[name] for name in ("thread", "message", "file", "organisation", "upload"))
                await self.clearing.clear(FileEnding.booked(named))

    @cached_property
    def clock(self) -> MovableNow:
        return MovableNow()

    @cached_property
    def record_store(self) -> MemoryRecords:
        return MemoryRecords()

    @cached_property
    def blobs(self) -> MemoryBlobs:
        return MemoryBlobs()

    @cached_property
    def journal_blobs(self) -> MemoryBlobs:
        return MemoryBlobs()

    @cached_property
    def audit_blobs(self) -> MemoryBlobs:
        return MemoryBlobs()

    @cached_property
    def queues(self) -> MemoryQueues:
        return MemoryQueues((self.settings.dispatch_queue, self.settings.notify_queue))

    @cached_property
    def keys(self) -> MemoryKeys:
        return MemoryKeys()

    @cached_property
    def mailer(self) -> MemoryMail:
        return MemoryMail(clock=self.clock)

    @cached_property
    def electronic_id(self) -> MemoryElectronicId:
        return MemoryElectronicId()

    @cached_property
    def broker(self) -> MemoryBroker:
        return MemoryBroker()

    @cached_property
    def memory_entra(self) -> MemoryEntra:
        return MemoryEntra()

    @cached_property
    def entra(self) -> Entra | None:
        """One in memory, unless a test has one that listens, or switched it off."""
        configured = self.settings.sign_in.entra
        is_in_memory = configured is not None and configured.registration.authority == NOWHERE
        return self.memory_entra if is_in_memory else super().entra

    @cached_property
    def brokers(self) -> Mapping[str, Broker]:
        """Those of the settings, and one in memory."""
        return {**super().brokers, self.broker.profile.name: self.broker}

    @cached_property
    def passwords(self) -> MemoryPasswords:
        return MemoryPasswords()


async def ask_for_a_password_alone(container: Container, organisation: OrganisationId) -> None:
    """Let the organisation's staff sign in without a second factor, which most tests are not about."""
    settings = container.organisation_settings
    await settings.change(organisation, lambda now: replace(now, second_factor=SecondFactor.OPTIONAL), by="system")
