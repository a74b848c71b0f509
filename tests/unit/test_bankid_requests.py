"""What BankID is asked for: exactly what its rules allow, or nothing is sent."""

import base64
from dataclasses import replace

import pytest

from shared.adapters.bankid_requests import auth_body, sign_body
from shared.domain.electronic_id import AcceptedRisk, CardReader, OrderRequest, Requirement, SignRequest
from shared.domain.errors import InvalidInputError
from shared.domain.personal_number import PersonalNumber
from tests.support.bankid_wire import NUMBER, REQUEST, SIGNING, STARTED, ScriptedBankId, answer

PERSON = PersonalNumber(NUMBER)


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_a_signature_is_asked_for_as_bankid_documents_it() -> None:
    """What is shown and what is not are both signed."""
    server = ScriptedBankId(answer(STARTED))
    await server.client.sign(replace(SIGNING, return_risk=False, return_url="https://portal.example.se/#n=1"))
    (request,) = server.requests
    assert (request.method, str(request.url)) == ("POST", "https://bankid.example/rp/v6.0/sign")
    assert server.bodies == [
        {
            "endUserIp": "192.0.2.7",
            "returnRisk": False,
            "userVisibleData": base64_of("Jag godkänner avtalet.".encode()),
            "userVisibleDataFormat": "simpleMarkdownV1",
            "userNonVisibleData": base64_of(b"digest"),
            "returnUrl": "https://portal.example.se/#n=1",
            "web": {
                "referringDomain": "portal.example.se",
                "userAgent": "Mozilla/5.0",
                "deviceIdentifier": "device",
            },
        }
    ]


@pytest.mark.parametrize(
    ("requirement", "members"),
    [
        (None, None),
        (Requirement(), None),
        (Requirement(personal_number=PERSON), {"personalNumber": NUMBER}),
        (Requirement(pin_code=True), {"pinCode": True}),
        (Requirement(mrtd=True), {"mrtd": True}),
        (Requirement(card_reader=CardReader.CLASS1), {"cardReader": "class1"}),
        (Requirement(card_reader=CardReader.CLASS2), {"cardReader": "class2"}),
        (Requirement(risk=AcceptedRisk.LOW), {"risk": "LOW"}),
        (Requirement(risk=AcceptedRisk.MODERATE), {"risk": "MODERATE"}),
        (
            Requirement(certificate_policies=("1.2.752.78.1.5", "1.2.752.78.*", "1.2.3.4.25")),
            {"certificatePolicies": ["1.2.752.78.1.5", "1.2.752.78.*", "1.2.3.4.25"]},
        ),
    ],
)
def test_a_requirement_names_what_is_asked_for_and_nothing_else(
    requirement: Requirement | None, members: dict[str, object] | None
) -> None:
    """The same for both; an empty one is left out."""
    for body in (
        auth_body(replace(REQUEST, requirement=requirement)),
        sign_body(replace(SIGNING, requirement=requirement)),
    ):
        assert body.get("requirement") == members


@pytest.mark.parametrize(
    "policy", ["", "1", "1.2.3.4", "1.2.3.*", "1.2.*.4.5", "*", "1.2.3.4.5.", "3.2.3.4.5", "1.2.3.4.5*", "1.2.3.4.x"]
)
def test_a_policy_that_is_none_is_not_sent(policy: str) -> None:
    """A wrong one would drop all of BankID's defaults and let nobody in."""
    wrong = Requirement(certificate_policies=("1.2.752.78.1.5", policy))
    with pytest.raises(InvalidInputError, match="certificate-policy"):
        auth_body(replace(REQUEST, requirement=wrong))


def auth(text: str = "x", hidden: bytes = b"") -> OrderRequest:
    return replace(REQUEST, user_visible_text=text, user_non_visible_data=hidden)


def signing(text: str = "x", hidden: bytes = b"") -> SignRequest:
    return replace(SIGNING, user_visible_text=text, user_non_visible_data=hidden)


def test_lengths_count_after_base64() -> None:
    """The last length that goes through, and the first that does not."""
    assert len(str(auth_body(auth("x" * 1125, b"x" * 1125))["userVisibleData"])) == 1500
    assert len(str(auth_body(auth("å" * 562))["userVisibleData"])) == 1500
    body = sign_body(signing("x" * 30_000, b"x" * 150_000))
    assert (len(str(body["userVisibleData"])), len(str(body["userNonVisibleData"]))) == (40_000, 200_000)
    for wrong in (auth("x" * 1126), auth("å" * 563), auth(""), auth("x", b"x" * 1126)):
        with pytest.raises(InvalidInputError, match="visible"):
            auth_body(wrong)
    for too_long in (signing("x" * 30_001), signing(""), signing("x", b"x" * 150_001)):
        with pytest.raises(InvalidInputError, match="visible"):
            sign_body(too_long)


@pytest.mark.parametrize("text", ["rad\nrad", "rad\r\nrad", "# Åäö *é* – “ß” § 7 €, 12 °C, ½ Ω", "+ a\n---\n| a | b |"])
def test_what_people_write_is_shown(text: str) -> None:
    """Line breaks, marks and letters of other languages."""
    assert base64.b64decode(str(auth_body(auth(text))["userVisibleData"])).decode() == text
    assert base64.b64decode(str(sign_body(signing(text))["userVisibleData"])).decode() == text


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\t", "\x1b", "\x7f", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff", "\ud800", "\ue000", "\uffff"),
        *("😀", "🇸🇪", "👍🏽", "☎", "✅", "⌚", "⏰", "⭐", "1\u20e3", "❤\ufe0f", "\U000e0041", "🫠"),
    ],
    ids=ascii,
)
def test_what_apps_show_differently_is_not_sent(character: str) -> None:
    """What is signed must be what was seen: no pictures, nothing unseen, nothing that turns the text around."""
    with pytest.raises(InvalidInputError, match="user-visible-text"):
        auth_body(auth(f"a{character}b"))
    with pytest.raises(InvalidInputError, match="user-visible-text"):
        sign_body(signing(f"a{character}b"))


@pytest.mark.parametrize(
    ("domain", "sent"),
    [
        ("portal.example.se", "portal.example.se"),
        ("Portal.Example.SE", "portal.example.se"),
        ("127.0.0.1", "127.0.0.1"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        (".".join(["a" * 62] * 4), ".".join(["a" * 62] * 4)),
    ],
)
def test_the_domain_is_sent_as_browsers_know_it(domain: str, sent: str) -> None:
    """BankID compares it with what the app is told."""
    web = auth_body(replace(REQUEST, referring_domain=domain))["web"]
    assert isinstance(web, dict)
    assert web["referringDomain"] == sent


@pytest.mark.parametrize(
    "domain", ["", "se", "a_b.se", "https://portal.se", "a b.se", "a..se", "a" * 64 + ".se", ".".join(["a" * 63] * 4)]
)
def test_a_domain_that_bankid_would_refuse_is_not_sent(domain: str) -> None:
    """3 to 253 characters of ``[0-9a-z.-]``."""
    with pytest.raises(InvalidInputError, match="referring-domain"):
        auth_body(replace(REQUEST, referring_domain=domain))


def test_a_browser_that_says_nothing_is_let_through() -> None:
    """An empty member is refused by BankID; a missing one is not."""
    web = auth_body(replace(REQUEST, user_agent="", device_identifier=""))["web"]
    assert web == {"referringDomain": "portal.example.se"}


@pytest.mark.parametrize("url", ["", "https://portal.example.se/" + "x" * 487])
def test_a_return_address_that_bankid_would_refuse_is_not_sent(url: str) -> None:
    """1 to 512 characters; an empty one is no address."""
    with pytest.raises(InvalidInputError, match="return-url"):
        auth_body(replace(REQUEST, return_url=url))
    assert auth_body(replace(REQUEST, return_url=url[:512] or "x"))["returnUrl"]


def test_nothing_that_is_personal_shows() -> None:
    """Requests end up in the traceback of a failed test, or of worse."""
    shown = repr(replace(SIGNING, requirement=Requirement(personal_number=PERSON)))
    assert not [secret for secret in (NUMBER, "avtalet", "Mozilla", "digest") if secret in shown]
