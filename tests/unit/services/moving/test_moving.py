"""A whole deployment moves: what arrives, what is left behind, and what can be done with it there."""

from datetime import timedelta

import pytest

from shared.crypto.one_time_codes import code_of, step_of
from shared.domain.errors import KeyDestroyedError, NotSignedInError
from shared.domain.places import PLATFORM
from shared.domain.upload_rule import UploadState
from shared.services.custody import service_key_name
from tests.support.moves import Move
from tests.support.scene import OTHER_PERSON, Scene, append

ADDRESS = "https://own.vault.azure.net/keys/kommunen"
CONTENT = bytes(range(256)) * 40_000


@pytest.fixture
async def source() -> Scene:
    return await Scene.make()


async def test_everything_opens_at_the_target(source: Scene) -> None:
    """Texts, files of several parts and an empty one, the list of a person, receipts: as if nothing had happened."""
    staff = await source.staff(address="anna@example.com")
    thread = await source.thread(staff)
    message = await source.sent(staff, thread, CONTENT, b"", text="Beslutet finns bifogat.")
    person = source.person()
    await source.container.retrieving.open(person, thread, message)
    move = Move(source=source)
    await move.final()
    there = move.there()
    opened = await there.container.retrieving.open(person, thread, message)
    assert opened.text == "Beslutet finns bifogat."
    contents = [await there.content(person, thread, message, file.file) for file in opened.files]
    assert sorted(contents) == sorted([CONTENT, b""])
    assert (await there.container.retrieving.open(staff, thread, message)).text == opened.text
    assert there.blob_names() == source.blob_names()


async def test_every_record_is_the_same_but_for_the_wraps(source: Scene) -> None:
    """Byte for byte; a key lies under the target's vault and under nothing that the source knows."""
    staff = await source.staff()
    await source.sent(staff, await source.thread(staff, "191212121212", OTHER_PERSON), b"content")
    move = Move(source=source)
    report = await move.final()
    differing = move.bodies()
    assert set(differing) == {
        (f"organisation|{source.organisation}", "key|000001"),
        (f"organisation|{PLATFORM}", "key|000001"),
    }
    for ours, theirs in differing.values():
        assert ours is not None
        assert theirs is not None
        assert {name for name in ours if ours[name] != theirs[name]} == {"kek", "wrapped"}
    assert report.items == report.kinds["blob"].found + len(source.bodies())


async def test_sessions_orders_and_limits_stay_behind(source: Scene) -> None:
    """A cookie of the source opens nothing at the target; staff sign in there with the password they have."""
    await source.staff(address="anna@example.com")
    sign_in = source.container.staff_signing_in.sign_in
    raised = await sign_in("anna@example.com", "correct horse battery staple")
    assert source.bodies("session|", "sessions|")
    move = Move(source=source)
    await move.final()
    there = move.there()
    assert there.bodies("session|", "sessions|", "order|", "limit|", "return|", "redirect|") == {}
    with pytest.raises(NotSignedInError):
        await there.container.sessions.principal_of(raised.token)
    again = there.container.staff_signing_in.sign_in
    assert (await again("anna@example.com", "correct horse battery staple")).token


async def test_staff_are_asked_for_the_second_factor_they_have(source: Scene) -> None:
    """Its secret is sealed for its place, and the place is the same."""
    staff = await source.staff()
    begun = await source.container.enrolling_factors.begin_app(staff, "Telefonen")
    move = Move(source=source)
    await move.final()
    factors = await move.target.factor_records.of(source.organisation, staff.staff)
    assert factors.enrolling is not None
    code = code_of(begun.secret, step_of(move.target.clock()))
    prove = move.target.proving_factors.step_of_code
    assert await prove(source.organisation, staff.staff, factors.enrolling, code) == step_of(move.target.clock())


async def test_an_upload_under_way_begins_again_and_is_finished(source: Scene) -> None:
    """Staged bytes can be read by nobody. Who goes on is told offset 0, and the file is whole in the end."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.draft(staff, thread)
    upload = await source.begin(staff, thread, message, len(CONTENT))
    await append(source.container, staff, upload.upload, 0, CONTENT[:9_000_000])
    deferred = await source.begin(staff, thread, message, None)
    await append(source.container, staff, deferred.upload, 0, b"some")
    move = Move(source=source)
    report = await move.final()
    assert report.kinds["upload"].verified == 2
    there = move.there()
    found = await there.container.uploading.find(staff, upload.upload)
    assert (found.progress.offset, found.progress.state) == (0, UploadState.OPEN)
    learning = await there.container.uploading.find(staff, deferred.upload)
    assert (learning.progress.offset, learning.progress.state) == (0, UploadState.DEFERRED)
    await append(there.container, staff, upload.upload, 0, CONTENT)
    await there.container.uploading.cancel(staff, deferred.upload)
    await there.send(staff, thread, message)
    assert await there.content(staff, thread, message, upload.file) == CONTENT


async def test_an_upload_that_nobody_goes_on_with_is_swept(source: Scene) -> None:
    """Its booking has moved as well."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.draft(staff, thread)
    upload = await source.begin(staff, thread, message, 100)
    await append(source.container, staff, upload.upload, 0, b"some")
    move = Move(source=source)
    await move.final()
    move.target.clock.move(days=8)
    await move.target.retaining.sweep()
    assert move.there().bodies("upload|") == {}


async def test_all_ends_on_its_day_and_is_certified(source: Scene) -> None:
    """A year later nothing of the message is left at the target; what the source certified is still there."""
    staff = await source.staff()
    thread = await source.thread(staff)
    early = await source.draft(staff, thread, retention_days=1)
    await source.send(staff, thread, early)
    message = await source.sent(staff, thread, b"content")
    source.container.clock.move(days=2)
    await source.container.retaining.sweep()
    certificates = source.bodies("certificate|")
    assert len(certificates) == 1
    move = Move(source=source)
    await move.final()
    there = move.there()
    assert there.bodies("certificate|") == certificates
    move.target.clock.move(days=366)
    await move.target.retaining.sweep()
    assert there.bodies(f"thread|{thread}") == {}
    assert there.blob_names() == set()
    added = there.bodies("certificate|").keys() - certificates.keys()
    assert {place.id for place in added} == {message}


async def test_a_sent_message_that_was_not_delivered_is_delivered_there(source: Scene) -> None:
    """Queues do not move; what they would have done is found by the timer."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.draft(staff, thread)
    await source.container.sending.send(staff, thread, message)
    move = Move(source=source)
    await move.final()
    there = move.there()
    move.target.clock.move(hours=1)
    await move.target.sending.recover()
    await move.target.run_queues()
    assert (await there.container.retrieving.open(there.person(), thread, message)).text == "Hej"
    assert len(move.target.mailer.sent) == 1


async def test_an_organisation_keeps_its_own_key(source: Scene) -> None:
    """In its own vault, which both deployments name: the target wraps under it, and it can still be taken back."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.sent(staff, thread, b"content")
    source.container.keys.add(ADDRESS)
    await source.container.own_keys.use(source.organisation, ADDRESS)
    move = Move(source=source)
    move.target.keys._keys[ADDRESS] = source.container.keys._keys[ADDRESS]  # One vault, reached by both.
    await move.final()
    there = move.there()
    assert (await move.target.custodies.read(source.organisation)).key == ADDRESS
    assert (await there.container.retrieving.open(there.person(), thread, message)).text == "Hej"
    assert service_key_name(source.organisation).lower() not in move.target.keys._keys


async def test_an_own_key_that_the_target_cannot_use_is_told_and_holds_back_nothing_else(source: Scene) -> None:
    """The organisation decides who may use its key; ours does not take its place without a word."""
    source.container.keys.add(ADDRESS)
    await source.container.own_keys.use(source.organisation, ADDRESS)
    move = Move(source=source)
    copied, verified = await move.copy(), await move.verify()
    place = f"organisation|{source.organisation} key|000001"
    assert move.told == [f"key unavailable: {place}", f"missing: {place}"]
    assert (copied.faults, verified.faults) == (1, 1)
    assert verified.kinds["organisation/key"].verified == 1, "that of the platform"
    move.target.keys.add(ADDRESS)
    move.told.clear()
    await move.final()


async def test_an_own_key_that_came_between_two_passes_wraps_at_the_target_too(source: Scene) -> None:
    """Else the organisation could take its key back, and the target would open everything all the same."""
    move = Move(source=source)
    await move.copy()
    source.container.keys.add(ADDRESS)
    move.target.keys._keys[ADDRESS] = source.container.keys._keys[ADDRESS]
    await source.container.own_keys.use(source.organisation, ADDRESS)
    await move.final()
    bodies = move.there().bodies(f"organisation|{source.organisation}")
    (kek,) = (str(body["kek"]) for at, body in bodies.items() if at.id.startswith("key|"))
    assert kek.startswith(f"{ADDRESS}/")


async def test_another_own_key_may_take_its_place(source: Scene) -> None:
    """In the vault of another supplier; named by the operator, for that key alone."""
    other = "https://other.vault.azure.net/keys/kommunen"
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.sent(staff, thread)
    source.container.keys.add(ADDRESS)
    await source.container.own_keys.use(source.organisation, ADDRESS)
    move = Move(source=source, own_keys={ADDRESS: other})
    move.target.keys.add(other)
    await move.final()
    there = move.there()
    assert (await move.target.custodies.read(source.organisation)).key == other
    assert (await there.container.retrieving.open(there.person(), thread, message)).text == "Hej"


async def test_what_is_destroyed_arrives_destroyed(source: Scene) -> None:
    """No key is made for it in the target's vault, and nothing of it opens."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.sent(staff, thread)
    await source.container.off_boarding.destroy(source.organisation, name="Exempelkommunen")
    move = Move(source=source)
    await move.final()
    there = move.there()
    assert there.bodies("organisation|") == {**source.bodies("organisation|"), **there.bodies("organisation|platform")}
    assert service_key_name(source.organisation) not in move.target.keys._keys
    with pytest.raises(KeyDestroyedError):
        await there.container.retrieving.open(there.person(), thread, message)


async def test_what_is_destroyed_between_two_passes_is_destroyed_at_the_target(source: Scene) -> None:
    """The wraps and the vault's key: whoever kept a copy of the target's records opens nothing with it."""
    move = Move(source=source)
    await move.copy()
    assert service_key_name(source.organisation) in move.target.keys._keys
    await source.container.off_boarding.destroy(source.organisation, name="Exempelkommunen")
    await move.final()
    assert service_key_name(source.organisation) not in move.target.keys._keys
    place = f"organisation|{source.organisation}"
    (key,) = (body for at, body in move.there().bodies(place).items() if at.id.startswith("key|"))
    assert key.keys() == {"destroyed_at"}


async def test_what_is_half_destroyed_arrives_destroyed(source: Scene) -> None:
    """The mark was written and the process died: the move does not carry the wraps on."""
    now = source.container.clock()
    await source.container.custodies.change(
        source.organisation, lambda found: type(found)(key=found.key, destroyed_at=now)
    )
    move = Move(source=source)
    await move.final()
    place = f"organisation|{source.organisation}"
    (key,) = (body for at, body in move.there().bodies(place).items() if at.id.startswith("key|"))
    assert key.keys() == {"destroyed_at"}


async def test_a_rotated_organisation_moves_with_all_its_versions(source: Scene) -> None:
    """What the old version wrapped opens; each version lies under the target's key."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.sent(staff, thread, b"old")
    source.container.clock.move(days=300)
    await source.container.rotating_keys.rotate_all(made_before=source.container.clock())
    newer = await source.sent(staff, thread, b"new")
    move = Move(source=source)
    await move.final()
    there = move.there()
    for each in (message, newer):
        assert (await there.container.retrieving.open(there.person(), thread, each)).text == "Hej"
    keks = {str(body["kek"]) for at, body in there.bodies("organisation|").items() if at.id.startswith("key|")}
    assert len(keks) == 2, "one of the organisation, one of the platform"
    await move.target.rotating_keys.rotate_all(made_before=move.target.clock() + timedelta(seconds=1))
    for each in (message, newer):
        assert (await there.container.retrieving.open(there.person(), thread, each)).text == "Hej"


async def test_a_kind_that_nobody_has_named_moves_as_it_is(source: Scene) -> None:
    """What a later version adds is never lost without a word."""
    await source.container.record_store.create("something-new|1", "anything", {"n": 1.0, "text": "å"})
    move = Move(source=source)
    report = await move.final()
    assert report.kinds["something-new"].verified == 1
    assert (await move.target.record_store.get("something-new|1", "anything")).body == {"n": 1.0, "text": "å"}


async def test_a_target_goes_on_as_a_source(source: Scene) -> None:
    """From the second deployment to a third: what the second knows of the first move stays with it."""
    staff = await source.staff()
    thread = await source.thread(staff)
    message = await source.sent(staff, thread, b"content")
    first = Move(source=source)
    await first.final()
    second = Move(source=first.there())
    await second.final()
    there = second.there()
    assert (await there.container.retrieving.open(there.person(), thread, message)).text == "Hej"
    assert (await there.container.records.get("move", "move")).etag
    assert there.bodies("move").keys() == first.there().bodies("move").keys()
