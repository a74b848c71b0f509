"""All files of a message as one ZIP, on the wire."""

import io
import zipfile

import pytest

from tests.http.test_downloads import events_of, flip
from tests.support.disposition import names_of
from tests.support.every_route import CONTENT, Scene
from tests.support.problems import problem_of
from tests.support.wire import Wire
from tests.support.world import World


async def test_it_is_an_attachment_of_a_known_length(scene: Scene) -> None:
    """So that a browser shows how far it is, and sees it when the end is missing; it runs nowhere."""
    answer = await scene.call("download_files").by(await scene.world.person())
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-type"] == "application/zip"
    kind, plain, real = names_of(answer.headers["content-disposition"])
    assert (kind, plain) == ("attachment", real)
    assert real.startswith("filer ")
    assert real.endswith(".zip")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.namelist() == ["beslut.pdf"]
        assert found.read("beslut.pdf") == CONTENT
    assert await events_of(scene) == ["message:file:fetch"]


async def test_it_has_no_ranges(scene: Scene) -> None:
    """Its checksums come from reading it all: a broken one begins anew, or file by file."""
    answer = await scene.call("download_files").by(scene.staff, {"range": "bytes=5-", "if-none-match": "*"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "etag" not in answer.headers


async def test_a_message_without_files_has_none(scene: Scene) -> None:
    """Nor has a draft whose file is still on its way."""
    problem_of(await scene.staff.call("GET", f"{scene.draft}/files.zip"), 404, "not-found")


@pytest.mark.parametrize("damaged", [0, 1])
async def test_damage_is_a_problem_or_breaks_the_connection(world: World, damaged: int) -> None:
    """In the first file a problem before any byte; in the second the answer is cut, and no directory ends it."""
    staff = await world.staff()
    path = await world.draft(staff, await world.thread(staff))
    files = []
    for number in range(2):
        world.container.clock.move(seconds=1)
        files.append(await world.upload(staff, path, f"innehåll {number}".encode(), name=f"{number}.txt"))
    (blob,) = [name for name in world.container.blobs._content if files[damaged] in name]
    flip(world, blob, 60)
    if damaged == 0:
        problem_of(await staff.call("GET", f"{path}/files.zip"), 500, "content-damaged")
        return
    cookie = f"__Host-session={staff.cookies['__Host-session']}".encode()
    wire = Wire(path=f"{path}/files.zip", headers=[(b"cookie", cookie)]).put()
    with pytest.raises(RuntimeError):
        await world.app(wire.scope, wire.receive, wire.send)
    assert wire.status == 200
    assert "innehåll 0".encode() in wire.body
    assert "innehåll 1".encode() not in wire.body
    assert b"PK\x05\x06" not in wire.body
    assert not wire.is_ended
