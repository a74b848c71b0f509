"""Doing a request once, whoever repeats it and whatever breaks in between.

The intent is stored first, with the id of what will be made. Then the request is done, which makes the thing under that
id or finds it; then its answer is stored, sealed. A process that dies leaves the intent: once its lease is over,
whoever comes again with the key does it again under the same id, and so finishes what was begun and doubles nothing.

A request that was refused did nothing, and gives its key back. One whose outcome nobody knows, because a store did not
answer, keeps it, with the id.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import assert_never

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.fingerprints import fingerprint
from shared.domain import places
from shared.domain.errors import (
    DependencyError,
    IntegrityError,
    KeyReusedError,
    PicError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
    UnderWayError,
)
from shared.domain.idempotency import KEPT, LEASE, Intent
from shared.domain.ids import OrganisationId, RandomBytes, ThreadId, new_id
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Clock, Record, Records
from shared.domain.principals import ApiClient, Person, Principal, Staff, reader_key
from shared.domain.rate_limits import retry_after_seconds
from shared.domain.retention import is_expired
from shared.domain.threads import Sealed
from shared.services.access import Access
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring

ANSWER = "answer"
"""The name under which an answer is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A request and what its sender calls it. ``content`` is all that it asks for: its path and its body."""

    route: str
    key: str = field(repr=False)
    content: tuple[bytes, ...] = field(repr=False)


class Idempotency:
    """Does a request, or gives the answer that it got."""

    def __init__(
        self,
        *,
        records: Records,
        access: Access,
        keyring: Keyring,
        expiries: Expiries,
        pepper: bytes,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._access = access
        self._keyring = keyring
        self._expiries = expiries
        self._pepper = pepper
        self._clock = clock
        self._random = random

    async def once(
        self,
        principal: Principal,
        named: Named,
        act: Callable[[str], Awaitable[str]],
        *,
        thread: Callable[[str], ThreadId],
    ) -> str:
        """The answer of ``act``, which is given the id of what it makes and finds what is there under it already.

        ``thread`` tells from that id in which thread the request acts: an answer is repeated only to whoever still
        belongs there. Raises ``KeyReusedError`` for another request, ``UnderWayError``, and what ``act`` raises.
        """
        place = self._place(principal, named)
        seen = fingerprint(named.content, self._pepper)
        record = await self._begun(place, seen)
        intent = Intent.of(record.body)
        if intent.answer is not None:
            await self._access.thread(principal, thread(intent.item))
            return await self._unsealed(principal, place, intent.answer)
        try:
            answer = await act(intent.item)
        except (DependencyError, IntegrityError):
            await self._let_go(record, intent)
            raise
        except PicError:
            await self._give_back(record)
            raise
        sealed = await self._sealed(principal, place, answer)
        with suppress(RecordChangedError, RecordNotFoundError):  # Somebody took it over, and has the same to say.
            await self._records.replace_if_match(record, replace(intent, answer=sealed).body())
        return answer

    def _place(self, principal: Principal, named: Named) -> Place:
        of = (reader_key(principal), named.route, named.key)
        return places.idempotency(fingerprint((part.encode() for part in of), self._pepper))

    async def _begun(self, place: Place, seen: str) -> Record:
        """The intent, which this request may carry out unless it has an answer."""
        while True:
            now = self._clock()
            fresh = Intent(
                fingerprint=seen, item=new_id(now, self._random), ends_at=now + KEPT, leased_until=now + LEASE
            )
            try:
                record = await self._records.get(place.partition, place.id)
            except RecordNotFoundError:
                await self._expiries.book(fresh.ends_at, f"idempotency|{place.partition.partition('|')[2]}")
                with suppress(RecordExistsError):
                    return await self._records.create(place.partition, place.id, fresh.body())
                continue
            found = Intent.of(record.body)
            if is_expired(found.ends_at, now=now):
                await self._give_back(record)
                continue
            if found.fingerprint != seen:
                raise KeyReusedError
            if found.answer is not None:
                return record
            if now < found.leased_until:
                raise UnderWayError(retry_after_seconds(found.leased_until, now=now))
            with suppress(RecordChangedError, RecordNotFoundError):
                return await self._records.replace_if_match(record, replace(found, leased_until=now + LEASE).body())

    async def _give_back(self, record: Record) -> None:
        """The key names nothing any more, unless somebody has taken it over."""
        with suppress(RecordChangedError, RecordNotFoundError):
            await self._records.delete_if_match(record)

    async def _let_go(self, record: Record, intent: Intent) -> None:
        """Whoever comes again need not wait. If even this fails, they wait for the end of the lease."""
        with suppress(PicError):
            await self._records.replace_if_match(record, replace(intent, leased_until=self._clock()).body())

    async def _sealed(self, principal: Principal, place: Place, answer: str) -> Sealed:
        key = await self._keyring.current(_owner(principal))
        return Sealed(
            seal_field(key, answer, partition=place.partition, id=place.id, field=ANSWER, random=self._random)
        )

    async def _unsealed(self, principal: Principal, place: Place, answer: Sealed) -> str:
        key = await self._keyring.of_version(_owner(principal), sealed_field_key_version(answer))
        return unseal_field(key, answer, partition=place.partition, id=place.id, field=ANSWER)


def _owner(principal: Principal) -> OrganisationId:
    match principal:
        case Staff() | ApiClient():
            return principal.organisation
        case Person():
            return PLATFORM
        case _:
            assert_never(principal)
