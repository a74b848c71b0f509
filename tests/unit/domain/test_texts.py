"""Subjects, message texts, media types and mail addresses: what is taken from outside."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import texts
from shared.domain.errors import InvalidInputError, TooLargeError

HOSTILE = ["\0", "\x1b[31m", "\x7f", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ud800", "\udfff"]


@pytest.mark.parametrize("text", ["Beslut", "Åsa – ärende 12/2026: klart?", "👩‍👩‍👧", "x" * 200, "a\u00a0b"])
def test_a_subject_is_one_line(text: str) -> None:
    """Anything people write on a line."""
    assert texts.subject(text) == text


def test_a_subject_is_trimmed_and_composed() -> None:
    """So that it reads the same for both sides."""
    assert texts.subject("  Cafe\u0301 ") == "Café"
    assert texts.subject(" " * 300 + "x" + " " * 300) == "x"
    assert texts.subject("e\u0301" * 200) == "é" * 200


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u3000", "a\nb", "a\rb", "a\tb", "a\r\nBcc: x@example.com", "x" * 201, "\u0958" * 101, *HOSTILE],
)
def test_a_subject_of_other_characters_or_length_is_refused(text: str) -> None:
    """Line breaks could become headers; U+0958 grows to two characters by composition, and counts as two."""
    with pytest.raises(InvalidInputError) as refused:
        texts.subject(text)
    assert refused.value.rule == "subject"


@pytest.mark.parametrize("text", ["", "Hej", "a\nb\r\nc\td", "👩‍👩‍👧", "e\u0301", " ", "a" * 65536, "å" * 32768])
def test_a_message_text_passes_unchanged(text: str) -> None:
    """Line breaks and tabs included, up to the last byte that fits."""
    assert texts.message_text(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_message_text_with_hidden_characters_is_refused(text: str) -> None:
    """What turns the text around or cannot be stored as UTF-8."""
    with pytest.raises(InvalidInputError) as refused:
        texts.message_text(f"a{text}b")
    assert refused.value.rule == "text"


@pytest.mark.parametrize("text", ["a" * 65537, "å" * 32769, "a" * 65535 + "å"])
def test_a_longer_text_travels_as_a_file(text: str) -> None:
    """64 KiB in UTF-8, not in characters."""
    with pytest.raises(TooLargeError) as refused:
        texts.message_text(text)
    assert refused.value.limit_bytes == 64 * 1024


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("application/pdf", "application/pdf"),
        ("Image/PNG", "image/png"),
        (
            "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_a_media_type_is_read_in_one_spelling(text: str, media_type: str) -> None:
    """Its letters have no case (RFC 9110 section 8.3.1)."""
    assert texts.media_type(text) == media_type


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pdf",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "text/plain; charset=utf-8",
        "text/plain\r\nSet-Cookie: a=b",
        "text/plain\n",
        " text/plain",
        "text/plain ",
        "text /plain",
        "text/plän",
        "text/*",
        "a" * 128 + "/b",
    ],
)
def test_a_media_type_cannot_break_the_header(text: str) -> None:
    """It is sent as ``Content-Type`` of the download."""
    with pytest.raises(InvalidInputError) as refused:
        texts.media_type(text)
    assert refused.value.rule == "media-type"


@pytest.mark.parametrize(
    "text",
    [
        "a@example.com",
        "anna.exempel+tag@mail.example.co.uk",
        "o'neil_x=y@example.se",
        "x@xn--rksmrgs-5wao1o.se",
        "x@example.xn--p1ai",
        "A@EXAMPLE.COM",
        "a" * 64 + "@example.com",
    ],
)
def test_a_plain_address_passes_unchanged(text: str) -> None:
    """International domains in their ASCII form, top level included."""
    assert texts.mail_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@localhost",
        "a@example",
        "a@@example.com",
        "a@b@example.com",
        "a b@example.com",
        " a@example.com",
        "a@example.com ",
        "a@example.com\n",
        "a@example.com\r\nBcc: b@example.com",
        "a\r\n@example.com",
        "a\0@example.com",
        "Anna <a@example.com>",
        "<a@example.com>",
        '"a b"@example.com',
        "a@example.com (comment)",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@-example.com",
        "a@example-.com",
        "a@example..com",
        "a@.example.com",
        "a@example.com.",
        "a@example.c",
        "a@example.1a",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "åsa@example.com",
        "a@exämple.com",
        "a@example.com\u202e",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
    ],
)
def test_what_is_not_one_plain_address_is_refused(text: str) -> None:
    """No display name, list, comment or line break; RFC 5321 section 4.1.2 for dots and lengths."""
    with pytest.raises(InvalidInputError) as refused:
        texts.mail_address(text)
    assert refused.value.rule == "mail-address"


@given(st.text(max_size=40) | st.text("a@.-\r\n <>,", max_size=20))
def test_an_accepted_address_is_one_token(text: str) -> None:
    """Whatever comes in, nothing that a mail header gives a meaning to is left."""
    try:
        found = texts.mail_address(text)
    except InvalidInputError:
        return
    assert found == text
    assert re.fullmatch(r"[!-~]+@[!-~]+", found)
    assert not set(found) & set('()<>[]:;,\\"')


@given(st.text(max_size=300))
def test_no_text_breaks_the_rules(text: str) -> None:
    """Every text is taken or refused with a named rule."""
    for rule in (texts.subject, texts.message_text, texts.media_type, texts.mail_address):
        try:
            accepted = rule(text)
        except InvalidInputError:
            continue
        accepted.encode()
