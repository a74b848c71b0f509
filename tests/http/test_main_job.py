"""The main job over the wire: from a member of staff to a person and back, until nothing is left."""

import hashlib
import os

import pytest

from tests.support.world import TOLVAN, World


@pytest.mark.parametrize("size", [0, 1, 16_384, 8 * 1024 * 1024, 20 * 1024 * 1024 + 17])
async def test_a_file_arrives_as_it_was_sent(world: World, size: int) -> None:
    """What the person downloads is what staff uploaded, at sizes around chunks and parts."""
    content = os.urandom(size)
    staff = await world.staff()
    thread = await world.thread(staff)
    path = await world.draft(staff, thread, text="Här är beslutet.")
    file = await world.upload(staff, path, content, name="Beslut åäö.pdf")
    await world.send(staff, path)

    person = await world.person()
    inbox = await person.json("GET", "/api/v1/inbox")
    assert [thread] == [found["thread"] for found in inbox["threads"]]
    opened = await person.json("POST", f"{path}/open")
    assert opened["text"] == "Här är beslutet."
    assert opened["files"] == [
        {
            "file": file,
            "name": "Beslut åäö.pdf",
            "media_type": "application/pdf",
            "length": size,
            "sha256": hashlib.sha256(content).hexdigest(),
            "warnings": ["type-differs"] if size else [],  # Noise that is called a PDF.
            "scan": "off",
        }
    ]
    answer = await person.call("GET", f"{path}/files/{file}")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(size)
    assert hashlib.sha256(answer.content).hexdigest() == hashlib.sha256(content).hexdigest()


async def test_a_person_answers_and_the_unit_reads(world: World) -> None:
    """The thread goes both ways: the unit gets a notice and opens the answer; the receipt names its reader."""
    staff = await world.staff()
    thread = await world.thread(staff)
    path = await world.draft(staff, thread)
    await world.send(staff, path)
    person = await world.person(TOLVAN)
    reply = await world.draft(person, thread, text="Tack")
    assert (await staff.call("POST", f"{reply}/open")).status_code == 404
    await world.send(person, reply)
    assert (await staff.json("POST", f"{reply}/open"))["text"] == "Tack"
    receipts = (await person.json("GET", reply))["receipts"]
    assert [(r["kind"], r["name"]) for r in receipts] == [("staff", "Anna Exempel")]
    assert world.container.mailer.sent[-1].to == "unit@example.com"
