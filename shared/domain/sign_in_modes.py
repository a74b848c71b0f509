"""How a person reaches an e-ID."""

from enum import StrEnum


class SignInMode(StrEnum):
    """How the person reaches the e-ID, which decides what proves that it is the person of this browser.

    ``QR``: an app on another device; the browser that started polls. ``SAME_DEVICE``: an app on the device of the
    browser; only the return into that browser counts. ``REDIRECT``: a broker's pages; only the return counts.
    """

    QR = "qr"
    SAME_DEVICE = "same-device"
    REDIRECT = "redirect"
