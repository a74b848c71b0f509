"""The BankID client under every fault that the simulator makes: the right word for it, and never a second order."""

import asyncio
import gc
import logging
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from local.bankid.false_refusals import NOT_TO_BE_SHOWN
from local.bankid.fault_kinds import AnswerFault, ConnectionFault, DeliveryFault, EvidenceFault, RefusalFault
from local.bankid.remote import RemoteBankId
from shared.adapters.bankid import BankIdClient
from shared.domain.deadlines import deadline
from shared.domain.electronic_id import (
    Complete,
    Failed,
    OrderRequest,
    Pending,
    Requirement,
    SignRequest,
)
from shared.domain.errors import ElectronicIdError, ElectronicIdFault, NotFoundError
from shared.domain.verified_identity import VerifiedIdentity
from tests.support.bankid import RunningBankId

REQUEST = OrderRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="Logga in på portalen.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="a" * 64,
)
WITH_DOCUMENT = replace(REQUEST, requirement=Requirement(mrtd=True))
SIGNATURE = SignRequest(
    end_user_ip="192.0.2.7",
    user_visible_text="Jag har tagit emot beslutet.",
    referring_domain="portal.example.se",
    user_agent="Mozilla/5.0",
    device_identifier="a" * 64,
)
WAITING = Pending(hint_code="outstandingTransaction")
SHORT = 1.0
"""Seconds that are given where an answer is not to come in time."""


@dataclass
class Scene:
    """The client, the person, and what nobody may read in an error or a log."""

    client: BankIdClient
    app: RemoteBankId
    waits: list[float]
    secrets: set[str] = field(default_factory=lambda: {NOT_TO_BE_SHOWN, "191212121212", "Tolvan", "1212121212"})

    async def started(self, request: OrderRequest = REQUEST) -> str:
        order = await self.client.start(request)
        self.secrets |= {order.order_ref, order.auto_start_token, order.qr_start_token, order.qr_start_secret}
        return order.order_ref

    async def approved(self, request: OrderRequest = REQUEST) -> str:
        """An order that its next collect completes."""
        ref = await self.started(request)
        await self.app.scan(ref)
        await self.app.approve(ref)
        return ref

    async def collected(self, ref: str) -> VerifiedIdentity:
        outcome = await self.client.collect(ref)
        assert isinstance(outcome, Complete)
        return outcome.identity

    async def orders(self) -> int:
        """How many there are at BankID."""
        orders = await self.app.orders()
        self.secrets |= {order.ref for order in orders}
        return len(orders)

    async def strikes(self) -> int:
        return len(await self.app.struck())

    @contextmanager
    def fails(self, code: ElectronicIdFault) -> Iterator[None]:
        """With that word and nothing of what BankID wrote."""
        with pytest.raises(ElectronicIdError) as caught:
            yield
        assert caught.value.code is code
        self.has_no_secret("".join(traceback.format_exception(caught.value, chain=True)) + repr(caught.value))

    def has_no_secret(self, text: str) -> None:
        assert not [secret for secret in self.secrets if secret in text]


@pytest.fixture
async def scene(bankid: RunningBankId, app: RemoteBankId, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    caplog.set_level(logging.DEBUG)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with bankid.client(sleep=sleep) as client:
        scene = Scene(client, app, waits)
        yield scene
    # The control API's own requests name orders: that log is the test's.
    ours = [one.getMessage() for one in caplog.records if bankid.control_url not in one.getMessage()]
    scene.has_no_secret("\n".join(line for line in ours if "/sim/" not in line))


REFUSALS = {
    RefusalFault.UNKNOWN_ERROR: ElectronicIdFault.UNKNOWN,
    RefusalFault.UNAUTHORIZED: ElectronicIdFault.UNAUTHORIZED,
    RefusalFault.FORBIDDEN: ElectronicIdFault.UNAUTHORIZED,
    RefusalFault.METHOD_NOT_ALLOWED: ElectronicIdFault.INVALID,
    RefusalFault.REQUEST_TIMEOUT: ElectronicIdFault.TIMEOUT,
    RefusalFault.TOO_MANY_REQUESTS: ElectronicIdFault.TOO_MANY_REQUESTS,
    RefusalFault.INTERNAL_ERROR: ElectronicIdFault.INTERNAL,
    RefusalFault.BAD_GATEWAY: ElectronicIdFault.UNREACHABLE,
    RefusalFault.GATEWAY_TIMEOUT: ElectronicIdFault.UNREACHABLE,
}
MAINTENANCE = (RefusalFault.MAINTENANCE, RefusalFault.CAPITAL_MAINTENANCE)


def test_every_refusal_is_tried() -> None:
    """Whoever adds one says here what it means."""
    assert {*REFUSALS, *MAINTENANCE, RefusalFault.TOO_FAST} == set(RefusalFault)


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refused_start_is_not_repeated(scene: Scene, kind: RefusalFault) -> None:
    """It has made no order, and asking once more might."""
    await scene.app.fault(kind, times=None)
    with scene.fails(REFUSALS[kind]):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 0)


@pytest.mark.parametrize("kind", MAINTENANCE)
async def test_maintenance_is_waited_for_twice(scene: Scene, kind: RefusalFault) -> None:
    """However it is spelt: BankID did nothing with the request, so there is one order in the end."""
    await scene.app.fault(kind, times=2)
    await scene.started()
    assert (await scene.strikes(), await scene.orders(), scene.waits) == (2, 1, [1.0, 2.0])
    await scene.app.reset()
    await scene.app.fault(kind, times=None)
    with scene.fails(ElectronicIdFault.MAINTENANCE):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (3, 0)


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refused_collect_loses_nothing(scene: Scene, kind: RefusalFault) -> None:
    """The result waits at BankID, also for who asks a little later."""
    ref = await scene.approved()
    await scene.app.fault(kind, endpoint="collect")
    with scene.fails(REFUSALS[kind]):
        await scene.client.collect(ref)
    assert (await scene.collected(ref)).personal_number.digits == "191212121212"


async def test_polling_too_fast_says_how_long_to_wait(scene: Scene) -> None:
    """The order stays as it is."""
    await scene.app.fault(RefusalFault.TOO_FAST, times=None)
    ref = await scene.started()
    assert await scene.client.collect(ref) == WAITING
    with pytest.raises(ElectronicIdError) as caught:
        await scene.client.collect(ref)
    assert (caught.value.code, caught.value.retry_after_seconds) == (ElectronicIdFault.TOO_MANY_REQUESTS, 2)
    await scene.app.advance(2)
    assert await scene.client.collect(ref) == WAITING


@pytest.mark.parametrize("kind", DeliveryFault)
async def test_a_start_whose_answer_is_lost_is_not_repeated(scene: Scene, kind: DeliveryFault) -> None:
    """The trap: there is an order at BankID, and a second one would end or block the first."""
    await scene.app.fault(kind, endpoint="auth", times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE), deadline(time.monotonic() + SHORT):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 1)


@pytest.mark.parametrize("kind", DeliveryFault)
async def test_a_signature_whose_answer_is_lost_is_not_asked_for_again(scene: Scene, kind: DeliveryFault) -> None:
    """As with an order to identify: the person would be asked to sign twice."""
    await scene.app.fault(kind, endpoint="sign", times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE), deadline(time.monotonic() + SHORT):
        await scene.client.sign(SIGNATURE)
    assert (await scene.strikes(), await scene.orders()) == (1, 1)


@pytest.mark.parametrize("kind", DeliveryFault)
async def test_a_result_whose_answer_is_lost_is_never_made_up(scene: Scene, kind: DeliveryFault) -> None:
    """The other trap: BankID has told it and forgets it. Unknown, so start again; at once or at the next collect."""
    ref = await scene.approved()
    await scene.app.fault(kind, status="complete")
    if kind in {DeliveryFault.ANSWER_LOST, DeliveryFault.ANSWER_CUT}:
        with pytest.raises(NotFoundError):
            await scene.client.collect(ref)
    else:
        with scene.fails(ElectronicIdFault.UNREACHABLE), deadline(time.monotonic() + SHORT):
            await scene.client.collect(ref)
    assert await scene.strikes() == 1
    with pytest.raises(NotFoundError):
        await scene.client.collect(ref)


@pytest.mark.parametrize("kind", [DeliveryFault.ANSWER_LOST, DeliveryFault.ANSWER_CUT])
async def test_a_poll_whose_answer_is_lost_is_repeated_once(scene: Scene, kind: DeliveryFault) -> None:
    """Asking how it stands does no harm."""
    ref = await scene.started()
    await scene.app.fault(kind, endpoint="collect")
    assert await scene.client.collect(ref) == WAITING
    await scene.app.fault(kind, endpoint="collect", times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.client.collect(ref)
    assert await scene.strikes() == 3


@pytest.mark.parametrize("kind", [DeliveryFault.ANSWER_LOST, DeliveryFault.LOST_IN_GATEWAY])
async def test_a_cancel_whose_answer_is_lost_has_cancelled(scene: Scene, kind: DeliveryFault) -> None:
    """Who says it again hears of no fault."""
    ref = await scene.started()
    await scene.app.fault(kind, endpoint="cancel")
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.client.cancel(ref)
    assert await scene.orders() == 0
    await scene.client.cancel(ref)


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (AnswerFault.INVALID_JSON, "orderRef"),
        (AnswerFault.NOT_AN_OBJECT, "orderRef"),
        (AnswerFault.HUGE_BODY, "orderRef"),
        *((AnswerFault.MISSING_MEMBER, one) for one in ("orderRef", "autoStartToken", "qrStartToken", "qrStartSecret")),
    ],
)
async def test_an_order_that_is_told_wrongly_is_none(scene: Scene, kind: AnswerFault, member: str) -> None:
    """And no second one is made for it."""
    await scene.app.fault(kind, endpoint="auth", member=member, times=None)
    with scene.fails(ElectronicIdFault.UNFIT):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 1)


COMPLETION = "completionData"
MISSING = ("orderRef", "status", COMPLETION, *(f"{COMPLETION}.{one}" for one in ("user", "signature", "ocspResponse")))
UNFIT = [
    *(
        (kind, "orderRef")
        for kind in (
            AnswerFault.INVALID_JSON,
            AnswerFault.NOT_AN_OBJECT,
            AnswerFault.HUGE_BODY,
            AnswerFault.OTHER_ORDER_REF,
            AnswerFault.UNKNOWN_STATUS,
            AnswerFault.NULL_COMPLETION,
            AnswerFault.BAD_BASE64,
            AnswerFault.SHORT_NUMBER,
        )
    ),
    *((AnswerFault.MISSING_MEMBER, member) for member in MISSING),
    *((AnswerFault.MISSING_MEMBER, f"{COMPLETION}.user.{one}") for one in ("personalNumber", "name", "surname")),
]


@pytest.mark.parametrize(("kind", "member"), UNFIT)
async def test_a_result_that_is_told_wrongly_is_not_believed(scene: Scene, kind: AnswerFault, member: str) -> None:
    """Nobody is signed in by half an answer; BankID does not say it twice."""
    ref = await scene.approved()
    await scene.app.fault(kind, member=member)
    with scene.fails(ElectronicIdFault.UNFIT):
        await scene.client.collect(ref)
    with pytest.raises(NotFoundError):
        await scene.client.collect(ref)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (AnswerFault.EXTRA_MEMBERS, "risk", "low"),
        (AnswerFault.NO_RISK, "risk", None),
        (AnswerFault.HIGH_RISK, "risk", "high"),
        (AnswerFault.NO_HARDWARE_ID, "device_ip", "203.0.113.7"),
        (AnswerFault.NO_STEP_UP, "risk", "low"),
        (AnswerFault.OTHER_IP, "device_ip", "198.51.100.66"),
    ],
)
async def test_what_bankid_may_say_is_handed_on(scene: Scene, kind: AnswerFault, name: str, expected: object) -> None:
    """Whether it is enough to let somebody in is for the service to decide."""
    ref = await scene.approved(WITH_DOCUMENT)
    await scene.app.fault(kind)
    identity = await scene.collected(ref)
    assert getattr(identity, name) == expected
    assert await scene.strikes() == 1


async def test_the_person_is_who_bankid_says(scene: Scene) -> None:
    """Number and names of one answer, never mixed with those of another."""
    ref = await scene.approved()
    await scene.app.fault(AnswerFault.OTHER_PERSON)
    other = await scene.collected(ref)
    assert other.personal_number.digits != "191212121212"
    assert "Tolvan" not in other.name + other.given_name + other.surname


async def test_words_of_tomorrow_are_values(scene: Scene) -> None:
    """While it waits, and when it has failed."""
    ref = await scene.started()
    await scene.app.fault(AnswerFault.UNKNOWN_HINT)
    assert await scene.client.collect(ref) == Pending(hint_code="somethingNew")
    await scene.app.fail(ref, "userCancel")
    await scene.app.fault(AnswerFault.UNKNOWN_HINT)
    assert await scene.client.collect(ref) == Failed(hint_code="somethingNew")


@pytest.mark.parametrize("kind", EvidenceFault)
async def test_evidence_is_kept_as_it_came(scene: Scene, kind: EvidenceFault) -> None:
    """BankID has verified it before it says complete, over a connection that we trust: ours is to keep it."""
    ref = await scene.approved()
    await scene.app.fault(kind)
    identity = await scene.collected(ref)
    assert identity.evidence is not None
    assert "ocspResponse" in identity.evidence
    assert await scene.strikes() == 1


@pytest.mark.parametrize("kind", [ConnectionFault.EXPIRED_CERTIFICATE, ConnectionFault.WRONG_NAME])
async def test_a_wrong_server_is_told_nothing(scene: Scene, kind: ConnectionFault) -> None:
    """Nor asked again: it will not have another certificate a moment later."""
    await scene.app.fault(kind, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 0)


async def test_a_server_of_another_root_is_told_nothing(scene: Scene) -> None:
    """However good its certificate looks."""
    await scene.app.fault(ConnectionFault.FOREIGN_ROOT, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 0)


async def test_tls_1_1_is_refused(scene: Scene) -> None:
    """As often as it is offered."""
    await scene.app.fault(ConnectionFault.TLS_1_1_ONLY, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.started()
    assert await scene.orders() == 0


@pytest.mark.parametrize("kind", [ConnectionFault.TLS_1_2_ONLY, ConnectionFault.TLS_1_3_ONLY])
async def test_a_sign_in_works_on_either_version_of_tls(scene: Scene, kind: ConnectionFault) -> None:
    """BankID speaks both, and may one day speak one."""
    await scene.app.fault(kind, times=None)
    assert (await scene.collected(await scene.approved())).risk == "low"


async def test_a_connection_that_breaks_early_is_made_again(scene: Scene) -> None:
    """Twice, for an order as well: nothing was sent."""
    await scene.app.fault(ConnectionFault.RESET_BEFORE_HANDSHAKE, times=2)
    await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (2, 1)


async def test_connecting_has_an_end(scene: Scene) -> None:
    """Three times in all."""
    await scene.app.fault(ConnectionFault.RESET_BEFORE_HANDSHAKE, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (3, 0)


async def test_a_connection_that_breaks_later_is_not_made_again_for_an_order(scene: Scene) -> None:
    """The request may have been read, as far as anybody here can tell."""
    await scene.app.fault(ConnectionFault.RESET_BEFORE_REQUEST, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 0)


async def test_a_handshake_that_hangs_is_left_for_another(scene: Scene) -> None:
    """Every third does on BankID's test host; the person waits three seconds more."""
    await scene.app.fault(ConnectionFault.HANDSHAKE_HANGS)
    await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 1)


async def test_handshakes_that_hang_cost_no_more_than_the_time_there_is(scene: Scene) -> None:
    """Whoever asked has gone by then; nor is the connection left open."""
    await scene.app.fault(ConnectionFault.HANDSHAKE_HANGS, times=None)
    with scene.fails(ElectronicIdFault.UNREACHABLE), deadline(time.monotonic() + SHORT):
        await scene.started()
    assert (await scene.strikes(), await scene.orders()) == (1, 0)
    # What was left open would warn here, and a warning is an error.
    gc.collect()


@pytest.mark.parametrize("seconds", [-3600, 3600])
async def test_a_wrong_clock_at_bankid_does_not_matter(scene: Scene, seconds: int) -> None:
    """Nothing here compares its time with ours."""
    await scene.app.skew(seconds)
    assert (await scene.collected(await scene.approved())).risk == "low"


async def test_of_two_who_collect_at_once_one_is_told(scene: Scene) -> None:
    """The other hears that there is no such order, as if the answer had been lost."""
    ref = await scene.approved()
    outcomes = await asyncio.gather(*(scene.client.collect(ref) for _ in range(2)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Complete", "NotFoundError"]
