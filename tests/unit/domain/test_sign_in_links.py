"""Opening the e-ID's app and coming back: real user agents, one by one."""

import pytest

from shared.domain.errors import InvalidInputError
from shared.domain.sign_in_links import RETURN_CHARACTERS, SignInLinks
from shared.domain.user_messages import StartedBy

QR, COMPUTER, MOBILE = StartedBy.QR, StartedBy.THIS_COMPUTER, StartedBy.THIS_MOBILE
LINKS = SignInLinks(public_url="https://pic.example", app="https://app.bankid.com/", desktop="bankid:///")
PAGE = "https://pic.example/portal#/sign-in/return/n"
OPENED = "https%3A%2F%2Fpic.example%2Fportal%23%2Fsign-in%2Freturn%2Fn"

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "started_by", "address"),
    [
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", MOBILE, PAGE),
        (f"{IPAD} Version/12.1.2 Mobile/15E148 Safari/604.1", MOBILE, PAGE),
        (f"{MAC} Version/17.5 Safari/605.1.15", MOBILE, PAGE),  # an iPad that calls itself a Macintosh
        (
            f"{IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
            MOBILE,
            "googlechromes://pic.example/portal#/sign-in/return/n",
        ),
        (
            f"{MAC} CriOS/126 Version/11.1.1 Safari/605.1.15",
            MOBILE,
            "googlechromes://pic.example/portal#/sign-in/return/n",
        ),
        (f"{IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", MOBILE, f"firefox://open-url?url={OPENED}"),
        (
            f"{IPHONE} Version/17.0 EdgiOS/125.0.2535.60 Mobile/15E148 Safari/605.1.15",
            MOBILE,
            "microsoft-edge-https://pic.example/portal#/sign-in/return/n",
        ),
        (
            f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1 OPT/4.6.0",
            MOBILE,
            "touch-https://pic.example/portal#/sign-in/return/n",
        ),
        (
            f"{IPHONE} Brave/1.14.1 Version/13.0.3 Mobile/15E148 Safari/605.1.15",
            MOBILE,
            f"brave://open-url?url={OPENED}",
        ),
        (f"{ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", MOBILE, PAGE),
        (f"{ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", MOBILE, PAGE),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", MOBILE, PAGE),
        (f"{WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", COMPUTER, PAGE),
        (f"{MAC} Version/17.5 Safari/605.1.15", COMPUTER, PAGE),
        (f"{MAC} Chrome/126.0.0.0 Safari/537.36", COMPUTER, PAGE),
        ("", COMPUTER, PAGE),
    ],
)
def test_the_app_returns_into_the_browser_that_opened_it(agent: str, started_by: StartedBy, address: str) -> None:
    """On iOS each browser has its own way; everywhere else the system finds it."""
    assert LINKS.back("n", started_by, agent) == address


@pytest.mark.parametrize(
    "agent",
    [
        f"{IPHONE} Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
        f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1 Ddg/17.5",
        f"{IPHONE} GSA/322.0.649 Mobile/15E148 Safari/604.1",
        f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/468.0.0;FBBV/1]",
        f"{IPHONE} Mobile/15E148 Instagram 335.0.8 (iPhone14,5; iOS 17_5; sv_SE)",
        f"{IPHONE} Mobile/15E148 Teams/6.0",
        f"{IPHONE} OPiOS/16.0.15.124050 Mobile/15E148 Safari/9537.53",
        f"{IPHONE} FxiOS/8.1 Focus/8.1 Mobile/15E148 Safari/605.1.15",
        f"{IPHONE} CriOS/126.0 Mobile/15E148 Safari/604.1 Wrapped/1",
        f"{IPHONE} Mobile/15E148",
        "(iPhone;",
    ],
)
def test_a_browser_that_cannot_be_returned_to_is_told_so(agent: str) -> None:
    """Its person would end in another browser, which must not be signed in: better a code than that."""
    with pytest.raises(InvalidInputError) as refused:
        LINKS.back("n", MOBILE, agent)
    assert refused.value.rule == "no-return"


def test_a_code_returns_nowhere() -> None:
    """The app is on another device."""
    assert LINKS.back("n", QR, "(iPhone;") is None
    assert LINKS.launch("token", QR) is None


def test_the_app_is_opened_with_the_token_of_its_order() -> None:
    """On phones by a link that only the app can claim; on computers by its scheme."""
    assert LINKS.launch("token", MOBILE) == "https://app.bankid.com/?autostarttoken=token"
    assert LINKS.launch("token", COMPUTER) == "bankid:///?autostarttoken=token&redirect=null"


def test_on_a_laptop_the_scheme_without_encryption_has_its_own_names() -> None:
    """Chrome on iOS takes the address by another word."""
    links = SignInLinks(public_url="http://127.0.0.1:7071", app="x", desktop="x")
    agent = f"{IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"
    assert links.back("n", MOBILE, agent) == "googlechrome://127.0.0.1:7071/portal#/sign-in/return/n"


def test_an_address_that_is_too_long_is_no_address() -> None:
    """BankID would refuse the order."""
    with pytest.raises(InvalidInputError):
        LINKS.back("n" * RETURN_CHARACTERS, COMPUTER, "")
