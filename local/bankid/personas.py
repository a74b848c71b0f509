"""The people of the simulator. Every number is an official test number; nobody has it.

``191212121212`` is the fictional person of BankID's own sample signature.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """``refusal`` is the hint with which this person's app ends every order."""

    key: str
    personal_number: str
    given_name: str
    surname: str
    remark: str
    refusal: str | None = None

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
)

PERSONAS = MappingProxyType({persona.key: persona for persona in _ALL})


def find_persona(key_or_number: str) -> Persona | None:
    """By short name or by the twelve digits."""
    for persona in _ALL:
        if key_or_number in (persona.key, persona.personal_number):
            return persona
    return None
