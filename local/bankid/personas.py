"""The people of the simulator. Every number is an official test number; nobody has it.

``191212121212`` is the fictional person of BankID's own sample signature.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """``refusal`` is the hint with which this person's app ends every order.

    ``is_app_old``: too old for a ``returnUrl``. ``is_new``: the BankID was issued today.
    """

    key: str
    personal_number: str
    given_name: str
    surname: str
    remark: str
    refusal: str | None = None
    is_app_old: bool = False
    is_new: bool = False

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"


_ALL = (
    Persona(
        key="tolvan",
        personal_number="191212121212",
        given_name="Tolvan",
        surname="Tolvansson",
        remark="BankID's own sample person",
    ),
    Persona(
        key="asa",
        personal_number="199006022397",
        given_name="Åsa-Märta",
        surname="Öberg Sjöström",
        remark="double names with å, ä and ö",
    ),
    Persona(
        key="karl",
        personal_number="199908072391",
        given_name="Karl Erik",
        surname="Lindén",
        remark="somebody else: the wrong recipient",
    ),
    Persona(
        key="samira",
        personal_number="197011902397",
        given_name="Samira",
        surname="Çelik-Ahlström",
        remark="samordningsnummer",
    ),
    Persona(
        key="blocked",
        personal_number="201803092384",
        given_name="Maja",
        surname="Spärrad",
        remark="the BankID is blocked (certificateErr)",
        refusal="certificateErr",
    ),
    Persona(
        key="old-app",
        personal_number="202002202394",
        given_name="Gunvor",
        surname="Gammal",
        remark="the app is too old for the way back (notSupportedByUserApp on the same device)",
        is_app_old=True,
    ),
    Persona(
        key="new",
        personal_number="198211632388",
        given_name="Nils",
        surname="Nyman",
        remark="samordningsnummer; the BankID was issued today",
        is_new=True,
    ),
)

PERSONAS = MappingProxyType({persona.key: persona for persona in _ALL})


def find_persona(key_or_number: str) -> Persona | None:
    """By short name or by the twelve digits."""
    for persona in _ALL:
        if key_or_number in (persona.key, persona.personal_number):
            return persona
    return None
