"""Unique values go through the whole service as personal data: nothing that is kept, queued or told holds them."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.domain import places
from shared.domain.brokers import Failure, Identified
from shared.domain.content_checks import ContentPolicy, Finding
from shared.domain.entra_rules import EntraRules
from shared.domain.errors import PicError
from shared.domain.ids import FileId, MessageId, ThreadId, UnitId, UploadId
from shared.domain.principals import Person, Role, Staff
from shared.domain.staff_sign_in import Here
from shared.domain.user_messages import StartedBy
from shared.services.administering import NewStaff
from shared.services.broker_signing_in import Browser as ReturningBrowser
from shared.services.entra_signing_in import ReturningBrowser as EntraBrowser
from shared.services.person_signing_in import SignedIn
from shared.services.redirects import Answered
from shared.services.sessions import NewSession
from shared.services.sharing import Addressee
from tests.support.audit_catalogue import documented
from tests.support.canaries import hidden_in, spellings
from tests.support.client_run import use_clients
from tests.support.entra import BOTH, GROUP, OTHER_OBJECT, TENANT, account, mapped
from tests.support.factor_run import use_factors
from tests.support.orders import Order
from tests.support.organisation_run import run_organisation
from tests.support.password_run import use_passwords
from tests.support.scene import YEAR_DAYS, Instance, Scene, append, new_upload
from tests.support.taps import Tap

NUMBER = "198211632388"
VALUES = {
    "personal number": NUMBER,
    "ten digits": NUMBER[2:],
    "with a hyphen": f"{NUMBER[2:8]}-{NUMBER[8:]}",
    "name": "Kanariefågel",
    "surname": "Zebrafinksson",
    "subject": "Ärendet om gulärlan",
    "text": "Sädesärlan har flyttat söderut",
    "reply": "Rödhaken är kvar i trädgården",
    "content": "Innehållet talar om steglitser",
    "file name": "domherrar åäö 2026",
    "mail address": "stenskvätta@".replace("ä", "a") + "fagel.example",
    "staff name": "Gärdsmygsdotter",
    "staff address": "gardsmyg@fagel.example",
    "factor name": "Rörhönans telefon",
    "password": "bofink bofink bofink bofink",
    "client address": "203.0.113.247",
    "cookie": "kornknarr-med-egen-webblasare",
}


@dataclass
class Run:
    """What a full run told, besides what it stored."""

    scene: Scene
    tap: Tap
    instance: Instance
    faults: list[BaseException] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    async def fails(self, *attempts: Callable[[], Awaitable[object]]) -> None:
        """Each of these is refused; keep what the error says."""
        for attempt in attempts:
            with pytest.raises((PicError, ExceptionGroup)) as refused:
                await attempt()
            self.faults.append(refused.value)

    def errors(self) -> str:
        """All that an error, or one that it hides, would print."""
        return "".join("".join(traceback.format_exception(fault, chain=True)) for fault in self.faults)

    def written(self) -> str:
        """Everything that was ever written to records and queues, and how each record is called."""
        return "\n".join(f"{call.name} {call.at} {call.body}" for call in self.tap.calls)

    def kept(self) -> str:
        """Everything that is stored now, blobs byte by byte."""
        blobs = self.scene.container.blobs
        committed = "".join(name + content.decode("latin-1") for name, content in blobs._content.items())
        staged = "".join(
            block + content.decode("latin-1") for blocks in blobs._staged.values() for block, content in blocks.items()
        )
        return self.scene.raw_records() + committed + staged


async def staff_of(run: Run) -> Staff:
    """An officer who signs in by password."""
    new = NewStaff(
        name=f"Anna {VALUES['staff name']}",
        mail_address=VALUES["staff address"],
        password=VALUES["password"],
        role=Role.MEMBER,
        units=(run.scene.unit,),
    )
    await run.instance.administering.add_staff(run.scene.organisation, new)
    session = await run.instance.staff_signing_in.sign_in(VALUES["staff address"], VALUES["password"])
    assert isinstance(session, NewSession)
    await run.fails(
        lambda: run.instance.staff_signing_in.sign_in(VALUES["staff address"], VALUES["password"] + "!"),
        lambda: run.instance.staff_signing_in.sign_in(VALUES["mail address"], VALUES["password"]),
        lambda: run.instance.administering.add_staff(run.scene.organisation, new),
    )
    assert isinstance(session.principal, Staff)
    return session.principal


async def person_of(run: Run) -> Person:
    """A person who signs in with the e-ID, after one that failed, one that went elsewhere and one of high risk."""
    answers = []
    failed, elsewhere = await Order.start(run.scene), await Order.start(run.scene, StartedBy.THIS_MOBILE)
    run.scene.container.electronic_id.fail(failed.ref, "somethingNew")
    await failed.poll(run.instance)
    await run.fails(lambda: failed.come_back(run.instance, nonce=elsewhere.nonce))
    left = await Order.start(run.scene)
    await run.instance.person_signing_in.cancel(left.flow)
    for risk in ("high", "low"):
        order = await Order.start(run.scene)
        identity = persona(NUMBER, VALUES["name"], VALUES["surname"], risk=risk)
        run.scene.container.electronic_id.approve(order.ref, identity)
        answers.append(await order.poll(run.instance))
        await run.instance.person_signing_in.cancel(order.flow)
    assert isinstance(answers[1], SignedIn)
    session = answers[1].session
    assert await run.instance.sessions.principal_of(session.token) == session.principal
    assert isinstance(session.principal, Person)
    return session.principal


async def by_broker(run: Run) -> None:
    """The same person comes by a broker, after one time that came to nothing."""
    broker = run.scene.container.broker
    identity = persona(NUMBER, VALUES["name"], VALUES["surname"])
    broker.outcomes["code"] = Identified(identity=replace(identity, evidence=f"{NUMBER} {VALUES['name']}"))
    outcomes = []
    for code in ("none", "code"):
        started = await run.instance.broker_signing_in.start("memory", address="203.0.113.7")
        answered = Answered(provider="memory", state=broker.departures[-1].state, code=code, error="", issuer=None)
        browser = ReturningBrowser(flow=started.flow, address="203.0.113.7", device="Chrome", replacing=None)
        outcomes.append(await run.instance.broker_signing_in.finish(answered, browser))
    assert outcomes[0] is Failure.FAILED
    assert isinstance(outcomes[1], NewSession)


async def by_entra(run: Run, staff: Staff) -> None:
    """A colleague comes by a group of the organisation's tenant, and the officer gets an account in it as well."""
    entra, scene = run.scene.container.memory_entra, run.scene
    await run.instance.entra_tenants.give(scene.organisation, TENANT)
    rules = EntraRules(tenants=frozenset({TENANT}), lets_in=True, mappings=(mapped(GROUP),))
    await scene.decide(sign_in=BOTH, entra=rules)
    entra.outcomes["code"] = account(name=f"Bo {VALUES['staff name']}", groups=frozenset({GROUP}))
    started = await run.instance.entra_signing_in.start()
    answered = Answered(provider="entra", state=entra.departures[-1].state, code="code", error="", issuer=None)
    returning = EntraBrowser(flow=started.flow, here=Here())
    assert isinstance(await run.instance.entra_signing_in.finish(answered, returning), NewSession)
    accounts = run.instance.entra_accounts
    await accounts.bind(scene.organisation, accounts.key_of(scene.organisation, account(OTHER_OBJECT)), staff.staff)


async def thread_of(run: Run, staff: Staff) -> ThreadId:
    """A thread about and for the person, after others that are refused."""

    def create(number: str, address: str, subject: str, unit: UnitId | None = None) -> Callable[[], Awaitable[object]]:
        addressees = (Addressee(personal_number=number, mail_address=address),)
        wanted = unit or run.scene.unit
        return lambda: run.instance.sharing.create(staff, unit=wanted, subject=subject, addressees=addressees)

    address, subject = VALUES["mail address"], VALUES["subject"]
    await run.fails(
        create(NUMBER[:-1] + "9", address, subject),
        create(f"{NUMBER}\n", address, subject),
        create(NUMBER, f"{address}\r\n", subject),
        create(NUMBER, address, f"{subject}\0"),
        create(NUMBER, address, subject, UnitId("0" * 26)),
    )
    addressees = (Addressee(personal_number=NUMBER, mail_address=address),)
    return (
        await run.instance.sharing.create(staff, unit=run.scene.unit, subject=subject, addressees=addressees)
    ).thread


async def message_of(run: Run, author: Staff | Person, thread: ThreadId, text: str) -> tuple[MessageId, FileId]:
    """A sent message with a file that came in two requests, after some that are refused."""
    name, content = f"{VALUES['file name']}.pdf", f"{VALUES['content']} " * 3
    draft = await run.instance.sending.draft(author, thread, text=text, retention_days=YEAR_DAYS)
    data = content.encode()
    begun = await run.instance.uploading.begin(author, new_upload(thread, draft.message, len(data), name=name))
    await append(run.instance, author, begun.upload, 0, data[:50])
    await run.fails(
        lambda: run.instance.uploading.begin(author, new_upload(thread, draft.message, 1, name=f"../{name}")),
        lambda: run.instance.sending.draft(author, thread, text=f"{text}\0", retention_days=YEAR_DAYS),
        lambda: append(run.instance, author, begun.upload, 0, data),
        lambda: append(run.instance, author, UploadId("0" * 26), 0, data),
        lambda: run.instance.sending.send(author, thread, draft.message),
    )
    await append(run.instance, author, begun.upload, 50, data[50:])
    await run.instance.sending.send(author, thread, draft.message)
    await run.instance.sending.deliver(thread, draft.message)
    for ids in run.scene.container.queues.take("notify"):
        await run.instance.notifying.notify(thread, draft.message, ids["recipient"])
    return draft.message, begun.file


async def full_run(run: Run) -> None:
    """Everything that people do, once each way."""
    staff, scene = await staff_of(run), run.scene
    person = await person_of(run)
    await by_broker(run)
    await by_entra(run, staff)
    await limited(run)
    thread = await thread_of(run, staff)
    message, file = await message_of(run, staff, thread, VALUES["text"])
    reply, _ = await message_of(run, person, thread, VALUES["reply"])
    assert (await run.instance.retrieving.open(person, thread, message)).text == VALUES["text"]
    assert (await run.instance.retrieving.open(staff, thread, reply)).text == VALUES["reply"]
    assert VALUES["content"].encode() in await scene.content(person, thread, message, file)
    assert VALUES["file name"] in (await run.instance.retrieving.describe_file(person, thread, message, file)).name
    bundle = await run.instance.bundling.bundle(person, thread, message)
    assert VALUES["content"].encode() in b"".join([bytes(piece) async for piece in bundle.read()])
    await run.instance.sharing.list_of_person(person, continuation=None)
    await run.instance.sharing.list_of_unit(staff, scene.unit, continuation=None)
    await run.instance.retaining.delete_message(person, thread, message)
    begun = await run.instance.sending.draft(staff, thread, text=VALUES["text"], retention_days=YEAR_DAYS)
    left = await run.instance.uploading.begin(
        staff, new_upload(thread, begun.message, 9, name=f"{VALUES['file name']}.txt")
    )
    await append(run.instance, staff, left.upload, 0, b"unfinis")
    unwanted = await run.instance.uploading.begin(
        staff, new_upload(thread, begun.message, 9, name=f"{VALUES['file name']}.txt")
    )
    await run.instance.uploading.cancel(staff, unwanted.upload)
    await refused(run, staff, thread, begun.message)
    scene.container.mailer.refused = {VALUES["mail address"]}
    await message_of(run, staff, thread, VALUES["text"])
    await run.fails(lambda: damaged(run, thread, message, staff))
    about = (VALUES["staff address"], VALUES["password"], VALUES["factor name"])
    run.secrets = await use_factors(run.scene, run.instance, *about)


async def refused(run: Run, staff: Staff, thread: ThreadId, message: MessageId) -> None:
    """A file of a kind that the organisation does not take."""
    policy = ContentPolicy(refused=frozenset({Finding.EXECUTABLE}))
    await run.scene.decide(content=policy)
    content = VALUES["content"].encode()
    program = new_upload(thread, message, len(content), name=f"{VALUES['file name']}.exe")
    begun = await run.instance.uploading.begin(staff, program)
    await run.fails(lambda: append(run.instance, staff, begun.upload, 0, content))


async def limited(run: Run) -> None:
    """Somebody begins one sign-in after another, until that is too many."""

    async def start() -> None:
        await run.instance.limiting.allow_start(address=VALUES["client address"], browser=VALUES["cookie"])

    for _ in range(10):
        await start()
    await run.fails(start)


async def damaged(run: Run, thread: ThreadId, message: MessageId, staff: Staff) -> object:
    """A record whose sealed text was cut: what the error says of it."""
    record = await run.scene.container.records.get(f"thread|{thread}", f"message|{message}")
    text = record.body["text"]
    assert isinstance(text, str)
    await run.scene.container.record_store.replace_if_match(record, {**record.body, "text": text[:-8]})
    return await run.scene.instance().retrieving.open(staff, thread, message)


async def keys_change(run: Run) -> None:
    """Everything that an operator does to an organisation's keys, the last of it for ever."""
    instance, organisation = run.instance, run.scene.organisation
    await instance.rotating_keys.rotate_all(made_before=run.scene.container.clock())
    run.scene.container.clock.move(hours=2)
    await instance.retiring_keys.retire(organisation)
    run.scene.container.keys.add("https://kommunen.vault.azure.net/keys/pic")
    await instance.own_keys.use(organisation, "https://kommunen.vault.azure.net/keys/pic")
    place = places.organisation(organisation)
    name = (await run.scene.container.records.get(place.partition, place.id)).body["name"]
    await instance.off_boarding.destroy(organisation, name=str(name))


async def a_run() -> Run:
    """An application whose calls are all seen."""
    scene = await Scene.make()
    tap = Tap()
    return Run(scene=scene, tap=tap, instance=scene.instance(tap))


async def test_nothing_personal_is_stored_queued_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    """Not at the end and not in between, in no spelling; only the mail names the address it goes to."""
    caplog.set_level(logging.DEBUG)
    run = await a_run()
    await full_run(run)
    values = {**VALUES, **{f"secret {number}": secret for number, secret in enumerate(run.secrets)}}
    assert len(values) > len(VALUES) + 12
    assert hidden_in(run.kept(), values) == set()
    assert hidden_in(run.written(), values) == set()
    assert hidden_in(run.errors(), values) == set()
    assert hidden_in(caplog.text, values) == set()
    mails = run.scene.container.mailer.sent
    assert {mail.to for mail in mails} == {VALUES["mail address"], "unit@example.com", VALUES["staff address"]}
    assert hidden_in("".join(f"{mail.subject}{mail.text}{mail.message_id}{mail!r}" for mail in mails), values) == set()
    assert len(run.faults) > 15


async def test_nothing_is_left_of_it_after_its_end() -> None:
    """A year later: no blob, no sealed text, no pseudonym of the person but in the log of who did what."""
    run = await a_run()
    await full_run(run)
    subject = run.scene.person(NUMBER).subject
    run.scene.container.clock.move(days=YEAR_DAYS)
    await run.scene.container.retaining.sweep()
    left = {at: body for at, body in run.scene.bodies().items() if subject in f"{at.partition}{at.id}{body}"}
    assert {at.partition.partition("|")[0] for at in left} == {"audit"}
    assert run.scene.blob_names() == set()
    assert not run.scene.bodies(
        "thread|", "mailbox|", "outbox|", "upload|", "session|", "sessions|", "order|", "pending|"
    )


TELEPHONE = "070-123 45 67"


async def test_events_carry_what_the_catalogue_says() -> None:
    """Of a full run and its end, every kind of event there is, each with its ids and no others."""
    run = await a_run()
    await full_run(run)
    await use_passwords(run.scene)
    await use_clients(run.scene)
    await run_organisation(run.scene, name="Bo Exempel", mail_address="run.member@example.com")
    person = run.scene.person(NUMBER)
    here, there = [(await run.instance.sessions.raise_for_person(person)).token for _ in range(2)]
    shown = await run.instance.own_sessions.list(person, here=here)
    other = next(session.session for session in shown if not session.is_current)
    await run.instance.own_sessions.end(person, other, here=here)
    await run.instance.own_sessions.end_all(person, here=there)
    await run.instance.sessions.end(here, person)
    run.scene.container.clock.move(days=YEAR_DAYS)
    await run.scene.container.retaining.sweep()
    await run.instance.replaying.replay(run.scene.container.clock().date())
    await keys_change(run)
    await run.scene.container.administering.create_organisation(f"Ring {TELEPHONE}")
    carried: dict[str, set[str]] = {}
    for event in run.scene.events():
        ids = set(event) - {"event", "at", "by"}
        assert carried.setdefault(event["event"], ids) == ids
    assert carried == documented()


@pytest.mark.parametrize("value", VALUES.values())
def test_the_search_would_find_it(value: str) -> None:
    """In each spelling, inside other text: a canary that cannot sing proves nothing."""
    for spelling in spellings(value):
        assert hidden_in(f"x{spelling}y", {"it": value}) == {"it"}
    assert hidden_in(value[1:], {"it": value}) == set()
