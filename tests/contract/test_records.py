"""What ``Records`` promises, on every adapter."""

import asyncio
import functools
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.memory_records import MemoryRecords
from shared.domain.errors import RecordChangedError, RecordExistsError, RecordNotFoundError, TooLargeError
from shared.domain.ports import MAX_BODY_BYTES, Body, Page, Record, Records
from tests.support.record_stores import made, store

PARTITION = "organisation|01j"

EVERY_KIND_OF_VALUE: Body = {
    "none": None,
    "true": True,
    "zero": 0,
    "whole float": 1.0,
    "float": 0.1 + 0.2,
    "small": 5e-324,
    "large": 1.7976931348623157e308,
    "minus": -7,
    "beyond a double": 2**53 + 1,
    "beyond a long": 2**80,
    "text": 'å "quoted" \\ / \n \x00 \x7f \u2028 \U0001f512',
    "empty": "",
    "list": [1, [2, [3, {}]], []],
    "nested": {"a": {"b": {"c": [None, False]}}},
    "_etag": "ours",
    "id": "ours too",
    "ö|/\\#?": "a key like any other",
}


@pytest.fixture(params=["memory", "tables", "cosmos"])
async def records(request: pytest.FixtureRequest) -> AsyncIterator[Records]:
    if request.param == "memory":
        yield MemoryRecords()
        return
    stand_in = request.getfixturevalue("azurite" if request.param == "tables" else "cosmos")
    port = stand_in.ports.table if request.param == "tables" else stand_in.port
    async with made(store(request.param, port)) as real:
        yield real


def body_of(size_bytes: int, character: str = "x") -> Body:
    """A body that is exactly so long as compact JSON in UTF-8, made of ``character``."""
    room = size_bytes - len('{"text":""}')
    width = len(character.encode())
    return {"text": character * (room // width) + "x" * (room % width)}


async def ids(records: Records, partition: str, **bounds: str) -> list[str]:
    return [record.id for record in (await records.query(partition, **bounds)).records]  # type: ignore[arg-type]


async def pages(records: Records, limit: int, *, start: str = "", end: str | None = None) -> AsyncIterator[Page]:
    continuation = None
    while True:
        page = await records.query(PARTITION, start=start, end=end, limit=limit, continuation=continuation)
        yield page
        assert page.continuation is None or page.continuation != continuation
        continuation = page.continuation
        if continuation is None:
            return


async def test_a_record_is_read_as_it_was_written(records: Records) -> None:
    """Whatever JSON can say; a store that makes doubles of numbers or trims texts would lose what is sealed in them."""
    created = await records.create(PARTITION, "r", EVERY_KIND_OF_VALUE)
    found = await records.get(PARTITION, "r")
    assert created == found == Record(partition=PARTITION, id="r", body=EVERY_KIND_OF_VALUE, etag=found.etag)
    assert repr(found.body) == repr(EVERY_KIND_OF_VALUE)


async def test_an_empty_body_is_a_body(records: Records) -> None:
    """Markers need nothing but their existence."""
    await records.create(PARTITION, "r", {})
    assert (await records.get(PARTITION, "r")).body == {}


async def test_tuples_and_other_mappings_come_back_as_lists_and_objects(records: Records) -> None:
    """Frozen values hold tuples; they must not need converting first."""
    created = await records.create(PARTITION, "r", {"parts": ({"n": 1}, (2, 3))})
    assert created.body == {"parts": [{"n": 1}, [2, 3]]} == (await records.get(PARTITION, "r")).body


async def test_a_missing_record_is_not_found(records: Records) -> None:
    """Neither read, nor replaced, nor deleted."""
    ghost = await records.create(PARTITION, "ghost", {})
    await records.delete_if_match(ghost)
    with pytest.raises(RecordNotFoundError):
        await records.get(PARTITION, "ghost")
    with pytest.raises(RecordNotFoundError):
        await records.replace_if_match(ghost, {"n": 1})
    with pytest.raises(RecordNotFoundError):
        await records.delete_if_match(ghost)
    assert await ids(records, PARTITION) == []


async def test_creating_again_leaves_the_first_as_it_is(records: Records) -> None:
    """Idempotent jobs create under derived ids and rely on it."""
    first = await records.create(PARTITION, "r", {"n": 1})
    with pytest.raises(RecordExistsError):
        await records.create(PARTITION, "r", {"n": 2})
    with pytest.raises(RecordExistsError):
        await records.create(PARTITION, "r", {"n": 1})
    assert await records.get(PARTITION, "r") == first


async def test_a_deleted_id_can_be_created_again_and_the_old_etag_stays_dead(records: Records) -> None:
    """Else who still holds the old record could change the new one."""
    old = await records.create(PARTITION, "r", {"n": 1})
    await records.delete_if_match(old)
    new = await records.create(PARTITION, "r", {"n": 1})
    with pytest.raises(RecordChangedError):
        await records.replace_if_match(old, {"n": 2})
    assert await records.get(PARTITION, "r") == new


async def test_replacing_gives_a_new_etag_and_drops_what_was_there(records: Records) -> None:
    """A replacement is whole: no key of the old body may shine through."""
    first = await records.create(PARTITION, "r", {"a": 1, "b": 2})
    second = await records.replace_if_match(first, {"b": 3})
    assert second.etag != first.etag
    assert await records.get(PARTITION, "r") == second
    assert second.body == {"b": 3}


async def test_replacing_with_the_same_body_still_changes_the_etag(records: Records) -> None:
    """Every write counts: a claim is a write that changes nothing else."""
    first = await records.create(PARTITION, "r", {"n": 1})
    await records.replace_if_match(first, {"n": 1})
    with pytest.raises(RecordChangedError):
        await records.replace_if_match(first, {"n": 1})


async def test_a_stale_etag_neither_replaces_nor_deletes(records: Records) -> None:
    """The one guard against two writers."""
    first = await records.create(PARTITION, "r", {"n": 1})
    second = await records.replace_if_match(first, {"n": 2})
    with pytest.raises(RecordChangedError):
        await records.replace_if_match(first, {"n": 3})
    with pytest.raises(RecordChangedError):
        await records.delete_if_match(first)
    assert await records.get(PARTITION, "r") == second


async def test_thirty_racing_increments_are_thirty(records: Records) -> None:
    """No update is lost, and nobody is told of a success that was not one."""
    await records.create(PARTITION, "counter", {"n": 0})

    async def increment() -> None:
        while True:
            found = await records.get(PARTITION, "counter")
            count = found.body["n"]
            assert isinstance(count, int)
            try:
                await records.replace_if_match(found, {"n": count + 1})
            except RecordChangedError:
                continue
            return

    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(increment())
    assert (await records.get(PARTITION, "counter")).body == {"n": 30}


@pytest.mark.parametrize("body", [{}, {"n": 1}], ids=["alike", "apart"])
async def test_of_ten_racing_creates_one_wins(records: Records, body: Body) -> None:
    """Also when all write the same: a lock would otherwise be taken twice."""

    async def create(number: int) -> Record:
        return await records.create(PARTITION, "lock", body and {"n": number})

    outcomes = await asyncio.gather(*(create(number) for number in range(10)), return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, Record)]
    assert [await records.get(PARTITION, "lock")] == won
    assert sum(isinstance(outcome, RecordExistsError) for outcome in outcomes) == 9


async def test_of_ten_racing_deletes_one_wins(records: Records) -> None:
    """Whoever deletes a one-time record has used it: nobody else may think so."""
    record = await records.create(PARTITION, "once", {})
    outcomes = await asyncio.gather(*(records.delete_if_match(record) for _ in range(10)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, RecordNotFoundError) for outcome in outcomes) == 9


async def test_a_query_gives_the_range_in_the_order_of_code_points(records: Records) -> None:
    """Digits, capitals, ``_``, small letters, ``|``: stores that sort by language would cut ranges elsewhere."""
    written = ["a|b", "a-b", "a.b", "a_b", "aB", "aa", "ab", "A", "Z", "0", "9", "a", "a|", "|", "_", "-", "z", "b"]
    for name in written[::2] + written[1::2]:
        await records.create(PARTITION, name, {"name": name})
    page = await records.query(PARTITION)
    assert [record.id for record in page.records] == sorted(written)
    assert [record.body for record in page.records] == [{"name": name} for name in sorted(written)]
    assert page.continuation is None
    assert await ids(records, PARTITION, start="a|", end="a}") == ["a|", "a|b"]
    assert await ids(records, PARTITION, start="a", end="a") == []
    assert await ids(records, PARTITION, start="a", end="aa") == ["a", "a-b", "a.b", "aB", "a_b"]
    assert await ids(records, PARTITION, start="b") == ["b", "z", "|"]
    assert await ids(records, PARTITION, end="0") == ["-"]
    assert await ids(records, PARTITION, start="'~") == sorted(written)[:0] + sorted(w for w in written if w >= "'~")


async def test_a_queried_record_can_be_replaced(records: Records) -> None:
    """Sweeps read pages and change what they find, without reading each record again."""
    await records.create(PARTITION, "r", {"n": 1})
    (found,) = (await records.query(PARTITION)).records
    assert found == await records.get(PARTITION, "r")
    await records.replace_if_match(found, {"n": 2})


async def test_an_empty_range_is_an_empty_last_page(records: Records) -> None:
    """Also in a partition that never held anything."""
    assert await records.query("nothing-here") == Page(records=[], continuation=None)


async def test_pages_cover_the_range_once(records: Records) -> None:
    """None twice, none missing, whatever the limit."""
    names = [f"m|{number:02d}" for number in range(7)]
    for name in [*names, "l", "n"]:
        await records.create(PARTITION, name, {})
    for limit in (1, 3, 7, 100):
        found: list[str] = []
        async for page in pages(records, limit, start="m|", end="m}"):
            assert len(page.records) <= limit
            found += [record.id for record in page.records]
        assert found == names


async def test_what_happens_between_pages_neither_repeats_nor_hides_the_rest(records: Records) -> None:
    """A sweep deletes what it has read while others write: a continuation by number of rows would skip records."""
    for number in range(0, 10, 2):
        await records.create(PARTITION, f"{number}", {})
    first = await records.query(PARTITION, limit=2)
    assert [record.id for record in first.records] == ["0", "2"]
    for record in first.records:
        await records.delete_if_match(record)
    for added in ("1", "5", "9"):
        await records.create(PARTITION, added, {})
    rest = await records.query(PARTITION, limit=100, continuation=first.continuation)
    assert [record.id for record in rest.records] == ["4", "5", "6", "8", "9"]
    assert rest.continuation is None


async def test_pages_of_large_bodies_may_be_short_and_still_cover_all(records: Records) -> None:
    """An answer holds about 4 MiB; whoever asks for more in one page gets several."""
    for number in range(6):
        await records.create(PARTITION, f"{number}", body_of(MAX_BODY_BYTES))
    found = [record.id async for page in pages(records, 100) for record in page.records]
    assert found == ["0", "1", "2", "3", "4", "5"]


@functools.cache
def densest_body(size_bytes: int) -> Body:
    """Every byte value that UTF-8 allows about equally often, in random order: what packs worst."""
    chance = random.Random(2)  # noqa: S311 - repeatable, not secret
    ascii_only = [chr(code) for code in range(0x20, 0x80) if chr(code) not in '"\\']
    two = [chr(chance.randint(0x80, 0x7FF)) for _ in range(20_000)]
    three = [chr(chance.choice((chance.randint(0x800, 0xD7FF), chance.randint(0xE000, 0xFFFF)))) for _ in range(20_000)]
    four = [chr(chance.randint(0x10000, 0x10FFFF)) for _ in range(5_000)]
    kinds = chance.choices((ascii_only, two, three, four), weights=(94, 28, 12, 3), k=size_bytes)
    room = size_bytes - len('{"text":""}')
    fitting = "".join(map(chance.choice, kinds)).encode()[:room].decode(errors="ignore")
    return {"text": fitting + "x" * (room - len(fitting.encode()))}


def escaped_body(size_bytes: int) -> Body:
    """Every character takes two bytes in JSON, and four where JSON is put into JSON."""
    room = size_bytes - len('{"text":""}')
    return {"text": "\\" * (room // 2) + "x" * (room % 2)}


BODIES: dict[str, Callable[[int], Body]] = {
    "plain": body_of,
    "escaped": escaped_body,
    "two bytes": lambda size_bytes: body_of(size_bytes, "å"),
    "four bytes": lambda size_bytes: body_of(size_bytes, "\U0001f512"),
    "densest": densest_body,
}


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES.keys())
async def test_a_body_of_exactly_the_limit_is_stored(records: Records, make: Callable[[int], Body]) -> None:
    """1 MiB as UTF-8, whatever it is made of and although an entity of Table storage must hold its keys besides."""
    created = await records.create("p" * 255, "r" * 255, make(MAX_BODY_BYTES))
    assert created.body == make(MAX_BODY_BYTES)
    replaced = await records.replace_if_match(created, make(MAX_BODY_BYTES))
    assert await records.get("p" * 255, "r" * 255) == replaced
    assert [record.etag for record in (await records.query("p" * 255)).records] == [replaced.etag]
    await records.delete_if_match(replaced)
    assert await ids(records, "p" * 255) == []


@pytest.mark.parametrize("character", ["x", "å"])
async def test_a_body_over_the_limit_is_refused_and_writes_nothing(records: Records, character: str) -> None:
    """The same bound on every store, so that what is tested on one works on the other."""
    with pytest.raises(TooLargeError) as caught:
        await records.create(PARTITION, "r", body_of(MAX_BODY_BYTES + 1, character))
    assert caught.value.limit_bytes == MAX_BODY_BYTES
    first = await records.create(PARTITION, "r", {"n": 1})
    with pytest.raises(TooLargeError):
        await records.replace_if_match(first, body_of(MAX_BODY_BYTES + 1, character))
    assert await records.get(PARTITION, "r") == first


@pytest.mark.parametrize("size_bytes", [65_535, 65_536, 65_537, 899_999, 900_001, 999_999, 1_000_001])
async def test_bodies_around_the_seams_of_the_stores_are_whole(records: Records, size_bytes: int) -> None:
    """Properties end at 64 KiB, and large bodies take another form: each seam is a place to lose a byte."""
    body = body_of(size_bytes, "å")
    await records.create(PARTITION, "r", body)
    assert (await records.get(PARTITION, "r")).body == body


async def test_a_large_body_replaced_by_a_small_one_leaves_nothing_behind(records: Records) -> None:
    """What was split over many properties must not be read together with its successor."""
    large = await records.create(PARTITION, "r", body_of(MAX_BODY_BYTES))
    await records.replace_if_match(large, {"n": 1})
    assert (await records.get(PARTITION, "r")).body == {"n": 1}


UNSTORABLE: dict[str, Body] = {
    "lone surrogate": {"text": "\ud800"},
    "lone surrogate in a key": {"\udfff": 1},
    "not a number": {"n": float("nan")},
    "infinite": {"n": [float("inf")]},
}


@pytest.mark.parametrize("body", UNSTORABLE.values(), ids=UNSTORABLE.keys())
async def test_what_json_in_utf8_cannot_hold_is_refused(records: Records, body: Body) -> None:
    """Refused everywhere alike, and the error does not carry the text along."""
    with pytest.raises(ValueError, match=r"UTF-8|JSON") as caught:
        await records.create(PARTITION, "r", body)
    assert not isinstance(caught.value, UnicodeError)
    with pytest.raises(RecordNotFoundError):
        await records.get(PARTITION, "r")


async def test_partitions_never_see_each_other(records: Records) -> None:
    """The same id may live in each; a range ends where the partition ends, also where one name begins another."""
    partitions = ["thread|a", "thread|ab", "thread|a|", "thread", "Thread|a"]
    written = [await records.create(partition, "r", {"in": partition}) for partition in partitions]
    for partition, record in zip(partitions, written, strict=True):
        assert await records.get(partition, "r") == record
        assert list((await records.query(partition)).records) == [record]
    await records.delete_if_match(written[0])
    assert await ids(records, partitions[0]) == []
    for record in written[1:]:
        assert await records.get(record.partition, record.id) == record


async def test_a_record_of_one_tenant_is_no_handle_to_another(records: Records) -> None:
    """An ETag is checked where the record lives: it opens nothing under the same id elsewhere."""
    ours = await records.create("organisation|ours", "unit|1", {"n": 1})
    theirs = await records.create("organisation|theirs", "unit|1", {"n": 2})
    forged = Record(partition=theirs.partition, id=theirs.id, body=ours.body, etag=ours.etag)
    with pytest.raises(RecordChangedError):
        await records.replace_if_match(forged, {"n": 3})
    with pytest.raises(RecordChangedError):
        await records.delete_if_match(forged)
    assert await records.get("organisation|theirs", "unit|1") == theirs


KEYS_AT_THE_LIMIT = ["r" * 255, "|", "-", "_", "...", ".a", "a.", "%41".replace("%", "-"), "0|A|z|.|-|_"]
NOT_KEYS = ["", "r" * 256, "å", "a b", "a/b", "a\\b", "a#b", "a?b", "a'b", "a\n", "\x00", "a}", "a%7Cb", ".", ".."]


@pytest.mark.parametrize("key", KEYS_AT_THE_LIMIT)
async def test_every_key_of_the_alphabet_is_its_own(records: Records, key: str) -> None:
    """Keys travel in paths, filters and headers; none of these may read them differently."""
    written = await records.create(key, key, {"key": key})
    assert await records.get(key, key) == written
    assert list((await records.query(key)).records) == [written]
    await records.delete_if_match(await records.replace_if_match(written, {}))


@pytest.mark.parametrize("key", NOT_KEYS)
async def test_other_keys_are_refused_before_they_reach_the_store(records: Records, key: str) -> None:
    """What a store would refuse, translate or take for another address."""
    record = Record(partition="p", id=key, body={}, etag="e")
    for partition, name in ((key, "r"), ("p", key)):
        with pytest.raises(ValueError, match="not a key"):
            await records.get(partition, name)
        with pytest.raises(ValueError, match="not a key"):
            await records.create(partition, name, {})
    with pytest.raises(ValueError, match="not a key"):
        await records.replace_if_match(record, {})
    with pytest.raises(ValueError, match="not a key"):
        await records.delete_if_match(record)
    with pytest.raises(ValueError, match="not a key"):
        await records.query(key)
    with pytest.raises(ValueError, match="not a key"):
        await records.query("p", continuation=key)


@pytest.mark.parametrize("bound", ["å", "\n", "r" * 257])
async def test_a_bound_is_printable_ascii(records: Records, bound: str) -> None:
    """Not a key, for ``}`` ends a range; but nothing that a filter could read otherwise."""
    with pytest.raises(ValueError, match="not a bound"):
        await records.query("p", start=bound)
    with pytest.raises(ValueError, match="not a bound"):
        await records.query("p", end=bound)


async def test_a_bound_is_data_and_never_part_of_the_query(records: Records) -> None:
    """Quotes and operators in a bound must not reach other partitions."""
    await records.create("secret", "r", {})
    await records.create(PARTITION, "r", {})
    assert await ids(records, PARTITION, start="' or PartitionKey ge '") == ["r"]
    assert await ids(records, PARTITION, end="zz' or PartitionKey ge '") == ["r"]
    assert await ids(records, PARTITION, start='" OR true OR "') == ["r"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_page_holds_1_to_1000(records: Records, limit: int) -> None:
    """What every store can do."""
    with pytest.raises(ValueError, match="limit"):
        await records.query("p", limit=limit)


async def test_the_store_answers_a_ping(records: Records) -> None:
    """Readiness asks nothing that needs a record to be there."""
    await records.ping()


async def test_the_store_tells_what_time_it_is(records: Records) -> None:
    """To the second, by a clock of its own; here it is the one of this machine."""
    before = datetime.now(UTC)
    told = await records.now()
    assert told.utcoffset() == timedelta()
    assert before - timedelta(seconds=2) <= told <= datetime.now(UTC) + timedelta(seconds=2)
