"""What a fresh stack needs: stores, the platform key, and an organisation with a unit and two staff, ready to send."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.cosmos_records import CosmosRecords
from shared.adapters.storage_queues import StorageQueues
from shared.adapters.table_records import TableRecords
from shared.container import Container
from shared.domain.ids import StaffId
from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from shared.services.administering import NewStaff
from shared.settings import Settings, read_settings

ORGANISATION: Final = "Exempelkommunen"
UNIT: Final = "Socialtjänsten, mottagningen"
UNIT_ADDRESS: Final = "mottagningen@exempelkommunen.example.se"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStaff:
    """Someone to sign in as."""

    name: str
    role: str
    mail_address: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What was seeded."""

    organisation: str
    unit: str
    staff: tuple[DemoStaff, ...]


def read_seed(data: Path) -> Seed | None:
    """The seed of an earlier run on the same data."""
    file = data / "seed.json"
    if not file.exists():
        return None
    note = json.loads(file.read_text(encoding="utf-8"))
    return Seed(**{**note, "staff": tuple(DemoStaff(**member) for member in note["staff"])})


async def ensure_stores(container: Container, settings: Settings) -> None:
    """Make table or database, container and queues; in Azure the infrastructure makes them."""
    for port in (container.record_store, container.blobs, container.journal_blobs, container.audit_blobs):
        assert isinstance(port, TableRecords | CosmosRecords | BlockBlobs)
        await port.ensure()
    assert isinstance(container.queues, StorageQueues)
    await container.queues.ensure((settings.dispatch_queue, settings.notify_queue))


async def seed(environment: dict[str, str], data: Path) -> Seed:
    """Seed the stack with these settings, unless that was done before. Passwords are made afresh, never fixed."""
    settings = read_settings(environment)
    container = Container(settings)
    try:
        await ensure_stores(container, settings)
        await container.administering.prepare_platform()
        # The Cosmos DB emulator forgets everything when it stops, and the seed with it.
        found = read_seed(data) if settings.records == "tables" else None
        return found or await _seed(container, data)
    finally:
        await container.close()


async def _seed(container: Container, data: Path) -> Seed:
    administering = container.administering
    organisation = await administering.create_organisation(ORGANISATION)
    # So that the printed password is all that it takes to look around. Whoever sets up a factor is asked for it.
    await container.organisation_settings.change(
        organisation, lambda found: replace(found, second_factor=SecondFactor.OPTIONAL), by="system"
    )
    unit = await administering.create_unit(organisation, UNIT, mail_address=UNIT_ADDRESS)
    staff = (
        DemoStaff(name="Anna Exempel", role="member", mail_address=_address("anna"), password=_password()),
        DemoStaff(name="Björn Exempel", role="admin", mail_address=_address("bjorn"), password=_password()),
    )
    ids: list[StaffId] = []
    for member in staff:
        new = NewStaff(
            name=member.name,
            mail_address=member.mail_address,
            password=member.password,
            role=Role(member.role),
            units=(unit,),
        )
        ids.append(await administering.add_staff(organisation, new))
    admin = next(one for one, member in zip(ids, staff, strict=True) if member.role == Role.ADMIN.value)
    current = container.agreeing.current
    await container.agreeing.accept(organisation, version=current.version, digest=current.digest, by=admin)
    made = Seed(organisation=organisation, unit=unit, staff=staff)
    file = data / "seed.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def _address(name: str) -> str:
    return f"{name}.{secrets.token_hex(3)}@exempelkommunen.example.se"


def _password() -> str:
    return secrets.token_urlsafe(15)
