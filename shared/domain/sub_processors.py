"""The register of sub-processors: who else may come into contact with the data, for what, and where.

``docs/sub-processors.md`` is tested against it. Whoever changes it gives it a new version: admins of all organisations
are told by mail (``shared.services.announcing``).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcessor:
    """One of them. ``data`` is what it can come into contact with."""

    name: str
    task: str
    data: str
    place: str


REGISTER_VERSION: Final = "2026-1"

SUB_PROCESSORS: Final = (
    SubProcessor(
        name="Microsoft Azure",
        task="runs the service; stores content, records and keys",
        data="content and fields, sealed; keys inside the vault",
        place="Sweden (Sweden Central)",
    ),
    SubProcessor(
        name="Finansiell ID-Teknik BID AB (BankID)",
        task="identifies persons",
        data="personal number and name of whoever signs in; address of the device",
        place="Sweden",
    ),
    SubProcessor(
        name="The mail provider of this installation",
        task="delivers notices",
        data="mail addresses, and that there is something new",
        place="EU",
    ),
)
"""As the service is delivered. Whoever runs it with others, or with a broker for e-IDs, enters them here."""
