"""Which tokens were good a moment ago, and whose they were: for nothing but fetching early what will be asked for.

A request of a browser that was signed in with its last one asks for the session, the staff member, what their
organisation decided and what it is about at once, and then decides as ever, by what comes back. A token that nobody
knows makes no such reads, so a stranger costs no more than before; one that has ended since costs reads that are thrown
away.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.places import Place
from shared.domain.principals import SessionHolder, Staff
from shared.domain.reading_ahead import RecordsAhead

MAX_KNOWN: Final = 4096
"""Tokens remembered, by their hashes; the one that was not used for longest is forgotten."""


class Anticipating:
    """Begins to fetch what a request will ask for."""

    def __init__(self, *, records: RecordsAhead) -> None:
        self._records = records
        self._known: OrderedDict[str, tuple[Place, ...]] = OrderedDict()

    def begin(self, token: str, beside: Sequence[Place]) -> None:
        """``beside``: what the request is about."""
        hashed = token_hash(token)
        known = self._known.get(hashed)
        if known is not None:
            self._records.begin((places.session(hashed), *known, *beside))

    def note(self, token: str, principal: SessionHolder) -> None:
        """This token was good, and this is whose it is."""
        hashed = token_hash(token)
        if isinstance(principal, Staff):
            home = principal.organisation
            self._known[hashed] = (places.staff(home, principal.staff), places.organisation_settings(home))
        else:
            self._known[hashed] = ()
        self._known.move_to_end(hashed)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
