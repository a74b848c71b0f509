"""Conditions on the version a client has: read as RFC 9110 section 13.1 says, and no text breaks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.entity_tags import meets_if_match, meets_if_none_match, meets_if_range

TAG = '"01K"'


@pytest.mark.parametrize(
    ("header", "match", "none_match", "in_range"),
    [
        (None, True, True, True),
        (TAG, True, False, True),
        (f" {TAG}\t", True, False, True),
        (f"W/{TAG}", False, False, False),
        ("*", True, False, False),
        ('"other"', False, True, False),
        (f'"other", {TAG}', True, False, False),
        (f'"a,b" ,W/{TAG}', False, False, False),
        (f'"a{TAG}', False, True, False),
        ("01K", False, True, False),
        ('""', False, True, False),
        ("", False, True, False),
        ("w/" + TAG, True, False, False),  # Not an entity tag of the RFC; the quoted part of it is read.
        ("Sun, 01 Mar 2026 12:00:00 GMT", False, True, False),
    ],
)
def test_strong_where_bytes_are_joined_and_weak_where_they_are_saved(
    header: str | None, *, match: bool, none_match: bool, in_range: bool
) -> None:
    """``If-Match`` and ``If-Range`` compare strongly, ``If-None-Match`` weakly; a date matches nothing."""
    assert meets_if_match(header, tag=TAG) is match
    assert meets_if_none_match(header, tag=TAG) is none_match
    assert meets_if_range(header, tag=TAG) is in_range


@given(st.text(max_size=60) | st.text('"W/*, 01K', max_size=60))
def test_no_header_breaks_the_reader(header: str) -> None:
    """A range is only ever joined to bytes of the same version; whoever is refused has not named it."""
    if meets_if_range(header, tag=TAG):
        assert header.strip(" \t") == TAG
    if not meets_if_none_match(header, tag=TAG):
        assert TAG in header or header.strip() == "*"
    if meets_if_match(header, tag=TAG):
        assert TAG in header or header.strip() == "*"
