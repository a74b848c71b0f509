"""The archive of identifications: the whole answer, sealed, before the session, for a year and no longer."""

import json

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.domain.client_certificates import ClientCertificate
from shared.domain.errors import NotFoundError
from shared.domain.principals import Person
from shared.domain.user_messages import StartedBy
from shared.services.evidence import EVIDENCE_LIFETIME
from shared.services.person_signing_in import Refused, SignedIn
from tests.support.orders import REQUEST, Order
from tests.support.scene import Scene
from tests.support.taps import Tap


async def test_a_session_names_the_proof_of_who_raised_it(scene: Scene) -> None:
    """Everything that a dispute would ask for, word for word."""
    scene.container.electronic_id.own_certificate = ClientCertificate(
        fingerprint="ab" * 32, ends_at=scene.container.clock.now + EVIDENCE_LIFETIME
    )
    order = await Order.start(scene)
    identity = persona()
    scene.container.electronic_id.approve(order.ref, identity)
    answer = await order.poll()
    assert isinstance(answer, SignedIn)
    person = answer.session.principal
    assert isinstance(person, Person)
    assert person.evidence is not None
    about, kept = await scene.container.evidence.read(person.evidence)
    assert kept == identity.evidence
    assert about["transaction"] == identity.transaction
    assert about["shown"] == REQUEST.user_visible_text
    assert about["environment"] == "simulator"
    assert about["provider"] == identity.provider
    assert about["certificate"] == "ab" * 32
    assert about["decision"] == "admitted"
    assert about["begun_at"] < about["completed_at"]
    assert await scene.container.sessions.principal_of(answer.session.token) == person


async def test_a_refusal_is_proved_as_well(scene: Scene) -> None:
    """It names the rule."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona(risk="high"))
    assert isinstance(await order.poll(), Refused)
    (at,) = scene.bodies("evidence|")
    about, _ = await scene.container.evidence.read(at.partition.partition("|")[2])
    assert about["decision"] == "refused risk"


@pytest.mark.parametrize("risk", ["low", "high"])
async def test_what_was_decided_leaves_nothing_of_it_in_the_order(scene: Scene, risk: str) -> None:
    """Who identified is kept in the archive and nowhere else, also while the order's ten minutes last."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona(risk=risk))
    await order.poll()
    (body,) = scene.bodies("order|").values()
    assert body["state"] == ("used" if risk == "low" else "failed")
    assert (body["arrival"], body["proof"]) == (None, None)
    assert (body["secrets"] is None) is (risk == "low")


@pytest.mark.parametrize("characters", [0, 16 * 1024, 16 * 1024 + 1, 256 * 1024])
async def test_the_longest_answer_is_kept_whole(scene: Scene, characters: int) -> None:
    """BankID's may have 256 KiB; a sealed field takes 64."""
    answer = ("ü" + "x" * 1023) * (characters // 1024) + "y" * (characters % 1024)
    await scene.container.evidence.keep("e1", {"provider": "bankid"}, answer)
    assert await scene.container.evidence.read("e1") == ({"provider": "bankid"}, answer)


async def test_what_was_kept_first_stays(scene: Scene) -> None:
    """A repetition after a crash changes nothing."""
    await scene.container.evidence.keep("e1", {"decision": "admitted"}, "one")
    await scene.container.evidence.keep("e1", {"decision": "refused"}, "two")
    assert await scene.container.evidence.read("e1") == ({"decision": "admitted"}, "one")


@pytest.mark.parametrize("started_by", [StartedBy.QR, StartedBy.THIS_MOBILE])
async def test_it_is_kept_before_the_session_exists(scene: Scene, started_by: StartedBy) -> None:
    """And after the answer of the e-ID was stored."""
    order = await Order.start(scene, started_by)
    scene.container.electronic_id.approve(order.ref, persona())
    tap = Tap()
    instance = scene.instance(tap)
    await (order.poll(instance) if started_by is StartedBy.QR else order.come_back(instance))
    kinds = [call.at.partition("|")[0] for call in tap.calls if call.name in {"records.create", "records.replace"}]
    assert kinds.index("order") < kinds.index("evidence") < kinds.index("session")


async def test_nothing_personal_of_it_stands_in_clear(scene: Scene) -> None:
    """Neither while the order waits for its person nor in the archive."""
    number = "191212121212"
    order = await Order.start(scene, StartedBy.THIS_MOBILE)
    identity = persona(number)
    scene.container.electronic_id.approve(order.ref, identity)
    await order.poll()
    waiting = scene.raw_records()
    await order.come_back()
    for value in (number, identity.name, identity.transaction, json.dumps(identity.evidence)):
        assert value not in waiting + scene.raw_records()


async def test_it_goes_after_a_year_and_not_before(scene: Scene) -> None:
    """To the second, whether or not a sweep has run."""
    await scene.container.evidence.keep("e1", {}, "answer")
    scene.container.clock.now += EVIDENCE_LIFETIME
    with pytest.raises(NotFoundError):
        await scene.container.evidence.read("e1")
    scene.container.clock.move(seconds=-1)
    await scene.container.retaining.sweep()
    assert await scene.container.evidence.read("e1") == ({}, "answer")
    scene.container.clock.move(seconds=1)
    await scene.container.retaining.sweep()
    assert not scene.bodies("evidence|")
