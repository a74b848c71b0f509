"""The right to finish one upload, which outlives the session that began it.

A session ends half an hour after the last request and after some hours at the latest; gigabytes over a slow line take
longer. So whoever begins an upload gets a token that opens this upload and nothing else. It holds for a day, and as
long as the session was not ended: by signing out, here or elsewhere, or by signing in anew in the same browser.
"""

from dataclasses import dataclass, field

from shared.crypto.tokens import equal, new_token, token_hash
from shared.domain import places
from shared.domain.errors import NotSignedInError, RecordNotFoundError
from shared.domain.ids import RandomBytes, UploadId, is_id
from shared.domain.ports import Clock, Records
from shared.domain.principals import SessionHolder
from shared.domain.retention import UPLOAD_RIGHT, is_expired
from shared.services.sessions import Sessions
from shared.services.uploads import Granting, Upload, UploadRight


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUploadRight:
    """A right for an upload that is about to begin. ``token`` goes to its beginner and is never stored.

    ``granted`` gives what is stored with the upload, and keeps the session known for as long as the right holds:
    nothing is written before that. It raises ``NotSignedInError`` when the session has ended.
    """

    token: str = field(repr=False)
    granted: Granting = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightHolder:
    """Who began an upload, and the hash of the session's token that they began it in."""

    principal: SessionHolder
    session: str = field(repr=False)


class UploadRights:
    """Grants and recognises rights."""

    def __init__(self, *, records: Records, sessions: Sessions, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._sessions = sessions
        self._clock = clock
        self._random = random

    def offer(self, session_token: str) -> NewUploadRight:
        """A right for whoever holds the session, once they may begin the upload."""
        token, until = new_token(self._random), self._clock() + UPLOAD_RIGHT

        async def granted() -> UploadRight:
            await self._sessions.hold(session_token, until)
            return UploadRight(token_hash=token_hash(token), session=token_hash(session_token), until=until)

        return NewUploadRight(token=token, granted=granted)

    async def holder(self, upload: UploadId, token: str) -> RightHolder:
        """Who may go on with the upload by this token.

        Raises ``NotSignedInError``, the same for an upload that is not there, a token of another one, a right that is
        over, and a session that was ended.
        """
        if not is_id(upload):
            raise NotSignedInError
        place = places.upload(upload)
        try:
            right = Upload.of((await self._records.get(place.partition, place.id)).body).right
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault
        if right is None or not equal(right.token_hash, token_hash(token)):
            raise NotSignedInError
        if is_expired(right.until, now=self._clock()):
            raise NotSignedInError
        return RightHolder(principal=await self._sessions.holder(right.session), session=right.session)
