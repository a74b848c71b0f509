"""Our certificate towards BankID: opened once, refused with reasons, and watched to its end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from local.bankid.certificates import make_authority, make_leaf, name
from shared.domain.client_certificates import CertificateMaterial
from shared.domain.errors import DependencyError, ElectronicIdError, ElectronicIdFault
from shared.services.bankid_certificate import ENDING_EVENT, REFUSED_EVENT, WARNING_DAYS, BankIdCertificate
from tests.support.memory_container import MovableNow

ROOT = make_authority("Simulated root")
OWN = make_leaf(name("Kanarie"), make_authority("Simulated RP CA"), issued_at=datetime.now(UTC) - timedelta(days=2))
GOOD = CertificateMaterial(root=ROOT.certificate_pem, certificate=OWN.certificate_pem, key=OWN.key_pem)
ENDS_AT = OWN.certificate.not_valid_after_utc


class Scene:
    """A certificate whose material, clock and log a test holds."""

    def __init__(self) -> None:
        self.now = MovableNow()
        self.now.now = datetime.now(UTC)
        self.material: CertificateMaterial | DependencyError = GOOD
        self.reads = 0
        self.logged: list[tuple[str, object]] = []
        self.certificate = BankIdCertificate(
            environment="simulator", material=self._read, clock=self.now, log=self._log, warning_days=20
        )

    async def _read(self) -> CertificateMaterial:
        self.reads += 1
        await asyncio.sleep(0)
        if isinstance(self.material, DependencyError):
            raise self.material
        return self.material

    def _log(self, event: str, /, **fields: int | list[str]) -> None:
        (value,) = fields.values()
        self.logged.append((event, value))

    async def refused(self) -> ElectronicIdError:
        with pytest.raises(ElectronicIdError) as raised:
            await self.certificate.open()
        return raised.value


async def test_a_crowd_opens_it_once() -> None:
    """And everyone gets the same, by which the client knows that nothing has changed."""
    scene = Scene()
    opened = await asyncio.gather(*(scene.certificate.open() for _ in range(20)))
    assert scene.reads == 1
    assert all(one is opened[0] for one in opened)


async def test_what_is_wrong_is_logged_once_and_looked_at_again_later() -> None:
    """Whoever tries to sign in wears out neither the vault nor the log; once it is right, it works without a restart."""
    scene = Scene()
    scene.material = CertificateMaterial(root=None, certificate=OWN.certificate_pem, key=None)
    faults = ["the root cannot be read", "the key cannot be read"]
    for _ in range(3):
        refused = await scene.refused()
        assert refused.code is ElectronicIdFault.SETUP
        assert [*refused.args[1:]] == faults
    assert scene.reads == 1
    assert scene.logged == [(REFUSED_EVENT, faults)]
    scene.material = GOOD
    await scene.refused()
    scene.now.move(seconds=30)
    await scene.certificate.open()
    assert scene.reads == 2


async def test_a_vault_that_does_not_answer_is_asked_again_at_once() -> None:
    """That says nothing of the certificate."""
    scene = Scene()
    scene.material = DependencyError()
    assert (await scene.refused()).code is ElectronicIdFault.UNREACHABLE
    scene.material = GOOD
    await scene.certificate.open()
    assert scene.logged == []


async def test_it_is_used_to_its_last_moment_and_no_longer() -> None:
    """Then it is read anew: the next one may be there already."""
    scene = Scene()
    first = await scene.certificate.open()
    scene.now.now = ENDS_AT - timedelta(seconds=1)
    assert await scene.certificate.open() is first
    scene.now.now = ENDS_AT
    assert (await scene.refused()).args[1:] == ("the certificate has ended",)
    assert scene.reads == 2


async def test_the_end_is_told_in_time_and_once_a_day() -> None:
    """When it is opened, and by a timer that runs more often than that."""
    assert WARNING_DAYS == 60
    scene = Scene()
    scene.now.now = ENDS_AT - timedelta(days=20, seconds=1)
    await scene.certificate.remind()
    assert scene.logged == []
    scene.now.move(seconds=1)
    for _ in range(3):
        await scene.certificate.remind()
    assert scene.logged == [(ENDING_EVENT, 20)]
    scene.now.move(days=1)
    await scene.certificate.open()
    assert len(scene.logged) == 1
    for _ in range(3):
        await scene.certificate.remind()
    assert scene.logged == [(ENDING_EVENT, 20), (ENDING_EVENT, 19)]


async def test_whoever_opens_it_first_near_the_end_is_told() -> None:
    """An instance may live for less than the timer's hour."""
    scene = Scene()
    scene.now.now = ENDS_AT - timedelta(seconds=1)
    await scene.certificate.open()
    assert scene.logged == [(ENDING_EVENT, 1)]


async def test_a_timer_is_not_stopped_by_a_certificate() -> None:
    """Retention goes on whatever BankID's certificate is like; the log has what is wrong."""
    scene = Scene()
    scene.material = CertificateMaterial(root=None, certificate=None)
    await scene.certificate.remind()
    scene.material = DependencyError()
    scene.now.move(minutes=1)
    await scene.certificate.remind()
    assert [event for event, _ in scene.logged] == [REFUSED_EVENT]
