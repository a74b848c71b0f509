"""What attackers know of passwords: the lists of the package, and zxcvbn for the usual patterns."""

from typing import Final

from zxcvbn import matching, scoring, time_estimates

from shared.adapters.password_lists import PasswordLists

MOST_CHARACTERS: Final = 72
"""Judged for patterns; zxcvbn advises no more. What stands behind them can only make a password harder to guess."""


class AttackersKnowledge(PasswordLists):
    """``PasswordKnowledge`` in a process: nothing of a password leaves it."""

    def guessing_score(self, text: str, known: tuple[str, ...]) -> int:
        if not text:
            return 0  # zxcvbn finds no sequence in nothing, and fails.
        # Its front function keeps ``known`` in a table of the whole process: names of people would stay in memory, and
        # two threads would judge by each other's.
        own = matching.build_ranked_dict(list(known))
        judged = text[:MOST_CHARACTERS]
        matches = matching.omnimatch(judged, {**matching.RANKED_DICTIONARIES, "user_inputs": own})
        guesses = scoring.most_guessable_match_sequence(judged, matches)["guesses"]
        score: int = time_estimates.guesses_to_score(guesses)
        return score
