"""File names: what could name another file, hide its kind or break a header is refused, never repaired."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidInputError
from shared.domain.texts import FILE_NAME_MAX_BYTES, file_name


@pytest.mark.parametrize(
    "text",
    [
        "beslut.pdf",
        "Beslut åäö ÅÄÖ.pdf",
        "a",
        ".gitignore",
        "two  spaces.txt",
        "semi;colon, 'quote' & #1 (kopia) [2] {3} 100%.txt",
        "=cmd.csv",
        "👩‍👩‍👧.png",  # the emoji holds zero-width joiners
        "नमस्ते.txt",
        "Ελληνικά.txt",
        "文書.pdf",
        "a" * 255,
        "å" * 127,
        "CON.txt",  # browsers on Windows rename it by themselves
    ],
)
def test_names_that_people_use_pass_unchanged(text: str) -> None:
    """What the sender sees is what arrives."""
    assert file_name(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "..",
        "...",
        " . ",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/passwd",
        "C:\\autoexec.bat",
        "C:",
        "file.txt:stream",
        "what?.txt",
        "*.txt",
        'quo"te.txt',
        "<script>.html",
        "a|b",
        "a\0b",
        "a\x01b",
        "a\x7fb",
        "a\x85b",
        "a\x9bb",
        "a\tb",
        "a\nb",
        "a\r\nSet-Cookie: a=b",
        "a\u2028b",
        "a\u2029b",
        "cod\u202egpj.exe",
        "a\u200eb",
        "a\u200fb",
        "a\u061cb",
        "a\u2066b\u2069",
        "lone\ud800surrogate",
        "lone" + chr(0xDFFF) + "surrogate",
        " leading.txt",
        "trailing.txt ",
        "\u00a0leading.txt",
        "trailing.txt\u3000",
        "invoice.exe.",
        "invoice.exe...",
        "invoice.exe. .",
    ],
)
def test_hostile_names_are_refused(text: str) -> None:
    """The corpus of the threat model, and what Windows would silently cut off."""
    with pytest.raises(InvalidInputError) as refused:
        file_name(text)
    assert refused.value.rule == "file-name"


@pytest.mark.parametrize("text", ["a" * 256, "å" * 128, "e\u0301" * 128, "👩" * 64])
def test_a_name_longer_than_file_systems_take_is_refused(text: str) -> None:
    """255 bytes of UTF-8, counted after composition."""
    with pytest.raises(InvalidInputError) as refused:
        file_name(text)
    assert refused.value.rule == "file-name-length"


def test_composed_and_decomposed_twins_are_one_name() -> None:
    """Else two files of a message could look alike and differ, and the bound in bytes would depend on the sender."""
    composed, decomposed = "Åsa é.pdf", unicodedata.normalize("NFD", "Åsa é.pdf")
    assert composed != decomposed
    assert file_name(composed) == file_name(decomposed) == composed
    assert file_name("e\u0301" * 127) == "é" * 127


@given(st.text(max_size=60) | st.text("./\\ \u202e\u0301ab\0", max_size=10))
def test_an_accepted_name_is_safe_and_stays_as_it_is(text: str) -> None:
    """Whatever comes in: a second look changes nothing, and nothing of the refused sort is left."""
    try:
        name = file_name(text)
    except InvalidInputError:
        return
    assert file_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert 1 <= len(name.encode()) <= FILE_NAME_MAX_BYTES
    assert not set(name) & set('/\\:*?"<>|' + string.whitespace.replace(" ", ""))
    assert name == name.strip()
    assert not name.endswith(".")
