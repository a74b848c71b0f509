"""What a person reads in the e-ID's app before they identify: which service, which act, and when to stop.

It is all that stands between a person and somebody who lets them sign in for a stranger. BankID allows intent and
security here and nothing else. Source: BankID RP API v6.0, ``userVisibleData`` (``simpleMarkdownV1``).
"""

from typing import Final

VISIBLE_CHARACTERS: Final = 1500
"""After base64."""

SERVICE_NAME_CHARACTERS: Final = 60
_MARKS: Final = frozenset("*#+|_`\\<>[]")

_TEXT: Final = """# Logga in
Du loggar in på *{service}* för att läsa meddelanden till dig.

Avbryt om någon har ringt, skrivit eller på annat sätt bett dig logga in. Hjälp aldrig någon annan att logga in. \
Vi ringer aldrig och ber dig använda ditt BankID."""


def check_service_name(name: str) -> str:
    """``name`` as it may stand in the text. Raises ``ValueError`` for marks that would change how it looks."""
    if not name.isprintable() or not 1 <= len(name) <= SERVICE_NAME_CHARACTERS or _MARKS & set(name):
        raise ValueError("no plain name")
    return name


def visible_text(service_name: str) -> str:
    """The text for signing in to ``service_name``; with a name that was checked it is never too long."""
    return _TEXT.format(service=service_name)
