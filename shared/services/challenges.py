"""Challenges to authenticators: each is good once, for five minutes, for one purpose, and in the browser that asked.

The browser holds a flow token in a cookie. What is signed is derived from it (``tokens.challenge_of``), and the store
knows its hash: so it holds nothing that could be signed, and another browser cannot use what this one was given.
"""

from datetime import timedelta

from shared.crypto.tokens import challenge_of, equal, new_token, token_hash
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import FactorRefusedError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import RandomBytes
from shared.domain.passkeys import TIMEOUT_SECONDS, IssuedChallenge, Purpose
from shared.domain.ports import Clock, Records
from shared.services.expiring import Expiries


class Challenges:
    """Issues and redeems."""

    def __init__(self, *, records: Records, expiries: Expiries, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def issue(self, purpose: Purpose, *, session: str = "") -> IssuedChallenge:
        """A challenge for this browser; with ``session``, the token of a session, for that session alone."""
        flow = new_token(self._random)
        place, ends = places.challenge(token_hash(flow)), self._clock() + timedelta(seconds=TIMEOUT_SECONDS)
        await self._expiries.book(ends, f"challenge|{token_hash(flow)}")
        body = {"purpose": purpose.value, "session": token_hash(session), "expires_at": instant_text(ends)}
        await self._records.create(place.partition, place.id, body)
        return IssuedChallenge(flow=flow, challenge=challenge_of(flow))

    async def redeem(self, flow: str, purpose: Purpose, *, session: str = "") -> bytes:
        """What the authenticator must have signed. Whatever comes of it, the challenge is used.

        Raises ``FactorRefusedError`` for one that is unknown, used, too old, or of another purpose or session.
        """
        place = places.challenge(token_hash(flow))
        try:
            record = await self._records.get(place.partition, place.id)
            await self._records.delete_if_match(record)
        except (RecordNotFoundError, RecordChangedError):
            raise FactorRefusedError from None
        fields = Fields(record.body)
        is_ours = fields.text("purpose") == purpose and equal(fields.text("session"), token_hash(session))
        if not is_ours or self._clock() >= fields.instant("expires_at"):
            raise FactorRefusedError
        return challenge_of(flow)
