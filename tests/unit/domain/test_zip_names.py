"""Names in a ZIP: whatever senders call their files, each comes out as one file where it is unpacked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import texts
from shared.domain.errors import InvalidInputError
from shared.domain.zip_names import zip_names


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["beslut.pdf", "bilaga.pdf"], ["beslut.pdf", "bilaga.pdf"]),
        (["a.pdf", "a.pdf", "a.pdf"], ["a.pdf", "a (2).pdf", "a (3).pdf"]),
        (["a.pdf", "A.PDF"], ["a.pdf", "A (2).PDF"]),
        (["Straße", "STRASSE"], ["Straße", "STRASSE (2)"]),
        (["a (2).pdf", "a.pdf", "a.pdf"], ["a (2).pdf", "a.pdf", "a (3).pdf"]),
        (["a.tar.gz", "a.tar.gz"], ["a.tar.gz", "a.tar (2).gz"]),
        ([".profil", ".profil"], [".profil", ".profil (2)"]),
        (["utan", "utan"], ["utan", "utan (2)"]),
        (["CON", "nul.txt", "Com1.a.b", "lpt\u00b9"], ["_CON", "_nul.txt", "_Com1.a.b", "_lpt\u00b9"]),
        (["aux .txt", "auxin.txt"], ["_aux .txt", "auxin.txt"]),
        (["..a"], ["..a"]),
    ],
)
def test_no_two_are_alike_and_none_is_a_device(names: list[str], expected: list[str]) -> None:
    """Also where a file system does not tell large letters from small."""
    assert zip_names(names) == expected


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a\\b", "C:a", "..", ".", "", "a\0b", "a\u202eb", "a."])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """No manifest holds one; if one did, nothing would be unpacked outside of its folder (zip slip)."""
    with pytest.raises(InvalidInputError):
        zip_names([name])


def is_bare(name: str) -> bool:
    try:
        return texts.file_name(name) == name
    except InvalidInputError:
        return False


NAME = st.text(max_size=12).filter(is_bare) | st.sampled_from(
    [
        "a.b",
        "A.B",
        "a (2).b",
        "con",
        "_con",
        "å" * 127,
        "a" + "." + "x" * 253,
        "x" * 255,
        "x" * 251 + ".pdf",
        "con." + "y" * 251,
    ]
)


@given(st.lists(NAME, max_size=12))
def test_any_names_come_out_bare_and_unlike(names: list[str]) -> None:
    """As many as went in, each one a file name that fits, and no two the same on any file system."""
    found = zip_names(names)
    assert len(found) == len(names)
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in found}) == len(names)
    for name in found:
        assert len(name.encode()) <= texts.FILE_NAME_MAX_BYTES
        assert not set(name) & set("/\\:\0")
        assert name not in {".", "..", ""}
