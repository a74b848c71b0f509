"""Accepting an invitation without a password: by an account in the organisation's own tenant of Entra ID."""

from contextlib import suppress

from shared.domain.credentials import LinkToken, Purpose
from shared.domain.errors import NotFoundError
from shared.domain.ports import Body
from shared.domain.staff_members import StaffState
from shared.services.credentials import Credentials, OpenLink
from shared.services.staff_records import StaffRecords


class AcceptingInvitations:
    """Raises ``NotFoundError`` alike for a link that is unknown, used, replaced, too old or for another purpose."""

    def __init__(self, *, credentials: Credentials, staff: StaffRecords) -> None:
        self._credentials = credentials
        self._staff = staff

    async def check(self, token: LinkToken) -> None:
        """Return if it works now."""
        await self._open(token)

    async def accept(self, token: LinkToken) -> None:
        """Use it up, and let the member work from now on. Of many at once one does."""
        await self._credentials.use_up(await self._open(token))
        active: Body = {"state": StaffState.ACTIVE.value}
        with suppress(NotFoundError):
            await self._staff.change(
                token.organisation, token.staff, lambda found: active if found.state is StaffState.INVITED else {}
            )

    async def _open(self, token: LinkToken) -> OpenLink:
        link = await self._credentials.open(token)
        # A link to choose a new password is mailed to whoever asks for it in somebody's name: it invites nobody.
        if link.purpose is not Purpose.ACTIVATION:
            raise NotFoundError
        return link
