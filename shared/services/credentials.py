"""Links to choose a password by: made when they are mailed, used once, void when a newer one is made.

All of a member's links are one record: the newest. Whoever uses it deletes it by compare-and-set, so of many at once
one wins, and a link that was replaced, used, or made for an address that is not theirs any more is no link.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from shared.crypto.tokens import equal, new_token, token_hash
from shared.domain import places
from shared.domain.credentials import LASTS, Credential, LinkToken, Purpose
from shared.domain.errors import NotFoundError, RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, StaffId
from shared.domain.places import Place
from shared.domain.ports import Clock, Record, Records
from shared.domain.retention import is_expired
from shared.services.expiring import Expiries
from shared.services.member_logins import MemberLogin, MemberLogins


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link that works now, and whose it is. ``record`` is deleted by whoever uses it."""

    member: MemberLogin
    purpose: Purpose
    record: Record = field(repr=False)


class Credentials:
    """Makes links, finds them, and uses them up."""

    def __init__(
        self, *, records: Records, members: MemberLogins, expiries: Expiries, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._members = members
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def mail(
        self, member: MemberLogin, purpose: Purpose, request: str, send: Callable[[LinkToken], Awaitable[None]]
    ) -> bool:
        """Make the member's only link and hand it to ``send``; False when that was done for this request before.

        A crash in between makes another one at the next try, and the first is void.
        """
        place = places.credential(member.organisation, member.staff)
        found = await self._find(place)
        if found is not None:
            before = Credential.of(found.body)
            if before.request == request and before.is_mailed:
                return False
        secret = new_token(self._random)
        made = Credential(
            purpose=purpose,
            secret_hash=token_hash(secret),
            login=member.login,
            request=request,
            expires_at=self._clock() + LASTS[purpose],
            is_mailed=False,
        )
        await self._expiries.book(made.expires_at, f"credential|{member.organisation}|{member.staff}")
        stored = await self._store(place, made)
        await send(LinkToken(organisation=member.organisation, staff=member.staff, secret=secret))
        with suppress(RecordChangedError, RecordNotFoundError):  # Used already, or replaced by a newer one.
            await self._records.replace_if_match(stored, replace(made, is_mailed=True).body())
        return True

    async def is_under_way(self, member: MemberLogin, request: str) -> bool:
        """Whether a link was made for this request, and none since."""
        found = await self._find(places.credential(member.organisation, member.staff))
        return found is not None and Credential.of(found.body).request == request

    async def open(self, token: LinkToken) -> OpenLink:
        """The link of this token. Raises ``NotFoundError`` alike, whatever is wrong with it."""
        place = places.credential(token.organisation, token.staff)
        record = await self._find(place)
        if record is None:
            raise NotFoundError
        credential = Credential.of(record.body)
        is_right = equal(credential.secret_hash, token_hash(token.secret))
        if not is_right or is_expired(credential.expires_at, now=self._clock()):
            raise NotFoundError
        member = await self._members.of(token.organisation, token.staff)
        if credential.login != member.login:
            raise NotFoundError  # It was mailed to an address that is not theirs any more.
        return OpenLink(member=member, purpose=credential.purpose, record=record)

    async def use_up(self, link: OpenLink) -> None:
        """Return for one of all who try. Raises ``NotFoundError`` for every other."""
        record = link.record
        while True:
            try:
                await self._records.delete_if_match(record)
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
            except RecordChangedError as fault:
                # That it was mailed may have been noted meanwhile; a newer link has another secret.
                newer = await self._find(places.credential(link.member.organisation, link.member.staff))
                if newer is None or newer.body.get("secret_hash") != link.record.body.get("secret_hash"):
                    raise NotFoundError from fault
                record = newer
            else:
                return

    async def revoke(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Afterwards no link of this member works."""
        await self._drop(places.credential(organisation, staff), only_expired=False)

    async def settle(self, item: str) -> None:
        """The sweep comes by: drop the link if its time is over. A newer one has a booking of its own."""
        organisation, _, staff = item.partition("|")
        await self._drop(places.credential(OrganisationId(organisation), StaffId(staff)), only_expired=True)

    async def _drop(self, place: Place, *, only_expired: bool) -> None:
        while (record := await self._find(place)) is not None:
            if only_expired and not is_expired(Credential.of(record.body).expires_at, now=self._clock()):
                return
            try:
                await self._records.delete_if_match(record)
            except RecordNotFoundError:
                return
            except RecordChangedError:
                continue

    async def _store(self, place: Place, credential: Credential) -> Record:
        while True:
            found = await self._find(place)
            try:
                if found is None:
                    return await self._records.create(place.partition, place.id, credential.body())
                return await self._records.replace_if_match(found, credential.body())
            except (RecordExistsError, RecordChangedError, RecordNotFoundError):
                continue  # Another one was made or used at the same moment: the last to be stored is the newest.

    async def _find(self, place: Place) -> Record | None:
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
