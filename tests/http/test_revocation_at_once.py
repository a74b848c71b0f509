"""What is fetched beside the session is not given to whom the session no longer is: on an instance that knows the token."""

from shared.crypto.tokens import token_hash
from shared.domain import places
from tests.support.every_route import Scene
from tests.support.problems import problem_of


async def test_a_session_that_ended_elsewhere_opens_nothing(scene: Scene) -> None:
    """Neither a file nor the fact that there is one; and nothing is written of it in the log."""
    call, records = scene.call("download_file"), scene.world.container.records
    assert (await call.by(scene.staff)).status_code == 200
    events = len(records._partitions)
    place = places.session(token_hash(scene.staff.cookies["__Host-session"]))
    before = await records.get(place.partition, place.id)
    await records.delete_if_match(before)
    problem_of(await call.by(scene.staff), 401, "not-signed-in")
    assert len(records._partitions) <= events


async def test_who_has_left_the_unit_is_refused_with_the_next_request(scene: Scene) -> None:
    """The staff member is read while the session is, and afresh each time."""
    call, records = scene.call("download_file"), scene.world.container.records
    assert (await call.by(scene.staff)).status_code == 200
    for name, entries in list(records._partitions.items()):
        for id in list(entries):  # noqa: A001
            if id.startswith("staff|"):
                record = await records.get(name, id)
                await records.replace_if_match(record, {**record.body, "units": []})
    problem_of(await call.by(scene.staff), 404, "not-found")
