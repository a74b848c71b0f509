"""What kind of device a browser says it runs on: coarse words that its owner knows it by, and nobody else can."""

from typing import Final

UNKNOWN_DEVICE: Final = "Unknown device"

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""In this order: most browsers also say that they are Chrome, and all of those that they are Safari."""

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
"""In this order: Android also says that it is Linux."""


def device_words(user_agent: str) -> str:
    """Such as ``Chrome on Windows``, without versions and models. Every answer is made of words that stand here."""
    browser = next((word for mark, word in _BROWSERS if mark in user_agent), None)
    system = next((word for mark, word in _SYSTEMS if mark in user_agent), None)
    return " on ".join(word for word in (browser, system) if word is not None) or UNKNOWN_DEVICE
