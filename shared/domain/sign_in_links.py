"""Where the e-ID's app is opened, and the address by which it finds back into the browser that opened it.

Source: BankID, "Autostart" and "Return URL". On iOS an ``https`` address opens in the default browser, which is not
always the one that holds the sign-in; every other browser there has a scheme of its own or cannot be returned to.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from shared.domain.errors import InvalidInputError
from shared.domain.user_messages import StartedBy

RETURN_CHARACTERS: Final = 512
"""BankID refuses a longer address."""

_IOS: Final = re.compile(r"\((?:iPhone|iPad|iPod)\b")
_PRODUCT: Final = re.compile(r"([A-Za-z]+)/")

_SAFARI: Final = frozenset({"Mozilla", "AppleWebKit", "Version", "Mobile", "Safari"})
"""All that Safari calls itself. Another word means another program, even if it says that it is Safari as well."""

_SCHEMES: Final = {
    "CriOS": ("googlechromes", "googlechrome"),
    "EdgiOS": ("microsoft-edge-https", "microsoft-edge-http"),
    "OPT": ("touch-https", "touch-http"),
}
"""By the browser's name for itself: what stands in place of ``https`` and ``http``."""

_OPENERS: Final = {"FxiOS": "firefox", "Brave": "brave"}
"""Browsers that open an address which is told to them as a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLinks:
    """``public_url`` is where this service is; ``app`` and ``desktop`` open the e-ID's app on phones and computers."""

    public_url: str
    app: str
    desktop: str

    def launch(self, auto_start_token: str, started_by: StartedBy) -> str | None:
        """The address that opens the app on this device with its order; None where the app is on another device."""
        match started_by:
            case StartedBy.QR:
                return None
            case StartedBy.THIS_MOBILE:
                return f"{self.app}?autostarttoken={auto_start_token}"
            case StartedBy.THIS_COMPUTER:
                return f"{self.desktop}?autostarttoken={auto_start_token}&redirect=null"

    def back(self, nonce: str, started_by: StartedBy, user_agent: str) -> str | None:
        """Where the app goes when it is done: into the browser of that ``user_agent``; None for a code.

        The nonce stands in the fragment, which no server and no log on the way sees. Nothing of the answer but the
        choice of a scheme depends on what the browser sent. Raises ``InvalidInputError("no-return")`` when the app
        could not find back.
        """
        if started_by is StartedBy.QR:
            return None
        page = f"{self.public_url}/portal#/sign-in/return/{nonce}"
        # An iPad calls itself a Macintosh; its page tells that it is touched, and so that it is no computer.
        is_ipad = started_by is StartedBy.THIS_MOBILE and "(Macintosh;" in user_agent
        address = _into_ios_browser(page, user_agent) if is_ipad or _IOS.search(user_agent) else page
        if address is None or len(address) > RETURN_CHARACTERS:
            raise InvalidInputError("no-return")
        return address


def _into_ios_browser(page: str, user_agent: str) -> str | None:
    scheme, _, rest = page.partition("://")
    names = set(_PRODUCT.findall(user_agent))
    others = names - _SAFARI
    if not others:
        return page if {"Version", "Safari"} <= names else None
    if len(others) > 1:
        return None  # A program inside a program: what it says of itself cannot be trusted to open anything.
    (name,) = others
    if name in _OPENERS:
        return f"{_OPENERS[name]}://open-url?url={quote(page, safe='')}"
    if name not in _SCHEMES:
        return None
    secure, plain = _SCHEMES[name]
    return f"{secure if scheme == 'https' else plain}://{rest}"
