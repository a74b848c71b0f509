"""Where records lie: keys that every store takes, kinds that never mix, and ranges that hold one kind whole."""

from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import places, retention
from shared.domain.ids import (
    ClientId,
    FileId,
    MessageId,
    OrganisationId,
    SessionId,
    StaffId,
    Subject,
    ThreadId,
    UnitId,
    UploadId,
)
from shared.domain.places import Place
from shared.domain.record_keys import check_key, check_range

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26)
LONGEST_SUBJECT = Subject(f"s999999999-{'f' * 64}")


def every_place(a: str, b: str, c: str) -> list[Place]:
    """One of each kind, of things with these ids."""
    thread, message, file = ThreadId(a), MessageId(b), FileId(c)
    organisation = OrganisationId(a)
    return [
        places.organisation(organisation),
        places.organisation_key(organisation, 999_999),
        places.unit(organisation, UnitId(b)),
        places.staff(organisation, StaffId(b)),
        places.staff_login("f" * 64),
        places.session("f" * 64),
        places.session_entry(LONGEST_SUBJECT, SessionId(a)),
        places.session_entry(b, SessionId(a)),
        places.order("f" * 64),
        places.thread(thread),
        places.message(thread, message),
        places.file(thread, message, file),
        places.receipt(thread, message, file, LONGEST_SUBJECT),
        places.receipt(thread, message, "text", b),
        places.notice(thread, message, c),
        places.mailbox(LONGEST_SUBJECT, message),
        places.outbox(UnitId(b), thread),
        places.upload(UploadId(c)),
        places.pending(retention.SHARDS - 1, thread, message),
        places.audit(organisation, NOW, c),
        places.certificate(organisation, NOW, message),
        places.api_client(organisation, ClientId(b)),
        places.client_app(organisation, "f" * 36, "f" * 36),
        places.client_token("f" * 64),
        places.client_assertion("f" * 64),
        places.idempotency("f" * 64),
        retention.bucket(NOW, f"message|{thread}|{message}"),
        retention.bucket(NOW, f"session|{'f' * 64}"),
        retention.bucket(NOW, f"session|{'f' * 64}|{LONGEST_SUBJECT}|{a}"),
        retention.bucket_index(NOW, f"upload|{c}"),
    ]


@given(IDS, IDS, IDS)
def test_every_store_takes_every_key(a: str, b: str, c: str) -> None:
    """And no two kinds of record share a place, whatever the ids."""
    found = every_place(a, b, c)
    for place in found:
        check_key(place.partition, place.id)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("prefix", ["message", "file|0", "receipt|m|f"])
def test_a_range_holds_its_kind_and_nothing_else(prefix: str) -> None:
    """``}`` is what follows ``|``; a longer word that begins alike is another kind."""
    start, end = places.range_of(prefix)
    check_range(start, end, 1)
    for inside in (f"{prefix}|", f"{prefix}|0", f"{prefix}|zzz|zzz", f"{prefix}|~"):
        assert start <= inside < end
    for outside in (prefix, f"{prefix}s|0", f"{prefix}-|0", f"{prefix}.0", f"{prefix}}}", f"{prefix}~"):
        assert not start <= outside < end


@given(IDS, IDS, IDS)
def test_the_ranges_of_a_thread_do_not_overlap(a: str, b: str, c: str) -> None:
    """Messages, the files, receipts and notices of one message: each record stands in one of them."""
    prefixes = ["message", f"file|{b}", f"receipt|{b}", f"notice|{b}"]
    ranges = [places.range_of(prefix) for prefix in prefixes]
    for one, other in combinations(ranges, 2):
        assert one[1] <= other[0] or other[1] <= one[0]
    partition = places.thread(ThreadId(a)).partition
    of_thread = [place for place in every_place(a, b, c) if place.partition == partition]
    for place in of_thread:
        hits = [start for start, end in ranges if start <= place.id < end]
        assert len(hits) == (0 if place.id == "thread" else 1)
    for start, end in (places.organisation_key_range(),):
        of_organisation = [p.id for p in every_place(a, b, c) if p.partition == f"organisation|{a}"]
        assert [key for key in of_organisation if start <= key < end] == ["key|999999"]


def test_partitions_spread_by_what_grows() -> None:
    """Never one partition per organisation for threads, messages, sessions or uploads."""
    one = {place.partition for place in every_place("0" * 26, "1" * 26, "2" * 26)}
    other = {place.partition for place in every_place("3" * 26, "1" * 26, "4" * 26)}
    shared = one & other
    kinds = {partition.partition("|")[0] for partition in shared}
    of_hashes = {"login", "session", "order", "token", "assertion", "idempotency"}
    assert kinds == of_hashes | {"sessions", "mailbox", "outbox", "pending", "expiry"}


@given(IDS, IDS, IDS, IDS)
def test_a_blob_is_found_under_its_message_only(a: str, b: str, c: str, d: str) -> None:
    """The prefix serves the proof of deletion."""
    name = places.blob(OrganisationId(a), ThreadId(b), MessageId(c), FileId(d))
    assert name.startswith(f"{a}/{b}/{c}/")
    assert len(name) <= 255
