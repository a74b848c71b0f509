"""What every service writes through: nothing that breaks its declaration reaches the store."""

import pytest

from shared.domain import places
from shared.domain.errors import RecordNotFoundError
from shared.domain.record_judgement import UndeclaredError
from shared.services.listing import every_record
from tests.support.scene import TOLVAN, Scene


async def test_a_text_in_clear_is_refused_and_nothing_is_written(scene: Scene) -> None:
    """By ``create`` and by ``replace_if_match`` alike."""
    container, staff = scene.container, await scene.staff()
    thread = await scene.thread(staff, TOLVAN)
    place = places.message(thread, await scene.sent(staff, thread))
    record = await container.records.get(place.partition, place.id)
    with pytest.raises(UndeclaredError, match=r"Message: text not sealed"):
        await container.records.replace_if_match(record, {**record.body, "text": "Hej"})
    assert (await container.record_store.get(place.partition, place.id)).etag == record.etag
    with pytest.raises(UndeclaredError):
        await container.records.create(place.partition, "message|x", {"text": "Hej"})
    with pytest.raises(RecordNotFoundError):
        await container.record_store.get(place.partition, "message|x")


async def test_a_personal_number_in_a_name_is_reported_and_not_repeated(scene: Scene) -> None:
    """To the organisation's log: which kind of record and field, which kind of data, and nothing of it."""
    container = scene.container
    await container.administering.create_unit(
        scene.organisation, f"Ärende {TOLVAN[:8]}-{TOLVAN[8:]}", mail_address="enheten@exempel.se"
    )
    month = places.audit(scene.organisation, container.clock(), "x").partition
    events = [record.body for record in await every_record(container.records, month)]
    noticed = [event for event in events if event["event"] == "record:text:notice"]
    assert [(event["record"], event["field"], event["kinds"]) for event in noticed] == [
        ("Unit", "name", "personal-number")
    ]
    assert TOLVAN[8:] not in str(noticed)


async def test_what_is_noticed_of_nobodys_record_stands_in_the_platforms_log(scene: Scene) -> None:
    """An organisation's own name is stored before anyone of it could read a log."""
    container = scene.container
    made = await container.administering.create_organisation("ring 070-123 45 67")
    month = places.audit(made, container.clock(), "x").partition
    events = [record.body for record in await every_record(container.records, month)]
    assert [event["kinds"] for event in events if event["event"] == "record:text:notice"] == ["telephone"]
