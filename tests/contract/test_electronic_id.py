"""What every adapter of ``ElectronicId`` promises: on memory, and on the BankID client against the simulator."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from local.bankid.personas import PERSONAS
from local.bankid.remote import RemoteBankId
from shared.adapters.memory_electronic_id import MemoryElectronicId, persona
from shared.domain.electronic_id import (
    Complete,
    ElectronicId,
    Failed,
    OrderRequest,
    Pending,
    Requirement,
    SignRequest,
)
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.personal_number import PersonalNumber
from tests.support.bankid import RunningBankId

REQUEST = OrderRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="*Logga in* på portalen för att läsa ett meddelande. Avbryt om någon bett dig.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="a" * 64,
)


SIGNING = SignRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="Jag godkänner avtalet.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="a" * 64,
    user_non_visible_data=b"a digest",
)
TOLVAN = Requirement(personal_number=PersonalNumber(PERSONAS["tolvan"].personal_number))


class App(Protocol):
    """What the person does with the order, from picking it up on."""

    async def pick_up(self, order_ref: str) -> None: ...
    async def approve(self, order_ref: str, key: str) -> None: ...
    async def fail(self, order_ref: str, hint_code: str) -> None: ...
    async def hint(self, order_ref: str, hint_code: str) -> None: ...


@dataclass(frozen=True, slots=True)
class MemoryApp:
    electronic_id: MemoryElectronicId

    async def pick_up(self, order_ref: str) -> None:
        self.electronic_id.hint(order_ref, "userSign")

    async def approve(self, order_ref: str, key: str) -> None:
        who = PERSONAS[key]
        self.electronic_id.approve(order_ref, persona(who.personal_number, who.given_name, who.surname))

    async def fail(self, order_ref: str, hint_code: str) -> None:
        self.electronic_id.fail(order_ref, hint_code)

    async def hint(self, order_ref: str, hint_code: str) -> None:
        self.electronic_id.hint(order_ref, hint_code)


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    remote: RemoteBankId

    async def pick_up(self, order_ref: str) -> None:
        await self.remote.scan(order_ref)

    async def approve(self, order_ref: str, key: str) -> None:
        await self.remote.approve(order_ref, key)

    async def fail(self, order_ref: str, hint_code: str) -> None:
        await self.remote.fail(order_ref, hint_code)

    async def hint(self, order_ref: str, hint_code: str) -> None:
        await self.remote.hint(order_ref, hint_code)


@dataclass(frozen=True, slots=True)
class Subject:
    electronic_id: ElectronicId
    app: App


@pytest.fixture(scope="module")
def bankid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBankId]:
    running = RunningBankId.start(tmp_path_factory.mktemp("bankid"))
    yield running
    running.stop()


@pytest.fixture(params=["memory", "bankid"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "memory":
        memory = MemoryElectronicId()
        yield Subject(memory, MemoryApp(memory))
        return
    running: RunningBankId = request.getfixturevalue("bankid")
    async with running.client() as client, running.remote() as remote:
        yield Subject(client, SimulatedApp(remote))


async def test_a_fresh_order_waits_for_an_app(subject: Subject) -> None:
    """The QR code is shown in this state and in no other."""
    started = await subject.electronic_id.start(REQUEST)
    outcome = await subject.electronic_id.collect(started.order_ref)
    assert outcome == Pending(hint_code="outstandingTransaction")


async def test_every_order_has_its_own_secrets(subject: Subject) -> None:
    """Two browsers must not be able to finish each other's order."""
    first = await subject.electronic_id.start(REQUEST)
    second = await subject.electronic_id.start(REQUEST)
    secrets = [
        secret
        for one in (first, second)
        for secret in (one.order_ref, one.auto_start_token, one.qr_start_token, one.qr_start_secret)
    ]
    assert len(set(secrets)) == 8


async def test_secrets_of_an_order_are_not_shown(subject: Subject) -> None:
    """A record of a call must not be enough to take it over."""
    started = await subject.electronic_id.start(REQUEST)
    assert repr(started) == "StartedOrder()"


async def test_a_picked_up_order_goes_on_with_other_hints(subject: Subject) -> None:
    """Also with one that nobody knows: it is a value, not a fault."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.app.pick_up(started.order_ref)
    assert await subject.electronic_id.collect(started.order_ref) == Pending(hint_code="userSign")
    await subject.app.hint(started.order_ref, "inventedTomorrow")
    assert await subject.electronic_id.collect(started.order_ref) == Pending(hint_code="inventedTomorrow")


@pytest.mark.parametrize("key", ["tolvan", "asa", "karl", "samira"])
async def test_an_approved_order_says_who_it_is(subject: Subject, key: str) -> None:
    """Letters outside ASCII, double names and a samordningsnummer arrive as they are."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.app.pick_up(started.order_ref)
    await subject.app.approve(started.order_ref, key)
    outcome = await subject.electronic_id.collect(started.order_ref)
    assert isinstance(outcome, Complete)
    identity, who = outcome.identity, PERSONAS[key]
    assert identity.personal_number.digits == who.personal_number
    assert (identity.name, identity.given_name, identity.surname) == (who.name, who.given_name, who.surname)
    assert identity.risk == "low"
    assert identity.device_ip == "203.0.113.7"
    assert identity.evidence
    assert who.personal_number not in repr(outcome)
    assert who.surname not in repr(outcome)


async def test_a_result_is_told_once(subject: Subject) -> None:
    """A second caller, or a repeated call, must not raise a second session."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.app.pick_up(started.order_ref)
    await subject.app.approve(started.order_ref, "tolvan")
    await subject.electronic_id.collect(started.order_ref)
    with pytest.raises(NotFoundError):
        await subject.electronic_id.collect(started.order_ref)


async def test_a_failure_is_told_once_with_its_reason(subject: Subject) -> None:
    """Also a reason that nobody knows."""
    for hint_code in ("userCancel", "inventedTomorrow"):
        started = await subject.electronic_id.start(REQUEST)
        await subject.app.pick_up(started.order_ref)
        await subject.app.fail(started.order_ref, hint_code)
        assert await subject.electronic_id.collect(started.order_ref) == Failed(hint_code=hint_code)
        with pytest.raises(NotFoundError):
            await subject.electronic_id.collect(started.order_ref)


async def test_a_cancelled_order_is_unknown(subject: Subject) -> None:
    """Nobody can approve it any more."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.electronic_id.cancel(started.order_ref)
    with pytest.raises(NotFoundError):
        await subject.electronic_id.collect(started.order_ref)


async def test_cancelling_twice_or_the_unknown_is_no_error(subject: Subject) -> None:
    """The person has left either way."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.electronic_id.cancel(started.order_ref)
    await subject.electronic_id.cancel(started.order_ref)
    await subject.electronic_id.cancel("131daac9-16c6-4618-beb0-365768f37288")


async def test_cancelling_too_late_does_not_undo_an_approval(subject: Subject) -> None:
    """The person did identify: what the e-ID says counts."""
    started = await subject.electronic_id.start(REQUEST)
    await subject.app.pick_up(started.order_ref)
    await subject.app.approve(started.order_ref, "tolvan")
    await subject.electronic_id.cancel(started.order_ref)
    assert isinstance(await subject.electronic_id.collect(started.order_ref), Complete)


async def test_an_unknown_order_is_not_found(subject: Subject) -> None:
    """Not a fault of the e-ID: start again."""
    with pytest.raises(NotFoundError):
        await subject.electronic_id.collect("131daac9-16c6-4618-beb0-365768f37288")


async def test_the_e_id_answers(subject: Subject) -> None:
    """Readiness is asked without making an order."""
    await subject.electronic_id.ping()


async def test_a_signature_goes_and_ends_like_a_sign_in(subject: Subject) -> None:
    """Waiting, picked up, told once with its evidence."""
    started = await subject.electronic_id.sign(SIGNING)
    assert await subject.electronic_id.collect(started.order_ref) == Pending(hint_code="outstandingTransaction")
    await subject.app.pick_up(started.order_ref)
    await subject.app.approve(started.order_ref, "tolvan")
    outcome = await subject.electronic_id.collect(started.order_ref)
    assert isinstance(outcome, Complete)
    assert outcome.identity.personal_number == PersonalNumber(PERSONAS["tolvan"].personal_number)
    assert outcome.identity.evidence
    with pytest.raises(NotFoundError):
        await subject.electronic_id.collect(started.order_ref)


async def test_a_signature_can_be_left_or_fail(subject: Subject) -> None:
    """As a sign-in can."""
    left = await subject.electronic_id.sign(SIGNING)
    await subject.electronic_id.cancel(left.order_ref)
    with pytest.raises(NotFoundError):
        await subject.electronic_id.collect(left.order_ref)
    failed = await subject.electronic_id.sign(SIGNING)
    await subject.app.pick_up(failed.order_ref)
    await subject.app.fail(failed.order_ref, "userCancel")
    assert await subject.electronic_id.collect(failed.order_ref) == Failed(hint_code="userCancel")


async def test_a_person_who_is_named_has_one_order_at_a_time(subject: Subject) -> None:
    """A second one is not made, and the first is lost: whoever names persons must expect both."""
    first = await subject.electronic_id.start(replace(REQUEST, requirement=TOLVAN))
    with pytest.raises(ConflictError):
        await subject.electronic_id.sign(replace(SIGNING, requirement=TOLVAN))
    assert await subject.electronic_id.collect(first.order_ref) == Failed(hint_code="cancelled")
    again = await subject.electronic_id.start(replace(REQUEST, requirement=TOLVAN))
    await subject.electronic_id.cancel(again.order_ref)
    last = await subject.electronic_id.sign(replace(SIGNING, requirement=TOLVAN))
    await subject.electronic_id.cancel(last.order_ref)
