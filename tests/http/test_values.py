"""Values that break a rule of the domain: refused by the rule's name, and the good ones beside them taken."""

import base64
from datetime import datetime

import pytest
from httpx import Response

from shared.domain.texts import TEXT_MAX_BYTES
from tests.support import world as worlds
from tests.support.every_route import TUS, Scene
from tests.support.problems import problem_of
from tests.support.world import TOLVAN

NAMES = {
    "file-name": (
        *(
            "../../etc/passwd",
            "..",
            ".",
            " ",
            "",
            "C:\\beslut.pdf",
            "a/b",
            "a\\b",
            "a:b",
            "a*b",
            "a?b",
            'a"b',
            "a<b",
            "a|b",
        ),
        *("a\0b", "a\r\nSet-Cookie: x=y", "a\tb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b"),
        *("exe.\u202efdp", "a\u2066b", "a\u200eb", "\u061cb", " a.pdf", "a.pdf ", "\u00a0a.pdf", "..."),
    ),
    "file-name-length": ("a" * 256, "å" * 128, "👩‍👩‍👧‍👦" * 11),
}
GOOD_NAMES = (
    *(
        "beslut.pdf",
        "Beslut åäö.pdf",
        "a" * 255,
        "å" * 127,
        "👩‍👩‍👧‍👦.png",
        "CON.txt",
        ".dold",
        "a b.c",
        "=cmd'!A1",
        "100%.pdf",
    ),
    *("A\u030angstro\u0308m.txt", "Аррlе.pdf", "~$x", "a;b=c.pdf", "a'b", "a,b.pdf", "-rf"),
)


def metadata(scene: Scene, **changes: str | None) -> str:
    parts = scene.draft.split("/")
    pairs = {"thread": parts[4], "message": parts[6], "filename": "a.pdf", "filetype": "application/pdf", **changes}
    return ",".join(
        f"{key} {base64.b64encode(value.encode('utf-8', 'surrogatepass')).decode()}"
        for key, value in pairs.items()
        if value is not None
    )


def creation(header: str, length: str = "5") -> dict[str, str]:
    return {**TUS, "upload-length": length, "upload-metadata": header}


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in NAMES.items() for name in names], ids=ascii)
async def test_a_hostile_file_name_is_refused(scene: Scene, rule: str, name: str) -> None:
    """Refused and not repaired: paths, controls, line breaks, names that look like others, names too long to store."""
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers=creation(metadata(scene, filename=name)))
    assert problem_of(answer, 422, "invalid-input")["rule"] == rule


@pytest.mark.parametrize("name", GOOD_NAMES, ids=ascii)
async def test_an_unusual_file_name_is_taken(scene: Scene, name: str) -> None:
    """Other scripts, emoji, what is odd in a spreadsheet or a shell: content of the sender, and harmless here."""
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers=creation(metadata(scene, filename=name)))
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "media_type", ["text", "text/", "/plain", "a/b; c=d", "a/b\r\nX: y", "ä/b", "a b/c", "a/" + "b" * 128]
)
async def test_a_media_type_of_another_form_is_refused(scene: Scene, media_type: str) -> None:
    """It becomes the header of the download."""
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers=creation(metadata(scene, filetype=media_type)))
    assert problem_of(answer, 422, "invalid-input")["rule"] == "media-type"


NUMBERS = {
    "personal-number-form": (
        *("", "1", "191212121212x", "1212121212", "121212-1212", "300001010000", "170001010008", "19121212 1212 1"),
        *("１９１２１２１２１２１２", "١٩١٢١٢١٢١٢١٢", "19121212+1212", "1912121212\u00b12", "191212121212\n", "-" * 20),
    ),
    "personal-number-check-digit": ("191212121213", "199006022398", "191212121221"),
    "personal-number-date": ("191313121210", "191202301212", "209901012394", "197011942393"),
}


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, number) for rule, numbers in NUMBERS.items() for number in numbers], ids=ascii
)
async def test_a_personal_number_that_is_none_is_refused(scene: Scene, rule: str, number: str) -> None:
    """Form, check digit, date, in that order; a century is never guessed, and only ASCII digits are digits."""
    answer = await thread(scene, personal_number=number)
    assert problem_of(answer, 422, "invalid-input")["rule"] == rule


@pytest.mark.parametrize("number", [TOLVAN, "19121212-1212", "19121212 1212", "199006022397", "197011902397"])
async def test_a_personal_number_is_taken_as_people_write_it(scene: Scene, number: str) -> None:
    """With a hyphen or a space, and a samordningsnummer as well."""
    answer = await thread(scene, personal_number=number)
    assert answer.status_code == 201
    digits = number.replace("-", "").replace(" ", "")
    assert answer.json()["persons"][0]["masked_number"] == f"{digits[:8]}-****"
    assert digits not in answer.text


async def test_the_same_person_twice_is_refused(scene: Scene) -> None:
    """However the number is written."""
    persons = [{"personal_number": n, "mail_address": "a@example.com"} for n in (TOLVAN, "19121212-1212")]
    new = {"unit": scene.world.unit, "subject": "Beslut", "persons": persons}
    answer = await scene.staff.call("POST", "/api/v1/threads", json=new)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "persons-repeated"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "a",
            "@",
            "a@",
            "@b.se",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@example.com\r\nBcc: b@example.com",
        ),
        *("A <a@example.com>", "a@example.com,b@example.com", "a@[127.0.0.1]", "a@räksmörgås.se", "å@example.com"),
        *('"a b"@example.com', "a@-b.se", "a@b-.se", "a@b..se", "a\u202e@example.com", "x" * 65 + "@example.com"),
    ],
    ids=ascii,
)
async def test_a_mail_address_that_could_hide_another_is_refused(scene: Scene, address: str) -> None:
    """No display name, no list, no line break, nothing that a mail server would read as more than one address."""
    answer = await thread(scene, mail_address=address)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "mail-address"


@pytest.mark.parametrize("subject", ["", "   ", "a\nb", "a\r\nBcc: x", "a\0b", "a\u202eb", "\u2028"], ids=ascii)
async def test_a_subject_is_one_visible_line(scene: Scene, subject: str) -> None:
    """Nothing in it breaks a line or turns the reading direction."""
    answer = await thread(scene, subject=subject)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "subject"


@pytest.mark.parametrize(("length", "status"), [(200, 201), (201, 422)])
async def test_a_subject_has_200_characters(scene: Scene, length: int, status: int) -> None:
    """The documented limit, to the character."""
    assert (await thread(scene, subject="å" * length)).status_code == status


async def thread(scene: Scene, *, subject: str = "Beslut", **person: str) -> Response:
    persons = [{"personal_number": TOLVAN, "mail_address": "tolvan@example.com", **person}]
    new = {"unit": scene.world.unit, "subject": subject, "persons": persons}
    return await scene.staff.call("POST", "/api/v1/threads", json=new)


async def test_a_text_of_64_kib_is_taken_and_one_byte_more_is_not(scene: Scene) -> None:
    """Counted in UTF-8: longer texts travel as files."""
    path = f"/api/v1/threads/{scene.thread}/messages"
    for text in ("a" * TEXT_MAX_BYTES, "å" * (TEXT_MAX_BYTES // 2), "🙂" * (TEXT_MAX_BYTES // 4)):
        assert (await scene.staff.call("POST", path, json={"text": text})).status_code == 201
        answer = await scene.staff.call("POST", path, json={"text": text + "a"})
        assert problem_of(answer, 413, "too-large")["limit_bytes"] == TEXT_MAX_BYTES


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "a\u202eb", "\x7f"], ids=ascii)
async def test_a_text_holds_nothing_invisible(scene: Scene, text: str) -> None:
    """Line breaks and tabs are part of a text, other controls are not."""
    path = f"/api/v1/threads/{scene.thread}/messages"
    answer = await scene.staff.call("POST", path, json={"text": text})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "text"
    assert (await scene.staff.call("POST", path, json={"text": "a\r\n\tb"})).status_code == 201


@pytest.mark.parametrize("days", [0, -1, 366, 10**30, "3", "", True, 3.0, 1.5, [3], {"a": 1}])
async def test_retention_outside_the_rule_is_refused(scene: Scene, days: object) -> None:
    """Whole days from 1 to 365, as a number."""
    path = f"/api/v1/threads/{scene.thread}/messages"
    answer = await scene.staff.call("POST", path, json={"text": "", "retention_days": days})
    (fault,) = problem_of(answer, 422, "invalid-request")["errors"]
    assert fault["at"] == "body.retention_days"


@pytest.mark.parametrize("days", [1, 365, None])
async def test_retention_inside_the_rule_is_taken(scene: Scene, days: int | None) -> None:
    """Without one, the organisation's own counts."""
    path = f"/api/v1/threads/{scene.thread}/messages"
    message = await scene.staff.json("POST", path, 201, json={"text": "", "retention_days": days})
    assert message["expires_at"] > message["created_at"]


LENGTHS = ("", "-1", "+5", "5.0", "0x5", "1e3", " ", "٥", "5 5", "5,5", "five", "9" * 19, "9" * 5000)


@pytest.mark.parametrize("length", LENGTHS, ids=lambda length: ascii(length)[:20])
async def test_an_upload_length_that_is_no_length_is_refused(scene: Scene, length: str) -> None:
    """Whole bytes in ASCII digits."""
    headers = {name: value.encode() for name, value in creation(metadata(scene), length).items()}
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers=headers)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "upload-length"


@pytest.mark.parametrize(
    "lengths",
    [{"upload-defer-length": "0"}, {"upload-defer-length": "1", "upload-length": "5"}, {"upload-defer-length": "true"}],
)
async def test_an_upload_has_one_length_or_none_yet(scene: Scene, lengths: dict[str, str]) -> None:
    """tus, creation-defer-length: the header is 1, and stands instead of the length."""
    headers = {**TUS, "upload-metadata": metadata(scene), **lengths}
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers=headers)
    assert problem_of(answer, 422, "invalid-input")["rule"] == "upload-length"


BROKEN_METADATA = (
    *(b"filename", b"filename $$$", b"filename YQ", b"filename Y Q==", b"filename YQ== YQ==", b"filename \xe5"),
    *(b"filename YQ==,filename YQ==", b"filename /w==", b"filename 7aCA", b"a" * 8193, b"filename YQ\xcc\x8a=="),
)


@pytest.mark.parametrize("extra", BROKEN_METADATA, ids=lambda extra: ascii(extra)[:30])
async def test_metadata_of_another_form_is_refused(scene: Scene, extra: bytes) -> None:
    """Keys once each, values base64 of UTF-8, all of it short."""
    header = metadata(scene, filename=None).encode() + b"," + extra
    answer = await scene.staff.call(
        "POST", "/api/v1/uploads", headers={**TUS, "upload-length": "5", b"upload-metadata": header}
    )
    rule = "file-name" if extra == b"filename" else "upload-metadata"
    assert problem_of(answer, 422, "invalid-input")["rule"] == rule


async def test_metadata_without_its_ids_finds_nothing(scene: Scene) -> None:
    """An upload belongs to a message, and to one that is there."""
    for header in (metadata(scene, thread=None), metadata(scene, message=None), metadata(scene, thread="x")):
        answer = await scene.staff.call("POST", "/api/v1/uploads", headers=creation(header))
        problem_of(answer, 404, "not-found")
    answer = await scene.staff.call("POST", "/api/v1/uploads", headers={**TUS, "upload-length": "5"})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "file-name"


async def test_a_sender_may_shorten_the_retention_and_never_exceed_it() -> None:
    """The organisation's rule is the longest; without a wish it is what counts."""
    async with worlds.world(PIC_RETENTION_DAYS="30") as world:
        staff = await world.staff()
        path = f"/api/v1/threads/{await world.thread(staff)}/messages"
        longer = await staff.call("POST", path, json={"text": "Hej", "retention_days": 31})
        assert longer.status_code == 422
        assert longer.json()["rule"] == "retention-days"
        for wish, days in (({}, 30), ({"retention_days": 30}, 30), ({"retention_days": 7}, 7)):
            made = await staff.json("POST", path, 201, json={"text": "Hej", **wish})
            lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
            assert lives.days == days
