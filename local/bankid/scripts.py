"""An order that goes by a script: which hint for how many polls, and how it ends. Nobody needs to touch the app.

``Script.of([("outstandingTransaction", 2), ("userSign", 1), ("complete", "tolvan")])``; ``("failed", "userCancel")``
ends without an identity, and a script without an end goes on with its last hint. Time ends a scripted order like any
other, and whoever takes it into the app, or fails it, ends the script.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.bankid.lifecycle import UNPICKED_HINTS
from local.bankid.personas import Persona, find_persona

MOST_POLLS = 1_000

_HINT = re.compile(r"[A-Za-z]{1,64}")


class ScriptError(Exception):
    """This is no script. The text is a fixed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """With the identity of ``persona``, or without one for the reason of ``hint_code``."""

    persona: Persona | None = None
    hint_code: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """``hints`` has one for each poll."""

    hints: tuple[str, ...]
    ending: Ending | None

    def at(self, poll: int) -> str | Ending:
        """What the poll of that number hears, the first being 1."""
        if poll <= len(self.hints):
            return self.hints[poll - 1]
        return self.ending or self.hints[-1]

    @classmethod
    def of(cls, steps: Sequence[object]) -> "Script":
        """Raises ``ScriptError``."""
        hints: list[str] = []
        ending: Ending | None = None
        for step in steps:
            if ending is not None:
                raise ScriptError("nothing follows the end")
            match step:
                case ("complete" | "failed" as word, str(text)):
                    ending = _ending(word, text)
                case (str(hint), int(polls)) if _HINT.fullmatch(hint) and 0 < polls <= MOST_POLLS:
                    hints += [hint] * polls
                case _:
                    raise ScriptError(
                        "a step is a hint and its number of polls, or complete or failed and by whom or why"
                    )
        is_picked_up = [hint not in UNPICKED_HINTS for hint in hints]
        if is_picked_up != sorted(is_picked_up):
            raise ScriptError("what the app has, it does not give back")
        if not hints and ending is None:
            raise ScriptError("a script has a step")
        return cls(tuple(hints), ending)


def _ending(word: str, text: str) -> Ending:
    if word == "failed":
        if not _HINT.fullmatch(text):
            raise ScriptError("this is not a hint code")
        return Ending(hint_code=text)
    persona = find_persona(text)
    if persona is None:
        raise ScriptError("no such persona")
    return Ending(persona=persona)
