"""Opening and fetching: who may, of what state, until when, and with what left behind before anything is released."""

from collections import Counter
from datetime import timedelta

import pytest

from shared.container import Container
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import DependencyError, IntegrityError, KeyUnavailableError, NotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.ports import Body, Record
from shared.domain.principals import Principal, Role
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene
from tests.support.short_pages import ShortPages
from tests.support.taps import Tap, TappedRecords, fault, meetings

STATES = ["draft", "sent", "delivered", "hidden", "recalled", "expired"]

MAY_READ = {
    # Written by the unit.
    ("unit", "staff"): {"draft", "sent", "delivered", "hidden"},
    ("unit", "colleague"): {"draft", "sent", "delivered", "hidden"},
    ("unit", "addressee"): {"delivered"},
    ("unit", "other addressee"): {"delivered", "hidden"},
    # Written by a person: nobody hides it, for the unit's staff has no copy of their own.
    ("person", "staff"): {"delivered", "hidden"},
    ("person", "colleague"): {"delivered", "hidden"},
    ("person", "addressee"): {"draft", "sent", "delivered", "hidden"},
}
"""Author and reader -> states in which it can be read. Who is not listed reads nothing, ever."""

READERS = [
    "staff",
    "colleague",
    "addressee",
    "other addressee",
    "stranger",
    "other unit",
    "other unit's admin",
    "no unit",
    "auditor of the unit",
    "foreign organisation",
]


PERSONS = {"addressee": TOLVAN, "other addressee": OTHER_PERSON, "stranger": "199908072391"}


async def reader(scene: Scene, who: str) -> Principal:
    """Somebody by their relation to the thread."""
    if who in PERSONS:
        return scene.person(PERSONS[who])
    if who == "foreign organisation":
        foreign = await scene.container.administering.create_organisation("Grannkommunen")
        unit = await scene.container.administering.create_unit(foreign, "Mottagningen", mail_address=None)
        return await scene.staff(organisation=foreign, units=(unit,), role=Role.ADMIN)
    elsewhere = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    units = {"no unit": (), "other unit": (elsewhere,), "other unit's admin": (elsewhere,)}.get(who, (scene.unit,))
    role = Role.AUDITOR if "auditor" in who else Role.ADMIN if "admin" in who else Role.MEMBER
    return await scene.staff(units=units, role=role)


async def in_state(scene: Scene, author: Principal, thread: ThreadId, state: str) -> tuple[MessageId, FileId]:
    """A message with a file, brought into that state."""
    message = await scene.draft(author, thread)
    file = await scene.upload(author, thread, message, b"abc")
    if state != "draft":
        await scene.container.sending.send(author, thread, message)
    if state not in {"draft", "sent"}:
        await scene.container.run_queues()
    if state == "recalled":
        await scene.container.retaining.delete_message(author, thread, message)
    if state == "hidden" and author != scene.person():
        await scene.container.retaining.delete_message(scene.person(), thread, message)
    if state == "expired":
        scene.container.clock.move(days=YEAR_DAYS)
    return message, file


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("author", ["unit", "person"])
async def test_who_may_read_what_and_when(author: str, who: str) -> None:
    """Every reader against every state, through every way to look at a message; all refusals are the same."""
    for state in STATES:
        scene = await Scene.make()
        writer = await scene.staff() if author == "unit" else scene.person()
        opener = await scene.staff()
        thread = await scene.thread(opener, TOLVAN, OTHER_PERSON)
        message, file = await in_state(scene, writer, thread, state)
        principal = await reader(scene, who)
        retrieving = scene.container.retrieving
        events = len(scene.events())
        if state in MAY_READ.get((author, who), set()):
            assert (await retrieving.open(principal, thread, message)).text == "Hej"
            assert (await retrieving.describe(principal, thread, message)).message == message
            assert [shown.message for shown in await retrieving.list(principal, thread)] == [message]
            assert await scene.content(principal, thread, message, file) == b"abc"
            continue
        for attempt in (
            retrieving.open(principal, thread, message),
            retrieving.describe(principal, thread, message),
            retrieving.fetch(principal, thread, message, file),
            retrieving.describe_file(principal, thread, message, file),
        ):
            with pytest.raises(NotFoundError) as refused:
                await attempt
            assert refused.value.args == ()
        try:
            assert await retrieving.list(principal, thread) == ()
        except NotFoundError:
            assert who not in {"staff", "colleague", "addressee", "other addressee"} or state == "expired"
        assert len(scene.events()) == events
        assert not [at for at in scene.bodies("thread|") if at.id.startswith("receipt|")]


@pytest.mark.parametrize("part", ["thread", "message", "file"])
@pytest.mark.parametrize("wrong", ["", "0" * 26, "../x", "a|b", "\0", "0" * 27, "\udc80"])
async def test_ids_that_name_nothing_lead_nowhere(scene: Scene, part: str, wrong: str) -> None:
    """Neither into another partition nor into an error that tells of the store."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    ids = {
        "thread": thread,
        "message": message,
        "file": await scene.upload(staff, thread, message, b"abc"),
        part: wrong,
    }
    with pytest.raises(NotFoundError):
        await scene.container.retrieving.fetch(
            staff, ThreadId(ids["thread"]), MessageId(ids["message"]), FileId(ids["file"])
        )


async def test_a_file_belongs_to_its_message(scene: Scene) -> None:
    """One's own message does not open the file of another, not even in the same thread."""
    staff, person = await scene.staff(), scene.person()
    thread, other = await scene.thread(staff), await scene.thread(staff, OTHER_PERSON)
    message = await scene.sent(staff, thread, b"abc")
    secret = await scene.draft(staff, thread)
    file = await scene.upload(staff, thread, secret, b"draft")
    foreign = await scene.sent(staff, other)
    foreign_file = await scene.upload(staff, other, await scene.draft(staff, other), b"x")
    for ids in (
        (thread, message, file),
        (thread, message, foreign_file),
        (other, foreign, file),
        (thread, foreign, file),
    ):
        with pytest.raises(NotFoundError):
            await scene.container.retrieving.fetch(person, *ids)


async def test_a_message_ends_at_its_instant(scene: Scene) -> None:
    """Readable one microsecond before, gone at it: the clock decides, whether or not anything was deleted."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    long = await scene.sent(staff, thread)
    message = await scene.draft(staff, thread, retention_days=1)
    await scene.send(staff, thread, message)
    opened = await scene.container.retrieving.open(person, thread, message)
    scene.container.clock.now = opened.expires_at - timedelta(microseconds=1)
    assert len(await scene.container.retrieving.list(person, thread)) == 2
    await scene.container.retrieving.open(person, thread, message)
    scene.container.clock.now = opened.expires_at
    assert [shown.message for shown in await scene.container.retrieving.list(person, thread)] == [long]
    with pytest.raises(NotFoundError):
        await scene.container.retrieving.open(person, thread, message)


async def test_the_first_opening_leaves_a_receipt(scene: Scene) -> None:
    """For each reader and each file once, with the name at sign-in; audited every time; shown to the author's side."""
    staff, colleague = await scene.staff(), await scene.staff()
    person, other = scene.person(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.sent(staff, thread, b"abc")
    first = scene.container.clock.now
    (file,) = (await scene.container.retrieving.open(person, thread, message)).files
    scene.container.clock.move(minutes=1)
    await scene.content(person, thread, message, file.file)
    for _ in range(3):
        scene.container.clock.move(minutes=1)
        await scene.container.retrieving.open(person, thread, message)
        await scene.content(person, thread, message, file.file)
    await scene.container.retrieving.open(other, thread, message)
    await scene.container.retrieving.open(colleague, thread, message)
    await scene.container.retrieving.describe_file(other, thread, message, file.file)
    await scene.container.retrieving.fetch(other, thread, message, file.file)

    shown = await scene.container.retrieving.describe(colleague, thread, message)
    receipts = sorted((receipt.at, receipt.file or "", receipt.kind, receipt.name) for receipt in shown.receipts)
    assert receipts == [
        (first, "", "person", person.name),
        (first + timedelta(minutes=1), file.file, "person", person.name),
        (first + timedelta(minutes=4), "", "person", other.name),
    ]
    assert (await scene.container.retrieving.describe(person, thread, message)).receipts == ()
    openings = Counter(event["by"] for event in scene.events("message:open"))
    assert openings == {person.subject: 4, other.subject: 1, colleague.staff: 1}
    assert len(scene.events("message:file:fetch")) == 5
    assert [event["by"] for event in scene.events("message:file:describe")] == [other.subject]


async def test_all_files_messages_and_receipts_are_shown(scene: Scene) -> None:
    """However few records the store gives in one page."""
    staff, person, other = await scene.staff(), scene.person(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    messages = [await scene.sent(staff, thread, b"one", b"two", b"three") for _ in range(3)]
    instance = scene.instance()
    instance.records = ShortPages(scene.container.records)
    for principal in (person, other):
        opened = await instance.retrieving.open(principal, thread, messages[0])
        assert len(opened.files) == 3
    assert {shown.message for shown in await instance.retrieving.list(person, thread)} == set(messages)
    assert len((await instance.retrieving.describe(staff, thread, messages[0])).receipts) == 2


async def test_nothing_is_released_without_a_log(scene: Scene) -> None:
    """The store fails at any call before the content: no text, no file; and the event stands before the key is used."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"abc")
    (file,) = (await scene.container.retrieving.open(staff, thread, message)).files

    async def read(container: Container) -> None:
        await container.retrieving.open(person, thread, message)
        found = await container.retrieving.fetch(person, thread, message, file.file)
        assert [bytes(piece) async for piece in found.read(ByteRange(start=0, end=3))] == [b"abc"]

    for tap in meetings(fault):
        try:
            await read(scene.instance(tap))
        except DependencyError:
            assert tap.was_reached
    tap = Tap()
    await read(scene.instance(tap))
    events = [at for at, call in enumerate(tap.calls) if call.name == "records.create" and call.at.startswith("audit|")]
    keys = [at for at, call in enumerate(tap.calls) if call.name == "keys.unwrap"]
    contents = [at for at, call in enumerate(tap.calls) if call.name == "blobs.read"]
    assert len(events) == 2
    assert events[0] < keys[0]
    assert events[1] < contents[0]


async def test_nothing_is_released_without_a_receipt(scene: Scene) -> None:
    """What cannot be kept of an opening stops it: before the text, and before the first byte of a file."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"abc", b"")
    files = (await scene.container.retrieving.open(staff, thread, message)).files

    class NoReceipts(TappedRecords):
        """A store that takes everything but receipts."""

        async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
            if id.startswith("receipt|"):
                raise DependencyError
            return await super().create(partition, id, body)

    instance = scene.instance()
    instance.records = NoReceipts(scene.container.records, Tap())
    with pytest.raises(DependencyError):
        await instance.retrieving.open(person, thread, message)
    for file in files:
        found = await instance.retrieving.fetch(person, thread, message, file.file)
        with pytest.raises(DependencyError):
            await anext(found.read(ByteRange(start=0, end=file.length)))
    await instance.retrieving.open(staff, thread, message)


async def test_the_audit_alone_can_stop_a_reader(scene: Scene) -> None:
    """It fails, everything else works: nothing is shown."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"abc")

    class NoAudit(TappedRecords):
        """A store that takes everything but events."""

        async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
            if partition.startswith("audit|"):
                raise DependencyError
            return await super().create(partition, id, body)

    instance = scene.instance()
    instance.records = NoAudit(scene.container.records, Tap())
    for reader_ in (staff, person):
        with pytest.raises(DependencyError):
            await instance.retrieving.open(reader_, thread, message)


async def test_a_revoked_key_opens_nothing(scene: Scene) -> None:
    """The organisation turned its key off: unavailable, and that is not "not found"."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"abc")
    scene.container.keys.delete(f"organisation-{scene.organisation}")
    with pytest.raises(KeyUnavailableError):
        await scene.instance().retrieving.open(person, thread, message)


@pytest.mark.parametrize("swap", ["text", "text_key", "manifest", "key"])
async def test_what_was_moved_between_records_is_refused(scene: Scene, swap: str) -> None:
    """Who can write the store cannot make one message show another's content."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    mine, other = await scene.sent(staff, thread, b"abc"), await scene.sent(staff, thread, b"xyz", text="Annat")
    prefix = "message|" if swap.startswith("text") else "file|"
    records = {at.id: at for at in scene.bodies("thread|") if at.id.startswith(prefix)}
    target = await scene.container.records.get(
        f"thread|{thread}",
        next(id for id in records if id.startswith(f"{prefix}{mine}")),  # noqa: A001
    )
    source = await scene.container.records.get(
        f"thread|{thread}",
        next(id for id in records if id.startswith(f"{prefix}{other}")),  # noqa: A001
    )
    await scene.container.record_store.replace_if_match(target, {**target.body, swap: source.body[swap]})
    with pytest.raises(IntegrityError):
        await scene.container.retrieving.open(person, thread, mine)
