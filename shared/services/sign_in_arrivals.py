"""Who has identified, as text: what lies sealed in an order until its browser comes for the session."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from shared.crypto.fields import MAX_FIELD_BYTES
from shared.domain.admission import Arrival
from shared.domain.assurance import Assurance
from shared.domain.bodies import instant_text
from shared.domain.ids import Subject
from shared.domain.principals import Person

PIECE_CHARACTERS: Final = MAX_FIELD_BYTES // 4
"""A character takes at most four bytes in UTF-8."""


def pieces_of(text: str) -> list[str]:
    """``text`` in pieces that a sealed field can hold each."""
    return [text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS)]


def arrival_members(arrival: Arrival, *, transaction: str, completed_at: datetime) -> Mapping[str, object]:
    """The members to seal. No personal number is among them."""
    person = arrival.person
    return {
        "subject": person.subject,
        "former": list(person.former),
        "name": person.name,
        "provider": person.provider,
        "assurance": person.assurance.value,
        "risk": arrival.risk,
        "issued_on": None if arrival.issued_on is None else arrival.issued_on.isoformat(),
        "device_ip": arrival.device_ip,
        "transaction": transaction,
        "completed_at": instant_text(completed_at),
    }


def arrival_of(members: Mapping[str, Any]) -> Arrival:
    """The inverse, of members that were unsealed and so are ours."""
    person = Person(
        subject=Subject(members["subject"]),
        name=members["name"],
        provider=members["provider"],
        assurance=Assurance(members["assurance"]),
        former=tuple(Subject(subject) for subject in members["former"]),
    )
    issued_on = members["issued_on"]
    return Arrival(
        person=person,
        risk=members["risk"],
        issued_on=None if issued_on is None else date.fromisoformat(issued_on),
        device_ip=members["device_ip"],
    )
