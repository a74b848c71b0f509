"""A token finishes its own upload after the session has run out; it does nothing else, and ends with a sign-out."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.domain.principals import Role
from shared.services.administering import NewStaff
from tests.support.every_route import CALLS, TUS, Scene
from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.tus_wire import TYPE, a_draft, content_of, create
from tests.support.world import TOLVAN, Browser, World


class Upload:
    """An upload of six bytes, its token, and whoever has nothing but that."""

    def __init__(self, world: World, author: Browser, draft: str, location: str, token: str) -> None:
        self.world, self.author, self.draft, self.location, self.token = world, author, draft, location, token
        self.holder = Browser(world.http)

    @classmethod
    async def begin(cls, world: World, author: Browser, draft: str) -> "Upload":
        created = await create(author, draft, {"upload-length": "6"})
        return cls(world, author, draft, created.headers["location"], created.headers["upload-token"])

    async def offset(self, token: str | None = None) -> int:
        """The status of a HEAD by the token."""
        headers = {**TUS, "upload-token": self.token if token is None else token}
        return (await self.holder.call("HEAD", self.location, headers=headers)).status_code

    async def append(self, offset: int, content: bytes | AsyncIterator[bytes]) -> int:
        headers = {**TUS, **TYPE, "upload-offset": str(offset), "upload-token": self.token}
        return (await self.holder.call("PATCH", self.location, headers=headers, content=content)).status_code


@pytest.fixture
async def upload(world: World) -> Upload:
    """Begun by a member of staff."""
    return await Upload.begin(world, *await a_draft(world))


@pytest.mark.parametrize("hours", [0, 0.5, 7, 8, 9, 20, 23.99])
async def test_an_upload_is_finished_after_the_session_ran_out(upload: Upload, hours: float) -> None:
    """Idle for half an hour, over after eight, and swept: for a day the token goes on."""
    upload.world.container.clock.move(hours=hours)
    await upload.world.container.retaining.sweep()
    assert await upload.offset() == 200
    assert await upload.append(0, b"abc") == 204
    assert await upload.append(3, b"def") == 204
    assert await content_of(await upload.world.staff(), upload.draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def test_a_right_ends_after_a_day(upload: Upload) -> None:
    """At the instant itself; nothing of the session is kept much longer for it."""
    upload.world.container.clock.move(hours=24)
    assert await upload.offset() == 401
    assert await upload.append(0, b"abc") == 401
    upload.world.container.clock.move(hours=2)
    await upload.world.container.retaining.sweep()
    partitions = upload.world.container.record_store._partitions
    assert not [at for at, records in partitions.items() if at.startswith("session") and records]


async def test_a_person_has_such_a_right_too(world: World) -> None:
    """Only their session knows who they are, and it has run out."""
    staff = await world.staff()
    thread = await world.thread(staff)
    person = await world.person(TOLVAN)
    upload = await Upload.begin(world, person, await world.draft(person, thread))
    world.container.clock.move(hours=9)
    await world.container.retaining.sweep()
    assert await upload.append(0, b"abcdef") == 204
    assert await content_of(await world.person(TOLVAN), upload.draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def sign_out(upload: Upload) -> None:
    assert (await upload.author.call("DELETE", "/api/v1/session")).status_code == 204


async def sign_out_everywhere(upload: Upload) -> None:
    assert (await upload.author.call("DELETE", "/api/v1/sessions")).status_code == 204


async def sign_in_anew(upload: Upload) -> None:
    """In the same browser, as somebody else perhaps."""
    administering = upload.world.container.administering
    new = NewStaff(name="Bo", mail_address="bo@example.com", password=PASSWORD, role=Role.MEMBER, units=())
    await administering.add_staff(upload.world.organisation, new)
    credentials = {"mail_address": "bo@example.com", "password": PASSWORD}
    await upload.author.json("POST", "/api/v1/staff/sign-in", json=credentials)


@pytest.mark.parametrize("end", [sign_out, sign_out_everywhere, sign_in_anew])
async def test_a_right_ends_when_the_session_is_ended(upload: Upload, end: Callable[[Upload], Awaitable[None]]) -> None:
    """By its owner's word, whatever of the day is left."""
    await end(upload)
    assert await upload.offset() == 401
    assert await upload.append(0, b"abc") == 401


async def test_signing_out_everywhere_ends_rights_of_sessions_that_ran_out(world: World) -> None:
    """From a session that came later: whoever lost a device wants all of it to end."""
    staff = await world.staff()
    thread = await world.thread(staff)
    person = await world.person(TOLVAN)
    upload = await Upload.begin(world, person, await world.draft(person, thread))
    world.container.clock.move(hours=9)
    await world.container.retaining.sweep()
    later = await world.person(TOLVAN)
    assert await upload.offset() == 200
    await later.call("DELETE", "/api/v1/sessions")
    assert await upload.offset() == 401


async def test_a_token_opens_its_own_upload_alone(upload: Upload) -> None:
    """Neither a sibling in the same draft, nor one that is not there; a wrong token answers alike."""
    other = await Upload.begin(upload.world, upload.author, upload.draft)
    answers = [await upload.offset(token) for token in (other.token, "", "x", upload.token[:-1], "å".encode().hex())]
    assert answers == [401] * 5
    for location in ("/api/v1/uploads/" + "0" * 26, "/api/v1/uploads/x", "/api/v1/uploads/a%7Cb"):
        answer = await upload.holder.call("HEAD", location, headers={**TUS, "upload-token": upload.token})
        assert answer.status_code == 401


@pytest.mark.parametrize("route", [name for name in CALLS if name not in {"upload_offset", "append_upload"}])
async def test_a_token_opens_no_other_route(scene: Scene, route: str) -> None:
    """Not even the one that gives its upload up: whoever holds it may finish, and do nothing else."""
    upload = await Upload.begin(scene.world, scene.staff, scene.draft)
    call = scene.call(route)
    path = upload.location if route == "cancel_upload" else call.path
    headers = {**call.more.get("headers", {}), "upload-token": upload.token}
    nobody = Browser(scene.world.http)
    with_token = await nobody.call(call.method, path, **{**call.more, "headers": headers})
    without = await nobody.call(call.method, call.path, **call.more)
    assert with_token.status_code == without.status_code
    if route == "cancel_upload":
        problem_of(with_token, 401, "not-signed-in")


async def test_who_may_not_go_on_may_not_by_a_token(world: World) -> None:
    """Rights are asked for afresh with each request: a draft that was sent takes nothing more."""
    staff, draft = await a_draft(world)
    upload = await Upload.begin(world, staff, draft)
    assert (await staff.call("DELETE", upload.location, headers=TUS)).status_code == 204
    assert await upload.offset() == 401, "its record is gone, and with it the right"
    kept = await Upload.begin(world, staff, draft)
    assert await kept.append(0, b"abcdef") == 204
    await world.send(staff, draft)
    assert await kept.append(6, b"") == 409


async def test_a_foreign_page_cannot_use_a_token(upload: Upload) -> None:
    """The browser's word that another site asks is heard before any token."""
    headers = {**TUS, **TYPE, "upload-offset": "0", "upload-token": upload.token, "origin": "https://evil.example"}
    answer = await upload.holder.call("PATCH", upload.location, headers=headers, content=b"abc")
    problem_of(answer, 403, "cross-site-request")


async def test_a_token_is_stored_as_its_hash(upload: Upload) -> None:
    """Whoever reads the records can go on with no upload."""
    stored = repr(upload.world.container.record_store._partitions)
    assert upload.token not in stored
    assert hashlib.sha256(upload.token.encode()).hexdigest() in stored


async def slow(
    world: World, *, minutes: float, then: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[bytes]:
    """Six bytes, and so long between each."""
    for number, byte in enumerate(b"abcdef"):
        if number:
            world.container.clock.move(minutes=minutes)
        if number == 3 and then is not None:
            await then()
        yield bytes([byte])


async def test_a_session_does_not_go_idle_while_bytes_arrive(upload: Upload) -> None:
    """One request of 100 minutes; afterwards its sender is still signed in."""
    answer = await upload.world.append(upload.author, upload.location, 0, slow(upload.world, minutes=20))
    assert answer.status_code == 204
    assert (await upload.author.call("GET", "/api/v1/session")).status_code == 200


async def test_a_session_that_ran_out_in_mid_request_does_not_stop_it(upload: Upload) -> None:
    """The bytes count, and the session stays over: no request wakes it up."""
    answer = await upload.world.append(upload.author, upload.location, 0, slow(upload.world, minutes=31))
    assert answer.status_code == 204
    assert (await upload.author.call("GET", "/api/v1/session")).status_code == 401


async def test_a_sign_out_stops_what_is_under_way(world: World) -> None:
    """Within a minute; what that request brought does not count."""
    staff, draft = await a_draft(world)
    upload = await Upload.begin(world, staff, draft)
    elsewhere = Browser(world.http, staff.csrf, dict(staff.cookies))

    async def sign_out_there() -> None:
        await elsewhere.call("DELETE", "/api/v1/session")

    answer = await world.append(staff, upload.location, 0, slow(world, minutes=2, then=sign_out_there))
    problem_of(answer, 401, "not-signed-in")


async def test_beginning_many_uploads_writes_the_session_once(world: World) -> None:
    """What remembers who began them is renewed once an hour at the most."""
    staff, draft = await a_draft(world)
    etags = set()
    for _ in range(5):
        await Upload.begin(world, staff, draft)
        (record,) = [
            entry
            for name, entries in world.container.record_store._partitions.items()
            if name.startswith("session|")
            for entry in entries.values()
        ]
        etags.add(record[1])
    assert len(etags) == 1
