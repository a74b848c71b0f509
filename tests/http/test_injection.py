"""Injection corpora through every text field of the API: nothing is executed, and nothing of anybody else changes."""

import unicodedata
from typing import Any, Final

import httpx
import pytest

from shared.domain.principals import Role
from tests.support.every_route import Scene, content_of
from tests.support.json_bodies import body_of, json_routes, replaced, sending, texts_in
from tests.support.problems import problem_of
from tests.support.world import encoded

CANARY: Final = "pic-injected"

TEXTS: Final = (
    # NoSQL and query languages
    *("' OR '1'='1", '" OR 1=1 --', "'; return true; //", "x' || 'a'=='a", "1; SELECT * FROM c", "c.pk = @pk OR true"),
    *("PartitionKey eq 'x' or true", "$where: 1", "{'$gt': ''}", "organisation|x", "|", "}", "thread|0|1"),
    # headers and mails
    *(
        f"a\r\nX-{CANARY}: 1",
        f"a\nSet-Cookie: {CANARY}=1",
        "a\r\nBcc: x@example.com",
        "a%0d%0aBcc: x@example.com",
        "\r",
    ),
    # directories and paths
    *("*)(uid=*))(|(uid=*", "../../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "file:///etc/passwd", "\0"),
    # templates, formats, shells
    *(
        "{{48611*96137}}",
        "${48611*96137}",
        "#{48611*96137}",
        "<%= 48611*96137 %>",
        "{48611*96137}",
        "%(x)s%n%s",
        "{0.__class__}",
        "{address}",
    ),
    *("$(id)", "`id`", "; id", "| id", "${jndi:ldap://127.0.0.1/x}", "__import__('os').system('id')"),
    # markup and cells
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "]]>", "<!--"),
    *("=cmd|'/c calc'!A1", "@SUM(1+1)", "+1+1", "-2+3", "\t=1+1", '=HYPERLINK("http://x")'),
    # text that is not what it seems
    *("\u202egnp.exe", "\ufeff", "A\u0301" * 50, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "ＡＤＭＩＮ", "ı", "ﬀ"),
)

SHAPES: Final[tuple[Any, ...]] = (
    *({"$ne": None}, {"$gt": ""}, {"$where": "1"}, [""], ["admin"], [], {}, 0, 1.5, True, None, [{"$ne": 1}]),
)
"""What a text is not."""

RESULT: Final = "4673315707"
"""What 48611*96137 is: so many digits that no random id of ours holds them by chance."""


def is_harmless(answer: httpx.Response, sent: str) -> None:
    """Answered, by us, and nothing in it that the text would have made of itself."""
    assert answer.status_code < 500, sent
    assert CANARY not in str(answer.headers).lower()
    assert RESULT not in answer.text.replace(sent, "")
    assert "root:" not in answer.text
    assert "uid=0" not in answer.text


@pytest.mark.parametrize("route", json_routes())
async def test_a_text_is_a_text(scene: Scene, route: str) -> None:
    """Each of the corpus in each field of the body: taken as it is, or refused; the neighbours see nothing of it."""
    browser, body = await sending(scene, route), body_of(scene, route)
    foreign = await scene.foreign()
    theirs = _of(foreign)
    for place in texts_in(body):
        for text in TEXTS:
            call = scene.call(route)
            answer = await browser.call(call.method, call.path, json=replaced(body, place, text))
            is_harmless(answer, text)
            if answer.status_code >= 400:
                problem_of(answer, answer.status_code, answer.json()["type"].rpartition(":")[2])
                assert text not in answer.text or len(text) < 3
    await scene.world.container.run_queues()
    assert _of(foreign) == theirs
    for mail in scene.world.container.mailer.sent:
        assert mail.to != "x@example.com"
        assert RESULT not in mail.text


@pytest.mark.parametrize("route", json_routes())
async def test_what_is_no_text_is_no_text(scene: Scene, route: str) -> None:
    """An operator, a list, a number where a text belongs: 422, and nothing is stored."""
    browser, body = await sending(scene, route), body_of(scene, route)
    before = content_of(scene)
    for place in texts_in(body):
        for shape in SHAPES:
            call = scene.call(route)
            answer = await browser.call(call.method, call.path, json=replaced(body, place, shape))
            if shape is None and answer.status_code < 300:
                continue  # A field that may be left out.
            problem_of(answer, 422, "invalid-request")
    if route != "create_thread":
        assert content_of(scene) == before


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_a_text_in_the_metadata_of_an_upload_is_a_text(scene: Scene, text: str) -> None:
    """A file's name and type: stored and given back as they are, or refused."""
    parts = scene.draft.split("/")
    for told in ({"filename": text}, {"filename": "a.pdf", "filetype": text}, {"filename": "a.pdf", text or "x": "y"}):
        metadata = encoded({"thread": parts[4], "message": parts[6], **told})
        if not metadata.isascii() or any(not char.isprintable() for char in metadata):
            continue  # No client could send it.
        headers = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": metadata}
        answer = await scene.staff.call("POST", "/api/v1/uploads", headers=headers)
        is_harmless(answer, text)
        assert answer.status_code in {201, 404, 422}
        if answer.status_code == 201:
            await scene.world.append(scene.staff, answer.headers["location"], 0, b"x")
    opened = await scene.staff.json("POST", f"{scene.draft}/open")
    names = {file["name"] for file in opened["files"]} | {file["name"] for file in opened["unfinished"]}
    assert names <= {text, text.strip(), "a.pdf", "beslut.pdf", _composed(text)}


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_a_text_in_a_query_is_a_text(scene: Scene, text: str) -> None:
    """Units, continuations, months, states: found as they are, or not."""
    admin = await scene.world.staff(role=Role.ADMIN)
    for browser, path, name in (
        (scene.staff, "/api/v1/threads", "unit"),
        (scene.staff, f"/api/v1/threads?unit={scene.world.unit}", "continuation"),
        (admin, "/api/v1/audit", "month"),
        (admin, "/api/v1/audit?month=2026-03", "continuation"),
        (scene.staff, "/api/v1/oidc/callback", "state"),
        (scene.staff, "/api/v1/uploads", "thread"),
    ):
        method = "OPTIONS" if name == "thread" else "GET"
        joint = "&" if "?" in path else "?"
        answer = await browser.call(method, f"{path}{joint}{httpx.QueryParams({name: text})}")
        is_harmless(answer, text)
        is_key = name == "continuation" and answer.status_code == 200  # A place in one's own list, with nothing behind.
        assert is_key or answer.status_code in {204, 303, 400, 404, 422}, (name, answer.status_code)


def _of(foreign: Scene) -> tuple[object, ...]:
    """What lies in the foreign thread, and what the organisation is."""
    records = foreign.world.container.record_store._partitions
    keys = (f"thread|{foreign.thread}", f"organisation|{foreign.world.organisation}", f"outbox|{foreign.world.unit}")
    return tuple(dict(records[key]) for key in keys)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
