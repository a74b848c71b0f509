"""What an audit may end with: known weaknesses, none, or that nobody could be asked, which is not none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CLEAN: Final = 0
FOUND: Final = 1
NOT_CHECKED: Final = 3
"""Exit statuses. 2 is what a wrong command line ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Whoever knows was asked about everything. ``findings``: one sentence each."""

    what: str
    count: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """The question, or an answer to it, did not arrive whole."""

    what: str
    reason: str


Verdict = Checked | NotChecked


def status_of(verdicts: Sequence[Verdict]) -> int:
    """A finding counts more than what could not be checked, and that more than what is clean."""
    if any(isinstance(verdict, Checked) and verdict.findings for verdict in verdicts):
        return FOUND
    return CLEAN if all(isinstance(verdict, Checked) for verdict in verdicts) else NOT_CHECKED
