"""What ``Mailer`` promises, on memory and over SMTP to the mail catcher."""

import email
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from local.key_vault.pki import ensure_certificates
from local.mail.smtp import Catcher, Refusals, listen
from local.mail.store import MailStore
from shared.adapters.memory_mail import MemoryMail
from shared.adapters.smtp_mail import Security, SmtpMail
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError, InvalidInputError
from shared.domain.ports import Mail
from tests.support.mail import RunningMailCatcher

NOW = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
ADDRESS = "tolvan.tolvansson@example.test"
SENDER = "no-reply@pic.example.test"
NOTICE = Mail(to=ADDRESS, subject="Nytt meddelande – åäö", text="Hej,\n\n.en punkt först\nåäö 😀\n", message_id="0a1b")


def now() -> datetime:
    return NOW


@pytest.fixture(scope="module")
def catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMailCatcher]:
    running = RunningMailCatcher.start(tmp_path_factory.mktemp("mail"))
    yield running
    running.stop()


@pytest.fixture(params=["memory", "smtp"])
def mailer(request: pytest.FixtureRequest) -> MemoryMail | SmtpMail:
    if request.param == "memory":
        return MemoryMail(clock=now)
    return over_smtp(request.getfixturevalue("catcher"))


@pytest.fixture
async def smtp(catcher: RunningMailCatcher) -> AsyncIterator[SmtpMail]:
    await catcher.clear()
    yield over_smtp(catcher)
    await catcher.refuse("451 4.3.0 none", count=0)


def over_smtp(catcher: RunningMailCatcher) -> SmtpMail:
    return plain(catcher.smtp_port)


def plain(port: int, *, timeout_seconds: float = 10.0) -> SmtpMail:
    return SmtpMail(
        host="127.0.0.1",
        port=port,
        sender=SENDER,
        security="none",
        clock=now,
        timeout_seconds=timeout_seconds,
    )


def with_(**changes: str) -> Mail:
    return Mail(**({"to": NOTICE.to, "subject": NOTICE.subject, "text": "x", "message_id": "0a1b"} | changes))


async def test_a_notice_is_handed_over_and_the_server_answers(mailer: MemoryMail | SmtpMail) -> None:
    """At least once, so also twice."""
    await mailer.ping()
    await mailer.send(NOTICE)
    await mailer.send(NOTICE)
    await mailer.close()


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "@example.test",
        "a@",
        "a@b",
        "a b@example.test",
        "a@example.test\r\nBcc: b@example.test",
        "a@example.test\n",
        "a@example.test, b@example.test",
        "A <a@example.test>",
        "<a@example.test>",
        '"a\r\n"@example.test',
        "a@example.test\u2028",
        "å@example.test",
        "a" * 250 + "@example.test",
    ],
)
async def test_what_is_no_plain_address_is_refused_before_it_is_sent(mailer: MemoryMail | SmtpMail, to: str) -> None:
    """Each of these would be two recipients, another header, or a command of its own."""
    with pytest.raises(InvalidInputError, match=r"^address$") as caught:
        await mailer.send(with_(to=to))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("subject", ["a\r\nBcc: b@example.test", "a\nb", "a\rb", "a\u2028b", "a\x00b", "x" * 900])
async def test_a_subject_cannot_become_a_header(mailer: MemoryMail | SmtpMail, subject: str) -> None:
    """Ours are fixed texts; the adapter does not rely on it."""
    with pytest.raises(InvalidInputError, match=r"^subject$"):
        await mailer.send(with_(subject=subject))


@pytest.mark.parametrize("message_id", ["", "a b", "a>\r\nX: y", "<a@b>", "å"])
async def test_a_message_id_cannot_become_a_header(mailer: MemoryMail | SmtpMail, message_id: str) -> None:
    """It is made by us, so a wrong one is our fault."""
    with pytest.raises(ValueError, match="message id"):
        await mailer.send(with_(message_id=message_id))


async def test_the_memory_adapter_tells_what_was_sent_and_refuses_whom_it_should() -> None:
    """For tests of services."""
    memory = MemoryMail(clock=now)
    memory.refused.add("gone@example.test")
    await memory.send(NOTICE)
    with pytest.raises(InvalidInputError, match=r"^address$"):
        await memory.send(with_(to="gone@example.test"))
    assert memory.sent == [NOTICE]


async def test_the_mail_arrives_with_the_headers_it_needs(smtp: SmtpMail, catcher: RunningMailCatcher) -> None:
    """One recipient, a stable Message-ID, the clock's date, a mark against absence notes, and every letter whole."""
    await smtp.send(NOTICE)
    (mail,) = await catcher.mails()
    assert mail["to"] == [ADDRESS]
    assert mail["subject"] == NOTICE.subject
    assert mail["text"] == NOTICE.text
    headers = dict(mail["headers"])
    assert headers["From"] == SENDER
    assert headers["To"] == ADDRESS
    assert headers["Date"] == "Thu, 04 Mar 2027 05:06:07 +0000"
    assert headers["Message-ID"] == "<0a1b@pic.example.test>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Content-Type"] == 'text/plain; charset="utf-8"'


async def test_nothing_of_our_host_shows(tmp_path: Path) -> None:
    """The greeting names the sender's domain, not the machine; and the wire carries seven bits."""
    async with in_process(tmp_path) as (port, store):
        await plain(port).send(NOTICE)
        (mail,) = store.newest_first()
    assert mail.raw.isascii()
    assert socket.gethostname().encode() not in mail.raw
    assert email.message_from_bytes(mail.raw, policy=default)["Subject"] == NOTICE.subject


@pytest.mark.parametrize(
    "reply", ["550 5.1.1 No such mailbox", "553 not taken", "551 5.1.6 moved", "550 5.2.1 Mailbox disabled"]
)
async def test_an_address_refused_for_good_is_told(smtp: SmtpMail, catcher: RunningMailCatcher, reply: str) -> None:
    """So that the sender hears of it, and nobody tries for ever. The error holds no address, nor the server's text."""
    await catcher.refuse(reply)
    with pytest.raises(InvalidInputError, match=r"^address$") as caught:
        await smtp.send(NOTICE)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert await catcher.mails() == []


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        ("451 4.3.0 Try again later", "recipient"),
        ("452 4.2.2 Over quota", "recipient"),
        ("530 5.7.0 Sign in first", "recipient"),
        ("554 5.7.1 tolvan.tolvansson@example.test: relay access denied", "recipient"),
        ("451 4.3.0 Try again later", "content"),
        ("554 5.6.0 Content refused for tolvan.tolvansson@example.test", "content"),
        ("421 4.3.2 Closing", "recipient"),
    ],
)
async def test_what_may_pass_or_is_our_own_fault_is_a_fault_of_the_dependency(
    smtp: SmtpMail, catcher: RunningMailCatcher, reply: str, step: str
) -> None:
    """The queue tries again and alarms; no address is taken for wrong because a setting is. And no address leaks."""
    await catcher.refuse(reply, step=step)
    with pytest.raises(DependencyError) as caught:
        await smtp.send(NOTICE)
    assert caught.value.args == (int(reply[:3]),)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    await smtp.send(NOTICE)
    assert len(await catcher.mails()) == 1


async def test_a_server_that_is_not_there_is_a_fault(smtp: SmtpMail) -> None:
    """Of sending and of the readiness route."""
    del smtp
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = plain(unused.getsockname()[1])
        with pytest.raises(DependencyError):
            await dead.send(NOTICE)
        with pytest.raises(DependencyError):
            await dead.ping()


async def test_a_server_that_says_nothing_is_left() -> None:
    """After the time for a step, and at the deadline of whoever waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailer = plain(silent.getsockname()[1], timeout_seconds=0.3)
        began = time.monotonic()
        with pytest.raises(DependencyError):
            await mailer.send(NOTICE)
        with deadline(time.monotonic() + 0.1), pytest.raises(DependencyError):
            await mailer.ping()
        assert time.monotonic() - began < 2.0


# Over TLS. The certificates are those of the Key Vault emulator: an authority of its own, for 127.0.0.1.


@asynccontextmanager
async def in_process(
    data: Path, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **options: object
) -> AsyncIterator[tuple[int, MailStore]]:
    store = MailStore(data / "mails")
    listener = socket.create_server((host, 0))
    server = await listen(Catcher(store, Refusals()), listener, tls=tls, **options)
    try:
        yield listener.getsockname()[1], store
    finally:
        server.close()
        await server.wait_closed()


def certificates(directory: Path) -> tuple[ssl.SSLContext, Path]:
    files = ensure_certificates(directory, datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context, files.ca


def secured(port: int, security: Security, *, ca: Path | None, host: str = "127.0.0.1") -> SmtpMail:
    return SmtpMail(
        host=host, port=port, sender=SENDER, security=security, clock=now, ca_file=ca, user="pic", password="secret"
    )


def signing_in(*_: object) -> AuthResult:
    return AuthResult(success=isinstance(_[4], LoginPassword) and _[4].password == b"secret")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_notice_travels_over_verified_tls_after_signing_in(tmp_path: Path, security: Security) -> None:
    """Both ways that mail services offer."""
    context, ca = certificates(tmp_path)
    needs = (
        {"require_starttls": True, "tls_context": context} if security == "starttls" else {"auth_require_tls": False}
    )
    async with in_process(
        tmp_path,
        tls=context if security == "tls" else None,
        authenticator=signing_in,
        **needs,
    ) as (port, store):
        mailer = secured(port, security, ca=ca)
        await mailer.ping()
        await mailer.send(NOTICE)
        assert len(store.newest_first()) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("trusts_it", [True, False])
async def test_a_server_with_the_wrong_certificate_gets_nothing(
    tmp_path: Path, security: Security, *, trusts_it: bool
) -> None:
    """An unknown authority, and a right one with another name: neither the password nor the address is sent."""
    context, ca = certificates(tmp_path)
    host = "127.0.0.2" if trusts_it else "127.0.0.1"
    offers = {"tls": context} if security == "tls" else {"tls_context": context}
    async with in_process(tmp_path, host=host, **offers) as (port, store):
        with pytest.raises(DependencyError) as caught:
            await secured(port, security, ca=ca if trusts_it else None, host=host).send(NOTICE)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        assert store.newest_first() == []


async def test_a_server_without_starttls_gets_nothing(tmp_path: Path) -> None:
    """Somebody on the way who takes the offer out must not get the mail in the clear."""
    async with in_process(tmp_path) as (port, store):
        with pytest.raises(DependencyError):
            await secured(port, "starttls", ca=None).send(NOTICE)
        assert store.newest_first() == []


async def test_a_wrong_password_is_no_fault_of_the_address(tmp_path: Path) -> None:
    """535 at sign-in is a setting of ours."""
    context, ca = certificates(tmp_path)

    def nobody(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with in_process(tmp_path, tls_context=context, authenticator=nobody) as (port, _):
        with pytest.raises(DependencyError) as caught:
            await secured(port, "starttls", ca=ca).send(NOTICE)
    assert caught.value.args == (535,)


def test_a_password_is_never_sent_in_the_clear() -> None:
    """Such a setting stops the start."""
    with pytest.raises(ValueError, match="TLS"):
        SmtpMail(host="h", port=25, sender=SENDER, clock=now, security="none", user="pic", password="secret")


def test_a_mail_prints_its_id_alone() -> None:
    """A log line with a mail in it must not name the person."""
    assert repr(NOTICE) == "Mail(0a1b)"
