"""What a message costs in calls, step by step: measured here, and written down in ``docs/capacity.md``."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from shared.domain.ids import MessageId, ThreadId
from tests.support.scene import Instance
from tests.support.taps import Tap
from tests.support.world import World, world

SHEET = Path(__file__).resolve().parents[2] / "docs" / "capacity.md"

COLUMNS = {
    "reads": ("records.get",),
    "writes": ("records.create", "records.replace"),
    "deletes": ("records.delete",),
    "queries": ("records.query",),
    "blob writes": ("blobs.stage", "blobs.commit"),
    "blob reads": ("blobs.read",),
    "blob lists": ("blobs.list",),
    "blob deletes": ("blobs.delete",),
    "queue": ("queues.put",),
    "vault": ("keys.unwrap", "keys.wrap"),
    "mails": ("mailer.send",),
}

CONTENT = b"%PDF-1.7 " + bytes(1024 * 1024)
"""One part."""


class Counting:
    """The steps of a message's life, each with the calls that it made. Everything that is cached is warm."""

    def __init__(self, made: World) -> None:
        self.world = made
        self.rows: dict[str, tuple[int, ...]] = {}

    async def step(self, name: str, run: Callable[[Instance], Awaitable[None]]) -> None:
        calls: Counter[str] = Counter()
        tap = Tap()
        instance = Instance(self.world.container, tap)
        instance.__dict__["keyring"] = self.world.container.keyring
        instance.__dict__["custodies"] = self.world.container.custodies
        instance.__dict__["expiries"] = self.world.container.expiries
        instance.__dict__["digests"] = self.world.container.digests
        self.world.app.state.container = instance
        try:
            await run(instance)
        finally:
            self.world.app.state.container = self.world.container
        calls.update(call.name for call in tap.calls)
        known = {name for names in COLUMNS.values() for name in names}
        assert set(calls) <= known | {"electronic_id.start", "electronic_id.collect"}, set(calls) - known
        self.rows[name] = tuple(sum(calls[each] for each in names) for names in COLUMNS.values())


async def measured() -> dict[str, tuple[int, ...]]:
    """A message of a unit with one file of one part, to one person, from the draft to its end."""
    async with world() as made:
        staff, person = await made.staff(), await made.person()
        thread = await made.thread(staff)
        warm = await made.draft(staff, thread)
        await made.send(staff, warm)
        await person.json("POST", f"{warm}/open")
        counting = Counting(made)
        found: dict[str, str] = {}

        async def draft(_: Instance) -> None:
            found["path"] = await made.draft(staff, thread, retention_days=1)

        async def upload(_: Instance) -> None:
            found["file"] = await made.upload(staff, found["path"], CONTENT)

        async def send(_: Instance) -> None:
            await staff.json("POST", f"{found['path']}/send", 202)

        async def deliver(instance: Instance) -> None:
            (ids,) = made.container.queues.take("dispatch")
            await instance.sending.deliver(ThreadId(ids["thread"]), MessageId(ids["message"]))

        async def notify(instance: Instance) -> None:
            (ids,) = made.container.queues.take("notify")
            await instance.notifying.notify(ThreadId(ids["thread"]), MessageId(ids["message"]), ids["recipient"])

        async def opened(_: Instance) -> None:
            await person.json("POST", f"{found['path']}/open")

        async def fetched(_: Instance) -> None:
            assert (await person.call("GET", f"{found['path']}/files/{found['file']}")).content == CONTENT

        async def erased(instance: Instance) -> None:
            _, _, ids = found["path"].partition("/threads/")
            thread_id, _, message = ids.partition("/messages/")
            place = f"thread|{thread_id}", f"message|{message}"
            record = await made.container.records.get(*place)
            await instance.erasing.erase(record, cause="expired", by="system")

        for name, run in {
            "draft": draft,
            "upload, one part": upload,
            "send": send,
            "deliver": deliver,
            "notify": notify,
            "open": opened,
            "fetch": fetched,
            "erase": erased,
        }.items():
            await counting.step(name, run)
        return counting.rows


def written() -> dict[str, tuple[int, ...]]:
    """The table of the sheet."""
    rows = {}
    text = SHEET.read_text(encoding="utf-8").partition("| step |")[2].partition("\n\n")[0]
    for line in text.splitlines()[2:]:
        name, *numbers = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        rows[name] = tuple(int(number) for number in numbers)
    return rows


def is_close(found: int, told: int) -> bool:
    """Within two calls, or a tenth: a sheet is for planning."""
    return abs(found - told) <= max(2, told // 10)


async def test_the_sheet_holds_what_is_measured() -> None:
    """A change that makes a message dearer is seen here, and written down or undone."""
    rows = await measured()
    rows["sum"] = tuple(sum(column) for column in zip(*rows.values(), strict=True))
    told = written()
    assert told.keys() == rows.keys()
    off = {name for name, row in rows.items() if not all(map(is_close, row, told[name]))}
    assert off == set(), "\n".join(f"| {name} | {' | '.join(map(str, row))} |" for name, row in rows.items())
    assert told["sum"] == tuple(
        sum(column) for column in zip(*(told[name] for name in told if name != "sum"), strict=True)
    )


async def test_a_warm_message_asks_the_vault_for_nothing() -> None:
    """The vault is the second thing to saturate: its load follows organisations and instances, not messages."""
    rows = await measured()
    vault = list(COLUMNS).index("vault")
    assert {row[vault] for row in rows.values()} == {0}


def test_the_sheet_names_the_columns() -> None:
    """In the order in which they are counted."""
    (header,) = re.findall(r"^\| step \| (.*) \|$", SHEET.read_text(encoding="utf-8"), re.MULTILINE)
    assert header.split(" | ") == list(COLUMNS)
