"""Levels of assurance: how surely an e-ID knows who somebody is.

The Swedish quality mark (Tillitsramverket för Svensk e-legitimation, Digg) has levels 2, 3 and 4; they line up with
low, substantial and high of eIDAS. Which provider gives which level is configuration.
"""

from enum import StrEnum


class Assurance(StrEnum):
    """From the lowest to the highest. The words are stored and stand in the API."""

    LOA2 = "loa2"
    LOA3 = "loa3"
    LOA4 = "loa4"

    def meets(self, required: "Assurance") -> bool:
        """Whether someone known at this level may open what asks for ``required``."""
        order = list(Assurance)
        return order.index(self) >= order.index(required)


DEFAULT_REQUIRED = Assurance.LOA3
"""Of a thread whose sender asks for nothing else; BankID gives it."""
