"""Moves that meet trouble: killed anywhere, a source that goes on, two runs at once, damage, targets that are not ours."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from shared.domain.errors import DependencyError, InvalidInputError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.moves import kind_of
from shared.domain.ports import Body
from shared.domain.principals import Staff
from shared.operations.move import checks_of
from shared.services.custody import service_key_name
from shared.services.moving import marker
from tests.support.memory_container import MemoryContainer
from tests.support.moves import Move
from tests.support.scene import Scene, append
from tests.support.taps import TROUBLES, Attempt, Crashed, Tap, fault

CONTENT = bytes(range(256)) * 40


async def filled() -> Scene:
    """A source with something of everything that is treated apart."""
    source = await Scene.make()
    staff = await source.staff()
    thread = await source.thread(staff)
    await source.sent(staff, thread, CONTENT, b"")
    draft = await source.draft(staff, thread)
    upload = await source.begin(staff, thread, draft, 100)
    await append(source.container, staff, upload.upload, 0, b"some")
    return source


async def run_to_the_end(move: Move, source_tap: Tap, target_tap: Tap) -> None:
    """One run of the command on both instances: begin, copy, verify, complete."""
    moving = move.moving(source_tap, target_tap)
    await moving.begin(checks_of(move.target.settings))
    report = await moving.copy(move.told.append)
    if not report.faults:
        await moving.complete(await moving.verify(move.told.append, is_removing=True))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("at_target", [True, False])
async def test_a_run_that_is_killed_at_any_call_is_finished_by_the_next(trouble: str, *, at_target: bool) -> None:
    """At the source or at the target, before the call or after it: nothing is doubled, nothing lost."""
    source = await filled()
    for tap in TROUBLES[trouble]():
        move = Move(source=source)
        taps = (Tap(), tap) if at_target else (tap, Tap())
        try:
            await run_to_the_end(move, *taps)
        except* (Crashed, DependencyError):
            pass
        with suppress(InvalidInputError):  # It may have come to its end all the same.
            await move.final()
        (noted,) = move.there().bodies("move").values()
        assert noted["completed_at"] is not None
        differing = {at for at in move.bodies() if at[0] != "organisation|platform"}
        assert {kind_of(*at) for at in differing} == {"organisation/key", "upload"}
        assert move.there().blob_names() == set(source.container.blobs._content)


async def test_a_source_that_goes_on_working_is_caught_up_with() -> None:
    """Between two passes messages are sent, opened and erased, and files come and go: the last pass brings all of it."""
    source = await filled()
    staff = await source.staff()
    thread = await source.thread(staff)
    gone = await source.sent(staff, thread, b"soon gone")
    move = Move(source=source)
    await move.copy()
    before = source.blob_names()
    await erased(source, staff, thread, gone)
    kept = await source.sent(staff, thread, b"new", text="Nytt")
    assert source.blob_names() != before
    report = await move.final()
    assert move.there().blob_names() & source.blob_names() == set(source.container.blobs._content)
    there = move.there()
    assert (await there.container.retrieving.open(there.person(), thread, kept)).text == "Nytt"
    assert report.faults == 0


async def erased(scene: Scene, staff: Staff, thread: ThreadId, message: MessageId) -> None:
    """Deleted, and gone."""
    await scene.container.retaining.delete_message(staff, thread, message)
    await scene.container.run_queues()


async def test_a_message_may_be_erased_at_any_moment_of_a_pass() -> None:
    """Its records and its blob go while they are on their way: the pass comes to its end, and the last leaves nothing of it."""
    reached, at = True, 0
    while reached:
        at += 1
        source = await Scene.make()
        staff = await source.staff()
        thread = await source.thread(staff)
        message = await source.sent(staff, thread, CONTENT)
        tap = Tap(at=at, act=partial(erased, source, staff, thread, message))
        move = Move(source=source)
        moving = move.moving(tap)
        await moving.begin(checks_of(move.target.settings))
        assert (await moving.copy(move.told.append)).faults == 0
        reached = tap.was_reached
        if reached:
            await move.final()
            assert move.there().blob_names() == set()
            assert not any(message in place.id for place in move.there().bodies("thread|"))
            assert len(move.there().bodies("certificate|")) == 1


async def test_what_the_source_writes_while_it_is_verified_is_told() -> None:
    """The move does not end: somebody has forgotten to stop it."""
    source = await filled()
    move = Move(source=source)
    await move.copy()
    staff = await source.staff()
    report = await move.verify()
    assert report.faults == len(move.told) > 0
    assert all(line.startswith("missing: ") for line in move.told)
    assert f"organisation|{source.organisation} staff|{staff.staff}" in " ".join(move.told)
    move.told.clear()
    assert (await move.copy()).changes == report.faults
    assert (await move.copy()).changes == 0
    assert (await move.verify()).faults == 0


async def test_two_runs_at_once_do_no_harm() -> None:
    """Two operators, or one who was impatient."""
    source = await filled()
    move = Move(source=source)
    await asyncio.gather(move.copy(), move.copy(), move.copy())
    await move.final()
    assert len(move.there().bodies("move")) == 1


def _flip(move: Move, blob: str) -> None:
    content = move.target.blobs._content
    content[blob] = content[blob][:-1] + bytes([content[blob][-1] ^ 1])


async def test_a_blob_with_other_bytes_is_told_and_moved_anew() -> None:
    """One flipped bit in the last byte of the sealed file. The run says so, and the next one mends it."""
    move = Move(source=await filled())
    await move.copy()
    (blob,) = (name for name, content in move.target.blobs._content.items() if content)
    _flip(move, blob)
    assert (await move.copy()).changes == 0
    report = await move.verify()
    assert move.told == [f"other bytes: {blob}"]
    assert report.kinds["blob"].faults == 1
    assert blob in move.there().blob_names(), "looking changes nothing"
    await move.verify(is_removing=True)
    move.told.clear()
    assert (await move.copy()).kinds["blob"].written == 1
    await move.final()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda blobs, blob: blobs.delete(blob), "missing"),
        (lambda blobs, blob: blobs.commit(blob, []), "other blocks"),
    ],
)
async def test_a_blob_that_is_missing_or_cut_is_told_and_moved_anew(damage: Callable[..., object], told: str) -> None:
    """A missing one is told of its file's record, too."""
    move = Move(source=await filled())
    await move.copy()
    (blob,) = (name for name, content in move.target.blobs._content.items() if content)
    await damage(move.target.blobs, blob)  # type: ignore[misc]
    await move.verify()
    assert f"{told}: {blob}" in move.told
    assert any(line.startswith("without content: thread|") for line in move.told) == (told == "missing")
    move.told.clear()
    await move.final()


async def test_a_record_that_differs_is_told_and_put_right() -> None:
    """Whatever of it: a number that became a float, a text, a field more or less."""
    source = await filled()
    await source.container.record_store.create("something|1", "a", {"n": 1, "flag": True, "text": "x"})
    move = Move(source=source)
    await move.copy()
    bodies: list[Body] = [
        {"n": 1.0, "flag": True, "text": "x"},
        {"n": 1, "flag": 1, "text": "x"},
        {"n": 1, "flag": True, "text": "y"},
        {"n": 1, "flag": True},
        {"n": 1, "flag": True, "text": "x", "more": None},
    ]
    for body in bodies:
        found = await move.target.record_store.get("something|1", "a")
        await move.target.record_store.replace_if_match(found, body)
        move.told.clear()
        await move.verify()
        assert move.told == ["differs: something|1 a"]
        assert (await move.copy()).kinds["something"].written == 1


async def test_a_record_that_only_the_target_has_is_told_and_removed() -> None:
    """Nothing is doubled: what the source erased meanwhile must not live on."""
    move = Move(source=await filled())
    await move.copy()
    await move.target.record_store.create("thread|x", "message|x", {})
    await move.target.blobs.stage("x/x", "0000", b"stray")
    await move.target.blobs.commit("x/x", ["0000"])
    await move.verify()
    assert sorted(move.told) == ["not at the source: thread|x message|x", "not at the source: x/x"]
    move.told.clear()
    assert (await move.copy()).changes == 2
    await move.final()


async def test_a_key_of_another_organisation_in_its_place_is_told() -> None:
    """RSA-OAEP binds no context, so a wrap that was laid elsewhere still opens; the confirmation finds it."""
    source = await filled()
    other = await source.container.administering.create_organisation("Annan")
    move = Move(source=source)
    await move.copy()
    ours = await move.target.record_store.get(f"organisation|{source.organisation}", "key|000001")
    theirs = await move.target.record_store.get(f"organisation|{other}", "key|000001")
    forged = {**ours.body, "wrapped": theirs.body["wrapped"], "kek": theirs.body["kek"]}
    await move.target.record_store.replace_if_match(ours, forged)
    await move.verify()
    assert move.told == [f"differs: organisation|{source.organisation} key|000001"]
    move.told.clear()
    await move.final()


async def test_a_wrap_that_the_targets_vault_does_not_open_is_told() -> None:
    """Looked at by the vault, and not only by the eye: the record has the right form."""
    move = Move(source=await filled())
    await move.copy()
    place = f"organisation|{move.source.organisation}"
    found = await move.target.record_store.get(place, "key|000001")
    await move.target.record_store.replace_if_match(found, {**found.body, "wrapped": "00" * 256})
    await move.verify()
    assert move.told == [f"differs: {place} key|000001"]
    move.told.clear()
    await move.final()


@pytest.mark.parametrize("change", [{"created_at": "2020-01-01T00:00:00.000000Z"}, {"more": 1}])
async def test_a_key_with_another_history_is_told(change: Body) -> None:
    """What stands beside the wrap moves as everything does: rotations go by it."""
    move = Move(source=await filled())
    await move.copy()
    place = f"organisation|{move.source.organisation}"
    found = await move.target.records.get(place, "key|000001")
    await move.target.record_store.replace_if_match(found, {**found.body, **change})
    await move.verify()
    assert move.told == [f"differs: {place} key|000001"]
    move.told.clear()
    await move.final()


async def test_a_key_that_the_source_cannot_open_is_told_and_the_rest_moves() -> None:
    """A vault that refuses one key holds back that organisation's key and nothing else."""
    source = await filled()
    other = await source.container.administering.create_organisation("Annan")
    source.container.keys.delete(service_key_name(other))
    move = Move(source=source)
    copied = await move.copy()
    assert move.told == [f"key unavailable: organisation|{other} key|000001"]
    assert copied.faults == 1
    source.container.keys.recover(service_key_name(other))
    move.told.clear()
    await move.final()


async def test_a_record_that_cannot_be_read_is_told_and_the_others_move() -> None:
    """The source is damaged already. It is said, and is no reason to leave the rest behind."""
    source = await filled()
    await source.container.record_store.create("something|1", "a", {})
    source.container.record_store._partitions["something|1"]["a"] = (b"not JSON", "1")
    move = Move(source=source)
    assert (await move.copy()).faults == 1
    assert move.told == ["unreadable: something|1"]
    assert (await move.verify()).kinds["thread/message"].verified == 2


async def test_a_blob_that_is_shorter_than_its_blocks_is_told_and_not_moved() -> None:
    """The source gives fewer bytes than it says it has: nothing of it is taken for whole."""
    move = Move(source=await filled())
    content = move.source.container.blobs._content
    (blob,) = (name for name, data in content.items() if data)
    content[blob] = content[blob][:-1]
    assert (await move.copy()).kinds["blob"].faults == 1
    assert move.told == [f"unreadable: {blob}"]
    assert blob not in move.target.blobs._content
    move.told.clear()
    await move.verify()
    assert f"missing: {blob}" in move.told


async def test_a_store_that_does_not_answer_ends_the_run() -> None:
    """It is not told item by item: the run is over, and the next one goes on."""
    move = Move(source=await filled())
    tap = Tap(at=30, act=fault)
    with pytest.raises(BaseExceptionGroup) as ended:
        await run_to_the_end(move, Tap(), tap)
    assert ended.value.split(DependencyError)[1] is None
    await move.final()


async def test_a_target_that_holds_anything_is_refused_and_left_as_it_is() -> None:
    """A record or a blob, even one that is merely staged: a pass would remove it."""
    for put in ("record", "blob", "staged"):
        move = Move(source=await filled())
        if put == "record":
            await move.target.record_store.create("thread|x", "thread", {})
        else:
            await move.target.blobs.stage("x", "0000", b"x")
        if put == "blob":
            await move.target.blobs.commit("x", ["0000"])
        with pytest.raises(InvalidInputError) as refusal:
            await move.copy()
        assert refusal.value.rule == marker.NOT_EMPTY
        assert move.there().bodies("move") == {}


async def test_the_target_of_another_move_is_refused() -> None:
    """Two deployments must not be mixed."""
    first = Move(source=await filled())
    await first.copy()
    second = Move(source=await filled(), target=first.target, name="elsewhere")
    with pytest.raises(InvalidInputError) as refusal:
        await second.copy()
    assert refusal.value.rule == marker.OTHER_MOVE


async def test_a_complete_move_is_not_run_again() -> None:
    """The target lives: what it has written since would be removed."""
    move = Move(source=await filled())
    await move.final()
    staff = await move.there().staff()
    with pytest.raises(InvalidInputError) as refusal:
        await move.copy()
    assert refusal.value.rule == marker.COMPLETE
    kept = await move.target.record_store.get(f"organisation|{move.source.organisation}", f"staff|{staff.staff}")
    assert kept.body["role"] == "member"


async def test_a_source_that_is_half_filled_is_refused() -> None:
    """It is the target of a move that has not ended."""
    first = Move(source=await filled())
    await first.copy()
    second = Move(source=first.there())
    with pytest.raises(InvalidInputError) as refusal:
        await second.copy()
    assert refusal.value.rule == marker.HALF_FILLED
    assert second.there().bodies() == {}


async def test_a_store_under_another_name_is_not_moved_into_itself() -> None:
    """Addresses can be spelt in ways that nobody foresees; what is there already is seen all the same."""
    source = await filled()
    before = source.bodies()
    move = Move(source=source, target=source.container)
    with pytest.raises(InvalidInputError) as refusal:
        await move.copy()
    assert refusal.value.rule == marker.NOT_EMPTY
    assert source.bodies() == before


async def test_a_source_that_holds_nothing_is_refused() -> None:
    """Settings of another table, or a store that lost all: a pass would empty the target, which may be the last copy."""
    move = Move(source=await filled())
    await move.copy()
    before = move.there().bodies()
    for each in list(move.source.bodies()):
        del move.source.container.record_store._partitions[each.partition][each.id]
    with pytest.raises(InvalidInputError) as refusal:
        await move.copy()
    assert refusal.value.rule == marker.NO_SOURCE
    assert move.there().bodies() == before


_OTHER = "b3RoZXItcGVwcGVyLW90aGVyLXBlcHBlci1vdGhlci1wZXBwZXI="


@pytest.mark.parametrize(
    "environment",
    [
        {"PIC_SUBJECT_PEPPERS": f"1:{_OTHER}"},
        {"PIC_ADDRESS_PEPPER": _OTHER},
        {"PIC_PASSWORD_PEPPERS": f"1:{_OTHER}"},
        {"PIC_PASSWORD_PEPPERS": "2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        {"PIC_SUBJECT_PEPPERS": "2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
        {"PIC_SUBJECT_PEPPERS": f"1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,2:{_OTHER}"},
    ],
)
async def test_other_peppers_are_refused_before_anything_is_written(environment: dict[str, str]) -> None:
    """Another secret, another version, one more: persons would be strangers to their own messages."""
    move = Move(source=await filled(), target=MemoryContainer(**environment))
    with pytest.raises(InvalidInputError) as refusal:
        await move.copy()
    assert refusal.value.rule == marker.PEPPERS
    assert move.there().bodies() == {}
    assert move.there().blob_names() == set()


async def test_peppers_that_were_changed_since_the_move_began_are_refused() -> None:
    """On both sides alike: the records there are from before, and what comes now would lie beside them."""
    move = Move(source=await filled())
    await move.copy()
    noted = await move.target.records.get("move", "move")
    checks = noted.body["checks"]
    assert isinstance(checks, dict)
    await move.target.record_store.replace_if_match(noted, {**noted.body, "checks": {**checks, "subject-1": "00" * 32}})
    for words in ((), ("--check",), ("--final",)):
        assert await move.command(*words) == 2
    with pytest.raises(InvalidInputError) as refusal:
        await move.copy()
    assert refusal.value.rule == marker.PEPPERS


async def test_the_marker_holds_no_secret() -> None:
    """What it says of peppers is no pseudonym of anybody, and no pepper."""
    move = Move(source=await filled())
    await move.copy()
    (body,) = move.there().bodies("move").values()
    assert body.keys() == {"source", "checks", "begun_at", "completed_at"}
    assert body["checks"].keys() == {"subject-1", "subject-current", "address", "password-1", "password-current"}


async def test_the_command_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0 for a pass that is not the last, 0 for the last, 2 when it is over."""
    move = Move(source=await filled())
    assert await move.command() == 0
    assert "stop the source" in capsys.readouterr().out
    assert await move.command("--check") == 0
    assert await move.command("--final") == 0
    told = capsys.readouterr().out
    assert "thread/message: 2 found, 0 written, 0 removed, 2 verified, 0 faults" in told
    assert "upload: 3 found, 0 written, 0 removed, 0 verified, 0 faults, 1 begin again at offset 0" in told
    assert "complete: the target may be started" in told
    assert await move.command("--final") == 2
    assert "this move is complete" in capsys.readouterr().out


async def test_looking_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither into a target that no move has begun with, nor into one that is half filled."""
    move = Move(source=await filled())
    assert await move.command("--check") == 2
    assert "nothing has been moved there yet" in capsys.readouterr().out
    assert (move.there().bodies(), move.there().blob_names()) == ({}, set())
    await move.command()
    place = next(place for place in move.there().bodies("thread|"))
    del move.target.record_store._partitions[place.partition][place.id]
    before = move.there().bodies()
    assert await move.command("--check") == 1
    assert move.there().bodies() == before


async def test_the_command_names_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, and the move is not complete; afterwards it is mended by running it again."""
    move = Move(source=await filled())
    await move.command()
    (blob,) = (name for name, content in move.target.blobs._content.items() if content)
    _flip(move, blob)
    assert await move.command("--check") == 1
    assert await move.command("--final") == 1
    told = capsys.readouterr().out
    assert told.count(f"other bytes: {blob}") == 2
    assert "not complete" in told
    assert await move.command("--final") == 0


async def test_the_command_survives_a_store_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, in a sentence and without a traceback."""
    source = await filled()
    move = Move(source=source)
    attempt = Attempt(move.command, "--final")

    async def away(*_: object, **__: object) -> None:
        raise DependencyError

    move.target.record_store.create = away  # type: ignore[method-assign,assignment]
    await attempt()
    assert attempt.answer == 1
    assert "did not answer" in capsys.readouterr().out
