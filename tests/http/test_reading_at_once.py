"""What a request looks at is fetched beside the session, and not given to whom the session no longer is."""

import asyncio

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.ports import Record, Records
from tests.support.every_route import Scene
from tests.support.problems import problem_of


async def test_a_session_that_ended_elsewhere_opens_nothing(scene: Scene) -> None:
    """Neither a file nor the fact that there is one; and nothing is written of it in the log."""
    call, records = scene.call("download_file"), scene.world.container.record_store
    assert (await call.by(scene.staff)).status_code == 200
    events = len(records._partitions)
    place = places.session(token_hash(scene.staff.cookies["__Host-session"]))
    before = await records.get(place.partition, place.id)
    await records.delete_if_match(before)
    problem_of(await call.by(scene.staff), 401, "not-signed-in")
    assert len(records._partitions) <= events


async def test_who_has_left_the_unit_is_refused_with_the_next_request(scene: Scene) -> None:
    """The staff member is read while the session is, and afresh each time."""
    call, records = scene.call("download_file"), scene.world.container.record_store
    assert (await call.by(scene.staff)).status_code == 200
    for name, entries in list(records._partitions.items()):
        for id in list(entries):  # noqa: A001
            if id.startswith("staff|"):
                record = await records.get(name, id)
                await records.replace_if_match(record, {**record.body, "units": []})
    problem_of(await call.by(scene.staff), 404, "not-found")


class Gate:
    """A store that answers nobody before so many have asked."""

    def __init__(self, inner: Records, count: int) -> None:
        self._inner = inner
        self._missing = count
        self._all_asked = asyncio.Event()

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        self._missing -= 1
        if self._missing <= 0:
            self._all_asked.set()
        async with asyncio.timeout(5):
            await self._all_asked.wait()
        return await self._inner.get(partition, id)


async def test_all_that_a_download_looks_at_is_asked_for_at_once(scene: Scene) -> None:
    """Session, staff member, what their organisation decided, thread, message, file: the time of one read, not of six."""
    call, ahead = scene.call("download_file"), scene.world.container.records_ahead
    assert (await call.by(scene.staff)).status_code == 200
    vars(ahead)["_inner"] = Gate(scene.world.container.records, 6)
    assert (await call.by(scene.staff)).status_code == 200
