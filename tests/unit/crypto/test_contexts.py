"""No two places share a context, and nothing that could make them is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import contexts

IDS = st.text(alphabet="abz019._-", min_size=1, max_size=4)
RECORD_KEYS = st.text(alphabet="ab|._-", min_size=1, max_size=5)


def test_contexts_are_as_the_format_says() -> None:
    """The exact bytes are the format: a browser must be able to build them."""
    assert contexts.part_context("o", "t", "f", 12) == b"pic/v1|o|t|f|12"
    assert contexts.data_key_context("o", "t", "f", 3) == b"pic/v1/data-key|o|t|f|3"
    assert contexts.manifest_context("o", "t", "f") == b"pic/v1/manifest|o|t|f"
    field = contexts.field_context("o", "thread|t", "message|m", "subject", 3)
    assert field == b"pic/v1/field|o|thread/t|message/m|subject|3"
    assert contexts.organisation_subkey_context("wrap", "o", 3) == b"pic/v1/organisation-key|wrap|o|3"


@pytest.mark.parametrize("bad", ["", "a|b", "a/b", "a b", "å", "a\n", "a\x00", "a" * 256, "\ud800"])
def test_an_id_that_could_shift_the_components_is_refused(bad: str) -> None:
    """With a separator in an id, one place could be written as another."""
    for place in ((bad, "t", "f"), ("o", bad, "f"), ("o", "t", bad)):
        with pytest.raises(ValueError, match="id"):
            contexts.part_context(*place, 0)
        with pytest.raises(ValueError, match="id"):
            contexts.manifest_context(*place)
        with pytest.raises(ValueError, match="id"):
            contexts.data_key_context(*place, 1)
    with pytest.raises(ValueError, match="id"):
        contexts.field_context("o", "p", "i", bad, 1)


@pytest.mark.parametrize("bad", ["", "a/b", "a b", "å", "a\n", "a" * 256])
def test_a_record_key_of_another_form_is_refused(bad: str) -> None:
    """The slash stands for the separator in a context, so it must not occur itself."""
    with pytest.raises(ValueError, match="record key"):
        contexts.field_context("o", bad, "i", "f", 1)
    with pytest.raises(ValueError, match="record key"):
        contexts.field_context("o", "p", bad, "f", 1)


@pytest.mark.parametrize("version", [0, -1, 1_000_000_000])
def test_a_key_version_out_of_bounds_is_refused(version: int) -> None:
    """A version has one spelling of one to nine digits."""
    with pytest.raises(ValueError, match="version"):
        contexts.data_key_context("o", "t", "f", version)
    with pytest.raises(ValueError, match="version"):
        contexts.field_context("o", "p", "i", "f", version)


def test_a_negative_part_index_is_refused() -> None:
    """A minus sign is no spelling of an index."""
    with pytest.raises(ValueError, match="index"):
        contexts.part_context("o", "t", "f", -1)


PLACES = st.tuples(IDS, RECORD_KEYS, RECORD_KEYS, IDS, st.integers(1, 12))


@given(one=PLACES, other=PLACES)
def test_two_fields_share_a_context_only_if_they_are_the_same(
    one: tuple[str, str, str, str, int], other: tuple[str, str, str, str, int]
) -> None:
    """Record keys may hold the separator; moving it between partition and id must change the context."""
    assert (one == other) == (contexts.field_context(*one) == contexts.field_context(*other))
