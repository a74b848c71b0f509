"""Reading records back: what a writer did not put there is refused, and nothing of it is repeated."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.bodies import Fields, instant_text, parse_instant
from shared.domain.errors import IntegrityError
from shared.domain.ports import Json

INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "what must not be repeated"

READERS: dict[str, tuple[Callable[[Fields], object], set[str]]] = {
    "text": (lambda fields: fields.text("x"), {"text"}),
    "optional_text": (lambda fields: fields.optional_text("x"), {"text", "null", "missing"}),
    "whole": (lambda fields: fields.whole("x"), {"whole"}),
    "fact": (lambda fields: fields.fact("x"), {"fact"}),
    "instant": (lambda fields: fields.instant("x"), set()),
    "optional_instant": (lambda fields: fields.optional_instant("x"), {"null", "missing"}),
    "items": (lambda fields: fields.items("x"), {"texts", "nested", "mixed", "empty"}),
    "texts": (lambda fields: fields.texts("x"), {"texts", "empty"}),
    "nested": (lambda fields: fields.nested("x"), {"nested", "empty"}),
    "optional_nested": (lambda fields: fields.optional_nested("x"), {"object", "null", "missing"}),
}

VALUES: dict[str, Json] = {
    "text": SECRET,
    "null": None,
    "whole": 7,
    "part": 7.0,
    "fact": True,
    "texts": [SECRET, SECRET],
    "nested": [{"y": SECRET}],
    "mixed": [SECRET, {"y": 1}, None],
    "empty": [],
    "object": {"y": SECRET},
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", [*VALUES, "missing"])
def test_every_reader_takes_its_own_kind_and_refuses_all_others(reader: str, value: str) -> None:
    """A number is no fact, 7.0 no whole number, an object no list; the error says nothing of the value."""
    read, accepted = READERS[reader]
    fields = Fields({} if value == "missing" else {"x": VALUES[value]})
    if value in accepted:
        read(fields)
        return
    with pytest.raises(IntegrityError) as refused:
        read(fields)
    assert SECRET not in str(refused.value)


def test_values_come_back_as_they_are() -> None:
    """Each reader, once, with what it is for."""
    fields = Fields({"t": "a", "w": -3, "f": False, "i": instant_text(NOW), "l": ["a", "b"], "n": [{"t": "c"}]})
    assert fields.text("t") == "a"
    assert fields.optional_text("t") == "a"
    assert fields.optional_text("none") is None
    assert fields.whole("w") == -3
    assert fields.fact("f") is False
    assert fields.instant("i") == fields.optional_instant("i") == NOW
    assert fields.texts("l") == ("a", "b")
    assert [inner.text("t") for inner in fields.nested("n")] == ["c"]


@given(INSTANTS)
def test_an_instant_comes_back_to_the_microsecond(instant: datetime) -> None:
    """Expiry is compared with what was read."""
    assert parse_instant(instant_text(instant)) == instant


@given(INSTANTS, INSTANTS)
def test_instants_sort_as_their_texts(one: datetime, other: datetime) -> None:
    """Fixed width."""
    assert (one < other) == (instant_text(one) < instant_text(other))


def test_an_instant_is_written_in_utc() -> None:
    """Whatever zone it came in."""
    assert instant_text(NOW.astimezone(timezone(timedelta(hours=2)))) == "2026-03-01T12:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.000000",
        "2026-03-01T12:00:00.000000+00:00",
        "2026-03-01T12:00:00.00000Z",
        "2026-03-01T12:00:00.0000000Z",
        "2026-3-1T12:00:00.000000Z",
        "2026-03-01t12:00:00.000000z",
        "2026-03-01T12:00:60.000000Z",
        "2026-03-01T24:00:00.000000Z",
        "2026-02-29T12:00:00.000000Z",
        " 2026-03-01T12:00:00.000000Z",
        "2026-03-01T12:00:00.000000Z\n",
        "２026-03-01T12:00:00.000000Z",
        "20260301T120000.000000Z",
        "infinity",
    ],
)
def test_an_instant_has_one_spelling(text: str) -> None:
    """What does not read exactly as it was written is damage, not another way to say it."""
    with pytest.raises(IntegrityError):
        parse_instant(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader_of_instants(text: str) -> None:
    """Any text is an instant in its one spelling, or refused."""
    try:
        instant = parse_instant(text)
    except IntegrityError:
        return
    assert instant_text(instant) == text
