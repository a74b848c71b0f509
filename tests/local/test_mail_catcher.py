"""The mail catcher: what it shows, keeps, refuses, and how it starts and ends."""

import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from local.mail.smtp import Refusals, Step
from local.mail.store import MailStore
from tests.support.mail import ROOT, RunningMailCatcher, running_mail_catcher


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[RunningMailCatcher]:
    async with running_mail_catcher(tmp_path) as running:
        yield running


def deliver(catcher: RunningMailCatcher, subject: str, text: str, *to: str) -> None:
    message = EmailMessage()
    message["From"] = "no-reply@pic.example.test"
    message["To"] = "shown@example.test"
    message["Subject"] = subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, "client.test") as client:
        client.send_message(message, to_addrs=to or ("a@example.test",))


async def get(catcher: RunningMailCatcher, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=catcher.url) as client:
        return await client.get(path, headers=headers)


async def test_mails_are_listed_newest_first_with_the_recipients_of_the_envelope(catcher: RunningMailCatcher) -> None:
    """What a header claims may differ from who was written to."""
    deliver(catcher, "first", "one")
    deliver(catcher, "second", "two", "b@example.test", "c@example.test")
    mails = await catcher.mails()
    assert [mail["subject"] for mail in mails] == ["second", "first"]
    assert mails[0]["to"] == ["b@example.test", "c@example.test"]
    page = (await get(catcher, "/")).text
    assert page.index("second") < page.index("first")
    assert "2 mails" in page


async def test_one_mail_can_be_read_with_its_source(catcher: RunningMailCatcher) -> None:
    """For a look at what exactly was sent."""
    deliver(catcher, "first", "åäö")
    (mail,) = await catcher.mails()
    answer = (await get(catcher, f"/mails/{mail['id']}")).json()
    assert answer["text"] == "åäö\n"
    assert answer["raw"].startswith("From: no-reply@pic.example.test\r\n")


@pytest.mark.parametrize("id_", ["none", "..%2f..%2fetc%2fpasswd", "20260101T000000000000-00000000"])
async def test_a_mail_that_is_not_there_is_not_found(catcher: RunningMailCatcher, id_: str) -> None:
    """And an id is never a path."""
    assert (await get(catcher, f"/mails/{id_}")).status_code == 404


async def test_a_mail_is_text_on_the_page_and_never_markup(catcher: RunningMailCatcher) -> None:
    """What the service under development writes must not run in the developer's browser."""
    deliver(catcher, "<script>alert(1)</script>", "</pre><img src=x onerror=alert(2)>", '"<b>"@example.test')
    answer = await get(catcher, "/")
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "<b>" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_an_empty_catcher_says_so_and_its_style_is_there(catcher: RunningMailCatcher) -> None:
    """The first look at it."""
    assert "No mail yet" in (await get(catcher, "/")).text
    assert (await get(catcher, "/style.css")).headers["Content-Type"].startswith("text/css")


async def test_a_name_that_only_points_here_is_refused(catcher: RunningMailCatcher) -> None:
    """A page elsewhere could point its own name at 127.0.0.1 and read the mails."""
    assert (await get(catcher, "/mails", Host="elsewhere.test")).status_code == 400


async def test_mails_survive_a_restart_until_they_are_deleted(tmp_path: Path) -> None:
    """`make run` keeps its data."""
    async with running_mail_catcher(tmp_path) as catcher:
        deliver(catcher, "kept", "text")
    async with running_mail_catcher(tmp_path) as catcher:
        assert [mail["subject"] for mail in await catcher.mails()] == ["kept"]
        await catcher.clear()
        assert await catcher.mails() == []
    assert MailStore(tmp_path).newest_first() == []


async def test_it_refuses_as_often_as_it_is_told(catcher: RunningMailCatcher) -> None:
    """At the recipient or after the content, then takes mails again."""
    await catcher.refuse("550 5.1.1 No such mailbox", count=2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            deliver(catcher, "refused", "text")
    deliver(catcher, "taken", "text")
    await catcher.refuse("451 4.3.0 Later", step="content")
    with pytest.raises(smtplib.SMTPDataError):
        deliver(catcher, "refused", "text")
    assert [mail["subject"] for mail in await catcher.mails()] == ["taken"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"reply":"250 OK","count":1,"step":"recipient"}', '{"reply":1}'])
async def test_a_refusal_that_is_none_is_not_taken(catcher: RunningMailCatcher, body: str) -> None:
    """A test that sets the wrong fault must not pass for lack of it."""
    async with httpx.AsyncClient(base_url=catcher.url) as client:
        assert (await client.put("/refusals", content=body)).status_code == 400


def test_a_refusal_cannot_become_a_second_reply() -> None:
    """Neither by a line end nor by a count below nothing."""
    refusals = Refusals()
    for reply, count in (("550 a\r\n250 b", 1), ("550 a", -1), ("250 a", 1)):
        with pytest.raises(ValueError, match="reply or count"):
            refusals.set(reply=reply, count=count, step=Step.RECIPIENT)


def test_a_mail_without_plain_text_has_none(tmp_path: Path) -> None:
    """Ours have; what else arrives is shown by its headers."""
    store = MailStore(tmp_path)
    store.keep(["a@example.test"], b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>hi\r\n")
    assert [mail.text for mail in store.newest_first()] == [""]


@pytest.mark.parametrize("option", ["--smtp-port", "--http-port"])
def test_a_taken_port_is_one_line_that_names_it(tmp_path: Path, option: str) -> None:
    """And the setting that moves it; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"--smtp-port": "0", "--http-port": "0", option: str(port)}
        arguments = [word for pair in ports.items() for word in pair]
        ended = subprocess.run(
            [sys.executable, "-m", "local.mail", "--data", str(tmp_path), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"127.0.0.1:{port} ({option})" in line


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(tmp_path: Path, sign: signal.Signals) -> None:
    """Ctrl-C is how a developer says goodbye, not a failure."""
    catcher = RunningMailCatcher.start(tmp_path)
    catcher.process.send_signal(sign)
    assert catcher.process.wait(10) == 0
    catcher.stop()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """When standard input ends, which is the one sign of a parent's death that no signal can prevent."""
    catcher = RunningMailCatcher.start(tmp_path)
    assert catcher.process.stdin is not None
    catcher.process.stdin.close()
    assert catcher.process.wait(10) == 0
    catcher.stop()
