"""The rules of the protocol, without a network: what a request asks for, and what is done about it."""

import base64
import hashlib
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import tus, tus_headers
from shared.domain.errors import InvalidInputError
from shared.domain.manifest import MAX_PARTS, PART_BYTES, Manifest
from shared.domain.tus import Append, Content, Create, Method, Reason, Receive, Refused, decide, read
from shared.domain.upload_rule import Progress, UploadedPart, UploadState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=7)
LIMIT = 1000
OURS = {"tus-resumable": "1.0.0"}
BYTES = {**OURS, "content-type": "application/offset+octet-stream"}


def progress(length: int | None, *lengths: int, limit: int = LIMIT) -> Progress:
    """An upload of ``length`` bytes with these parts."""
    parts = tuple(UploadedPart(block=f"{number:06d}", length=part) for number, part in enumerate(lengths))
    return Progress.begun(length=length, limit=limit, expires_at=END).appended(parts)


def append(offset: int, *, length: int | None = None, declared: int | None = None) -> Append:
    return Append(offset=offset, length=length, content=Content(declared_bytes=declared, checksum=None))


def reason_of(answer: object) -> Reason:
    assert isinstance(answer, Refused)
    return answer.reason


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0", "1.0.0,1.0.0", "1.0.0 ", "1.0.1"])
def test_every_method_asks_for_the_version_first(method: Method, version: str | None) -> None:
    """Whatever else is wrong with the request."""
    headers = {} if version is None else {"tus-resumable": version}
    assert reason_of(read(method, {**headers, "upload-offset": "x", "upload-length": "x"})) is Reason.VERSION


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"upload-length": "0"}, 0),
        ({"upload-length": "5"}, 5),
        ({"upload-length": "007"}, 7),
        ({"upload-defer-length": "1"}, None),
    ],
)
def test_a_creation_says_its_length_or_that_it_comes_later(headers: dict[str, str], length: int | None) -> None:
    """tus, creation and creation-defer-length."""
    assert read(Method.CREATE, {**OURS, **headers}) == Create(length=length, metadata={}, content=None)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"upload-length": "-1"},
        {"upload-length": "1e3"},
        {"upload-length": "5,5"},
        {"upload-length": "9" * 19},
        {"upload-defer-length": "0"},
        {"upload-defer-length": "2"},
        {"upload-defer-length": ""},
        {"upload-defer-length": "1,1"},
        {"upload-defer-length": "1", "upload-length": "5"},
        {"upload-defer-length": "1", "upload-length": ""},
    ],
)
def test_a_creation_with_no_clear_length_is_refused(headers: dict[str, str]) -> None:
    """Neither of the two, both, or something else."""
    answer = read(Method.CREATE, {**OURS, **headers})
    assert answer == Refused(reason=Reason.HEADER, rule="upload-length")


def test_a_creation_may_bring_bytes_of_the_right_type() -> None:
    """tus, creation-with-upload. A body of another type is refused, an empty one is none."""
    length = {"upload-length": "5"}
    with_bytes = read(Method.CREATE, {**BYTES, **length, "content-length": "3"})
    assert isinstance(with_bytes, Create)
    assert with_bytes.content == Content(declared_bytes=3, checksum=None)
    other = {**OURS, **length, "content-type": "application/json"}
    assert reason_of(read(Method.CREATE, {**other, "content-length": "3"})) is Reason.CONTENT_TYPE
    empty = read(Method.CREATE, {**other, "content-length": "0"})
    assert isinstance(empty, Create)
    assert empty.content is None


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/offset", "application/offset+octet-streams"])
def test_an_append_has_its_own_type(kind: str | None) -> None:
    """tus, PATCH: 415 for any other."""
    headers = {**OURS, "upload-offset": "0"} | ({} if kind is None else {"content-type": kind})
    assert reason_of(read(Method.APPEND, headers)) is Reason.CONTENT_TYPE


@pytest.mark.parametrize("algorithm", tus_headers.CHECKSUMS)
def test_every_offered_checksum_is_read(algorithm: str) -> None:
    """And tells its own bytes from others."""
    digest = hashlib.new(algorithm, b"hej", usedforsecurity=False).digest()
    headers = {**BYTES, "upload-offset": "0", "upload-checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}
    answer = read(Method.APPEND, headers)
    assert isinstance(answer, Append)
    assert answer.content.checksum is not None
    running = answer.content.checksum.begun()
    running.update(b"hej")
    assert running.digest() == answer.content.checksum.digest == digest


SHA1 = base64.b64encode(bytes(20)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("crc64 AAAA", Reason.CHECKSUM),
        ("shake_128 AAAA", Reason.HEADER),
        ("sha3-256 AAAA", Reason.CHECKSUM),
        (f"SHA1 {SHA1}", Reason.HEADER),
        ("", Reason.HEADER),
        ("sha1", Reason.HEADER),
        ("sha1 ", Reason.HEADER),
        (f"sha1  {SHA1}", Reason.HEADER),
        (f"sha1 {SHA1[:-4]}", Reason.HEADER),
        (f"sha256 {SHA1}", Reason.HEADER),
        (f"sha1 {SHA1[:-1]}", Reason.HEADER),
        (f"sha1 {SHA1}=", Reason.HEADER),
        (f"sha1 {SHA1[:-2]}B=", Reason.HEADER),
        (f"sha1 {SHA1},sha1 {SHA1}", Reason.HEADER),
        (f"sha1 {SHA1}å", Reason.HEADER),
    ],
)
def test_a_checksum_that_is_none_is_refused(text: str, reason: Reason) -> None:
    """An unknown algorithm is told from a value that is malformed."""
    answer = read(Method.APPEND, {**BYTES, "upload-offset": "0", "upload-checksum": text})
    assert reason_of(answer) is reason


@pytest.mark.parametrize(
    ("length", "arrived", "asked", "missing"),
    [
        (10, (), append(0, declared=10), 10),
        (10, (), append(0, declared=0), 10),
        (10, (), append(0), 10),
        (10, (4, 3), append(7, declared=3), 3),
        (10, (10,), append(10, declared=0), 0),
        (10, (4,), append(4, length=10), 6),
        (0, (), append(0), 0),
        (None, (), append(0), LIMIT),
        (None, (4,), append(4, declared=LIMIT - 4), LIMIT - 4),
        (None, (4,), append(4, length=10), 6),
        (None, (4,), append(4, length=4, declared=0), 0),
        (None, (), append(0, length=0), 0),
        (None, (4,), append(4, length=LIMIT), LIMIT - 4),
    ],
)
def test_bytes_may_follow_at_the_stored_offset(
    length: int | None, arrived: tuple[int, ...], asked: Append, missing: int
) -> None:
    """How many is ours to say, never what the request announced."""
    answer = decide(asked, progress(length, *arrived), now=NOW)
    assert isinstance(answer, Receive)
    assert answer.at_most == missing
    assert answer.progress.length == (length if asked.length is None else asked.length)
    assert answer.ends_when_exceeded == (answer.progress.length is None)


@pytest.mark.parametrize(
    ("arrived", "offset"), [((), 1), ((4,), 0), ((4,), 3), ((4,), 5), ((4,), 10), ((10,), 0), ((10,), 11)]
)
@pytest.mark.parametrize("length", [10, None])
def test_any_other_offset_is_refused(arrived: tuple[int, ...], offset: int, length: int | None) -> None:
    """Neither a gap nor a second copy of what is there; whatever else the request says."""
    for asked in (append(offset), append(offset, declared=10**9), append(offset, length=10**9)):
        assert reason_of(decide(asked, progress(length, *arrived), now=NOW)) is Reason.OFFSET


@pytest.mark.parametrize(
    ("length", "arrived", "asked"),
    [
        (10, (4,), append(4, length=9)),
        (10, (4,), append(4, length=11)),
        (10, (10,), append(10, length=11)),
        (None, (4,), append(4, length=3)),
        (None, (4,), append(4, length=0)),
    ],
)
def test_a_length_is_told_once_and_fits_what_is_there(
    length: int | None, arrived: tuple[int, ...], asked: Append
) -> None:
    """tus, creation-defer-length: once set it must not be changed."""
    answer = decide(asked, progress(length, *arrived), now=NOW)
    assert answer == Refused(reason=Reason.LENGTH_CHANGED)


@pytest.mark.parametrize(
    ("length", "arrived", "asked", "limit", "ends"),
    [
        (10, (), append(0, declared=11), 10, False),
        (10, (4,), append(4, declared=7), 10, False),
        (10, (10,), append(10, declared=1), 10, False),
        (None, (4,), append(4, declared=LIMIT - 3), LIMIT, True),
        (None, (4,), append(4, length=LIMIT + 1), LIMIT, True),
        (None, (4,), append(4, length=6, declared=3), 6, False),
    ],
)
def test_more_than_may_come_is_refused_before_it_is_read(
    length: int | None, arrived: tuple[int, ...], asked: Append, limit: int, *, ends: bool
) -> None:
    """What can never be finished within the limit has ended; what its sender counted wrongly goes on."""
    answer = decide(asked, progress(length, *arrived), now=NOW)
    assert answer == Refused(reason=Reason.TOO_LARGE, limit_bytes=limit, ends_upload=ends)


@pytest.mark.parametrize(
    ("now", "is_alive"), [(END - timedelta(microseconds=1), True), (END, False), (END + timedelta(days=1), False)]
)
def test_an_upload_ends_at_its_instant(now: datetime, *, is_alive: bool) -> None:
    """At the instant itself it has ended, and looks as if it had never been."""
    answer = decide(append(0), progress(10), now=now)
    if is_alive:
        assert isinstance(answer, Receive)
    else:
        assert answer == decide(append(0), None, now=now) == Refused(reason=Reason.NOT_THERE)


@pytest.mark.parametrize("missing", [1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 1])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_an_upload_in_crumbs_comes_to_an_end(missing: int, left: int) -> None:
    """As soon as the rest could not come in the parts that are left: told by its rule, before a byte of it is read.

    What is let in therefore never makes too many parts, whatever the request is like.
    """
    arrived = MAX_PARTS - left
    crumbs = progress(arrived + missing, *[1] * arrived)
    answer = decide(append(arrived, declared=1), crumbs, now=NOW)
    if missing <= left * PART_BYTES:
        assert isinstance(answer, Receive)
    else:
        assert answer == Refused(reason=Reason.TOO_MANY_PARTS)


def test_an_upload_of_as_many_parts_as_may_be_is_whole() -> None:
    """Its last request may be repeated, and its manifest holds all of them."""
    full = progress(MAX_PARTS, *[1] * MAX_PARTS)
    answer = decide(append(MAX_PARTS, declared=0), full, now=NOW)
    assert isinstance(answer, Receive)
    assert answer.at_most == 0
    Manifest(name="a", media_type="a/b", part_lengths=(1,) * MAX_PARTS, total_length=MAX_PARTS, sha256=bytes(32))


NUMBERS = st.one_of(st.none(), st.integers(0, 2 * LIMIT))


@given(NUMBERS, st.lists(st.integers(1, 300), max_size=5), st.integers(0, 2 * LIMIT), NUMBERS, NUMBERS)
def test_no_append_breaks_an_upload(
    length: int | None, arrived: list[int], offset: int, told: int | None, declared: int | None
) -> None:
    """Whatever is asked: what is let in is at our offset and within our limit, and a known length never changes."""
    if sum(arrived) > (LIMIT if length is None else length):
        arrived = []
    before = progress(length, *arrived, limit=max(LIMIT, length or 0))
    answer = decide(append(offset, length=told, declared=declared), before, now=NOW)
    if isinstance(answer, Refused):
        assert answer.ends_upload <= (answer.reason is Reason.TOO_LARGE and before.length is None)
        answer.error()
        return
    after = answer.progress
    assert offset == before.offset == after.offset
    assert after.parts == before.parts
    assert before.offset + answer.at_most == after.bound <= before.limit
    assert declared is None or declared <= answer.at_most
    assert before.length in {None, after.length}
    assert after.state is not UploadState.DEFERRED or after.length is None


VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["1.0.0", "1", "0", "5", "-1", "application/offset+octet-stream", f"sha1 {SHA1}", "filename aGVq"]),
    st.integers().map(str),
)


@given(st.sampled_from(Method), st.dictionaries(st.sampled_from(tus.HEADERS), VALUES))
def test_no_headers_break_the_reading(method: Method, headers: dict[str, str]) -> None:
    """Any text in any header gives one of the union, and a refusal repeats nothing of it."""
    answer = read(method, {**OURS, **headers})
    if isinstance(answer, Refused):
        assert answer.rule in {"", *tus.HEADERS}
        answer.error()


@st.composite
def almost(draw: st.DrawFn, right: st.SearchStrategy[str]) -> str:
    """What is right, or has a character too many, too few or other."""
    text = draw(right)
    at = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from([text, text[:at] + text[at + 1 :]])
        | st.sampled_from("Aa+/=-_ ,\t0٢é\0").map(
            lambda other: text[:at] + other + text[at + draw(st.integers(0, 1)) :]
        )
    )


PACKED = st.binary(max_size=70).map(lambda data: base64.b64encode(data).decode())
SUMS = st.sampled_from([*tus_headers.CHECKSUMS.items(), ("crc32", 4)]).flatmap(
    lambda named: st.binary(min_size=named[1], max_size=named[1]).map(
        lambda data: f"{named[0]} {base64.b64encode(data).decode()}"
    )
)


@settings(max_examples=500)
@given(st.text() | almost(SUMS))
def test_a_checksum_has_one_spelling(text: str) -> None:
    """Whatever is taken is what its value would be written as; anything else is one of the two errors."""
    with suppress(InvalidInputError, tus_headers.UnknownChecksumError):
        found = tus_headers.checksum(text)
        assert text == f"{found.algorithm} {base64.b64encode(found.digest).decode()}"
        assert len(found.digest) == tus_headers.CHECKSUMS[found.algorithm]


@settings(max_examples=500)
@given(st.text() | almost(st.integers(0, 10**20).map(str)) | almost(st.sampled_from(["9" * 18, "9" * 19, "0" * 18])))
def test_a_number_is_what_its_digits_say(text: str) -> None:
    """Up to 18 ASCII digits are taken, and nothing else is."""
    is_one = 1 <= len(text) <= tus_headers.MAX_DIGITS and set(text) <= set("0123456789")
    try:
        assert tus_headers.whole(text, "upload-offset") == int(text)
        assert is_one
    except InvalidInputError:
        assert not is_one


@settings(max_examples=500)
@given(st.text() | almost(st.lists(st.tuples(st.sampled_from("abc"), PACKED).map(" ".join), max_size=4).map(",".join)))
def test_metadata_has_one_spelling(text: str) -> None:
    """What is taken says again what was taken; anything else is the one error."""
    with suppress(InvalidInputError):
        found = tus_headers.metadata(text)
        spelt = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in found.items())
        assert tus_headers.metadata(spelt) == found
        assert spelt.replace(" ", "") == re.sub(r",+", ",", re.sub(r"[ \t]", "", text)).strip(",")


KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)


@given(st.dictionaries(KEYS, st.text(max_size=50), max_size=6), st.sampled_from([",", ", ", " ,\t"]))
def test_metadata_is_what_was_packed(pairs: dict[str, str], between: str) -> None:
    """Of any names and texts; an empty value may be left out (tus, Upload-Metadata)."""
    packed = [f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in pairs.items()]
    assert tus_headers.metadata(between.join(packed)) == pairs


@pytest.mark.parametrize(
    "text",
    [
        "a YQ==,a YQ==",
        "a YQ",
        "a YR==",
        "a !!",
        "a YQ== YQ==",
        "a //8=",
        "å YQ==",
        "a YQ==x",
        "a YQ==," * 2000,
        "a\nb YQ==",
    ],
)
def test_metadata_that_is_ambiguous_or_malformed_is_refused(text: str) -> None:
    """A key twice, base64 in another spelling, bytes that are no UTF-8, too much of it."""
    with pytest.raises(InvalidInputError) as refused:
        tus_headers.metadata(text)
    assert refused.value.rule == "upload-metadata"
