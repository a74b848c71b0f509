"""Choosing a password: whether a text may be one for this member, and what is stored of it."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import PasswordRefusedError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.password_policy import Account, PasswordKnowledge, broken_rules
from shared.domain.ports import Passwords, Records
from shared.services.member_logins import MemberLogin

HasFactor = Callable[[OrganisationId, StaffId], Awaitable[bool]]


class ChoosingPasswords:
    """Judges and hashes. ``has_factor`` tells whether a member signs in with a second factor as well."""

    def __init__(
        self,
        *,
        records: Records,
        passwords: Passwords,
        knowledge: Callable[[], PasswordKnowledge],
        has_factor: HasFactor,
        service_name: str,
    ) -> None:
        self._records = records
        self._passwords = passwords
        self._knowledge = knowledge
        self._has_factor = has_factor
        self._service_name = service_name

    async def hashed(self, member: MemberLogin, password: str) -> str:
        """What is to be stored. Nothing is stored here, and nothing used up.

        Raises ``PasswordRefusedError`` with every rule that is broken, ``TooManyRequestsError`` when too many wait.
        """
        account = Account(
            has_second_factor=await self._has_factor(member.organisation, member.staff), known=await self._known(member)
        )
        # Up to 20 ms of computing, and ten times as much to load the lists the first time: not on the loop.
        broken = await asyncio.to_thread(lambda: broken_rules(password, account, self._knowledge()))
        if broken:
            raise PasswordRefusedError(tuple(rule.value for rule in broken))
        return await self._passwords.hash(password)

    async def _known(self, member: MemberLogin) -> tuple[str, ...]:
        place = places.organisation(member.organisation)
        try:
            organisation = Fields((await self._records.get(place.partition, place.id)).body).text("name")
        except RecordNotFoundError:
            organisation = ""
        local_part, _, domain = member.mail_address.partition("@")
        return (self._service_name, organisation, member.name, local_part, domain.partition(".")[0])
