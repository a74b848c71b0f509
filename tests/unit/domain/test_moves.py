"""What moves and what stays, told by where it lies."""

import pytest

from shared.domain import places
from shared.domain.ids import SessionId
from shared.domain.moves import LEFT_BEHIND, begins_again, begun_again, kind_of, moves
from shared.domain.ports import Body, Record
from tests.unit.domain.test_places import every_place

IDS = ("0" * 26, "1" * 26, "2" * 26)


def test_only_what_lives_for_hours_stays_behind() -> None:
    """Each word is one that records are kept under: a renamed kind must not begin to move unseen."""
    hours = [
        places.session("f"),
        places.session_entry("x", SessionId("y")),
        places.second_step("f"),
        places.challenge("f"),
        places.order("f"),
        places.sign_in_return("f"),
        places.redirect("f"),
        places.rate_limit("f"),
        places.client_token("f"),
        places.client_assertion("f"),
    ]
    assert {place.partition.partition("|")[0] for place in hours} == LEFT_BEHIND
    assert not any(moves(place.partition) for place in hours)
    others = [place.partition for place in every_place(*IDS)]
    assert all(moves(partition) for partition in others if partition.partition("|")[0] not in LEFT_BEHIND)


def test_what_a_store_knows_of_its_move_stays_there() -> None:
    """It says nothing of the next one."""
    assert not moves(places.the_move().partition)


def test_a_kind_is_a_word_without_ids() -> None:
    """It stands in reports."""
    for place in every_place(*IDS):
        kind = kind_of(place.partition, place.id)
        assert not any(one in kind for one in (*IDS, "f" * 64)), kind


@pytest.mark.parametrize(
    ("state", "length", "parts", "again"),
    [
        ("open", 9, ["a:4"], "open"),
        ("full", 4, ["a:4"], "open"),
        ("deferred", None, ["a:4"], "deferred"),
        ("open", 9, [], None),
        ("full", 0, [], None),
        ("stored", 4, ["a:4"], None),
    ],
)
def test_an_upload_of_which_bytes_are_staged_begins_again(
    state: str, length: int | None, parts: list[str], again: str | None
) -> None:
    """And no other: one that is stored has its bytes, and an empty one needs none."""
    body: Body = {"state": state, "length": length, "parts": parts, "other": 1}
    record = Record(partition="upload|x", id="upload", body=body, etag="")
    assert begins_again(record) == (again is not None)
    if again is not None:
        assert begun_again(body) == {"state": again, "length": length, "parts": [], "other": 1}
