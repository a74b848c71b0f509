"""The services on memory adapters with people in place: what service tests begin from.

Several instances of the application can share the stores, each behind a tap of its own.
"""

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from shared.container import Container
from shared.crypto.pseudonyms import former_subjects_of, subject_of
from shared.domain.assurance import Assurance
from shared.domain.brokers import Broker
from shared.domain.byte_ranges import ByteRange
from shared.domain.electronic_id import ElectronicId
from shared.domain.entra import Entra
from shared.domain.ids import FileId, MessageId, OrganisationId, StaffId, ThreadId, UnitId, UploadId
from shared.domain.personal_number import parse_personal_number
from shared.domain.places import Place
from shared.domain.ports import Archive, Blobs, Clock, Keys, Mailer, Passwords, Queues, Records
from shared.domain.principals import Person, Principal, Role, Staff
from shared.domain.record_bodies import decode_body
from shared.domain.tus import Append, Content
from shared.domain.tus_headers import Checksum
from shared.services.administering import NewStaff
from shared.services.sharing import Addressee
from shared.services.uploading import NewUpload
from shared.services.uploads import Upload
from tests.support.memory_container import PASSWORD, MemoryContainer, ask_for_a_password_alone
from tests.support.taps import (
    Tap,
    TappedArchive,
    TappedBlobs,
    TappedElectronicId,
    TappedKeys,
    TappedMailer,
    TappedQueues,
    TappedRecords,
)

TOLVAN = "191212121212"
OTHER_PERSON = "199006022397"
YEAR_DAYS = 365

_numbers = itertools.count(1)


class Instance(Container):
    """Another instance of the application on the same stores, behind a tap."""

    def __init__(self, first: MemoryContainer, tap: Tap) -> None:
        super().__init__(first.settings)
        self._first = first
        self._tap = tap

    @cached_property
    def clock(self) -> Clock:
        return self._first.clock

    @cached_property
    def record_store(self) -> Records:
        return TappedRecords(self._first.record_store, self._tap)

    @cached_property
    def blobs(self) -> Blobs:
        return TappedBlobs(self._first.blobs, self._tap)

    @cached_property
    def journal_blobs(self) -> Blobs:
        return TappedBlobs(self._first.journal_blobs, self._tap)

    @cached_property
    def audit_blobs(self) -> Archive:
        return TappedArchive(self._first.audit_blobs, self._tap)

    @cached_property
    def queues(self) -> Queues:
        return TappedQueues(self._first.queues, self._tap)

    @cached_property
    def keys(self) -> Keys:
        return TappedKeys(self._first.keys, self._tap)

    @cached_property
    def mailer(self) -> Mailer:
        return TappedMailer(self._first.mailer, self._tap)

    @cached_property
    def electronic_id(self) -> ElectronicId:
        return TappedElectronicId(self._first.electronic_id, self._tap)

    @cached_property
    def brokers(self) -> Mapping[str, Broker]:
        return self._first.brokers

    @cached_property
    def entra(self) -> Entra | None:
        return self._first.entra

    @cached_property
    def passwords(self) -> Passwords:
        return self._first.passwords


@dataclass
class Scene:
    """One organisation with one unit."""

    container: MemoryContainer
    organisation: OrganisationId
    unit: UnitId

    @classmethod
    async def make(cls, **environment: str) -> "Scene":
        """A fresh application with one organisation and one unit."""
        container = MemoryContainer(**environment)
        await container.administering.prepare_platform()
        organisation = await container.administering.create_organisation("Exempelkommunen")
        await accept_agreement(container, organisation)
        await ask_for_a_password_alone(container, organisation)
        unit = await container.administering.create_unit(organisation, "Mottagningen", mail_address="unit@example.com")
        return cls(container=container, organisation=organisation, unit=unit)

    async def decide(self, **changes: Any) -> None:
        """Change these settings of the organisation, as an operator does."""
        settings = self.container.organisation_settings
        await settings.change(self.organisation, lambda found: replace(found, **changes), by="system")

    def instance(self, tap: Tap | None = None) -> Instance:
        """Another instance on the same stores."""
        return Instance(self.container, tap or Tap())

    async def staff(
        self,
        *,
        organisation: OrganisationId | None = None,
        units: tuple[UnitId, ...] | None = None,
        role: Role = Role.MEMBER,
        address: str | None = None,
    ) -> Staff:
        """A new member of staff, by default of this scene's unit."""
        home = organisation or self.organisation
        serves = (self.unit,) if units is None else units
        new = NewStaff(
            name="Anna Exempel",
            mail_address=address or f"staff{next(_numbers)}@example.com",
            password=PASSWORD,
            role=role,
            units=serves,
        )
        staff = await self.container.administering.add_staff(home, new)
        return Staff(organisation=home, staff=StaffId(staff), role=role, units=frozenset(serves), name=new.name)

    def person(self, digits: str = TOLVAN) -> Person:
        """A person as their session states them."""
        number = parse_personal_number(digits, today=self.container.clock().date())
        peppers = self.container.settings.peppers
        return Person(
            subject=subject_of(number, peppers),
            name="Tolvan Tolvansson",
            provider="memory",
            assurance=Assurance.LOA3,
            former=former_subjects_of(number, peppers),
        )

    async def thread(self, staff: Staff, *digits: str, subject: str = "Beslut") -> ThreadId:
        """A thread for these persons, by default for ``TOLVAN``."""
        addressees = tuple(
            Addressee(personal_number=number, mail_address=f"person{next(_numbers)}@example.com")
            for number in digits or (TOLVAN,)
        )
        unit = next(iter(staff.units))
        created = await self.container.sharing.create(staff, unit=unit, subject=subject, addressees=addressees)
        return created.thread

    async def draft(
        self, author: Principal, thread: ThreadId, *, text: str = "Hej", retention_days: int = YEAR_DAYS
    ) -> MessageId:
        """A draft."""
        draft = await self.container.sending.draft(author, thread, text=text, retention_days=retention_days)
        return draft.message

    async def begin(self, author: Principal, thread: ThreadId, message: MessageId, length: int | None) -> Upload:
        """An upload of which nothing has arrived."""
        return await self.container.uploading.begin(author, new_upload(thread, message, length))

    async def upload(self, author: Principal, thread: ThreadId, message: MessageId, content: bytes) -> FileId:
        """A stored file of a draft."""
        upload = await self.begin(author, thread, message, len(content))
        if content:
            await append(self.container, author, upload.upload, 0, content)
        return upload.file

    async def send(self, author: Principal, thread: ThreadId, message: MessageId) -> None:
        """Send, and let the queue functions run."""
        await self.container.sending.send(author, thread, message)
        await self.container.run_queues()

    async def sent(self, author: Principal, thread: ThreadId, *files: bytes, text: str = "Hej") -> MessageId:
        """A delivered message with these files."""
        message = await self.draft(author, thread, text=text)
        for content in files:
            await self.upload(author, thread, message, content)
        await self.send(author, thread, message)
        return message

    async def content(self, reader: Principal, thread: ThreadId, message: MessageId, file: FileId) -> bytes:
        """A file as it is downloaded."""
        found = await self.container.retrieving.fetch(reader, thread, message, file)
        wanted = ByteRange(start=0, end=found.manifest.total_length)
        return b"".join([bytes(piece) async for piece in found.read(wanted)])

    def bodies(self, *prefixes: str) -> dict[Place, dict[str, Any]]:
        """All records whose partition begins with one of ``prefixes`` (all there are, if none is given)."""
        return {
            Place(partition, id): dict(decode_body(encoded))
            for partition, records in self.container.record_store._partitions.items()
            for id, (encoded, _) in records.items()  # noqa: A001
            if partition.startswith(prefixes or "")
        }

    def raw_records(self) -> str:
        """Everything in the record store, as one text."""
        return "\n".join(f"{at.partition} {at.id} {json.dumps(body)}" for at, body in self.bodies().items())

    def blob_names(self) -> set[str]:
        """Names of all blobs, staged or committed."""
        blobs = self.container.blobs
        return set(blobs._staged) | set(blobs._content)

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The audit events of that name, of all organisations, in order of time."""
        found = sorted(self.bodies("audit|").items(), key=lambda item: item[0].id)
        return [body for _, body in found if name in {"", body["event"]}]


async def accept_agreement(container: Container, organisation: OrganisationId) -> None:
    """Bind the organisation, as its admin does before anything is sent."""
    current = container.agreeing.current
    await container.agreeing.accept(organisation, version=current.version, digest=current.digest, by="system")


def new_upload(thread: ThreadId, message: MessageId, length: int | None, *, name: str = "beslut.pdf") -> NewUpload:
    """What a sender says of a file."""
    return NewUpload(thread=thread, message=message, name=name, media_type="application/pdf", length=length)


async def pieces(*data: bytes | BaseException) -> AsyncIterator[bytes]:
    """A body in pieces; an exception among them is raised in its turn."""
    for piece in data:
        if isinstance(piece, BaseException):
            raise piece
        yield piece


async def append(
    container: Container, author: Principal, upload: UploadId, offset: int, *data: bytes | BaseException
) -> Upload:
    """Append these pieces at ``offset``."""
    return await container.uploading.append(author, upload, appending(offset), pieces(*data))


def appending(
    offset: int, *, length: int | None = None, declared: int | None = None, checksum: Checksum | None = None
) -> Append:
    """What a request asks for that appends."""
    return Append(offset=offset, length=length, content=Content(declared_bytes=declared, checksum=checksum))
