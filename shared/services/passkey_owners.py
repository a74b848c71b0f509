"""Whose a passkey is: one that signs in without an address says only its own id."""

from collections.abc import Iterable

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import ConflictError, FactorRefusedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.ports import Records
from shared.domain.second_factors import Passkey
from shared.services.deleting import delete


class PasskeyOwners:
    """Looks up, claims and forgets."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def of(self, credential: str) -> tuple[OrganisationId, StaffId]:
        """Whose it says to be; only a signature proves it. Raises ``FactorRefusedError`` for nobody's."""
        place = places.passkey(token_hash(credential))
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            raise FactorRefusedError from None
        return OrganisationId(fields.text("organisation")), StaffId(fields.text("staff"))

    async def claim(self, credential: str, organisation: OrganisationId, staff: StaffId) -> None:
        """Let it be this member's. Does nothing when it is. Raises ``ConflictError`` when it is somebody else's."""
        place = places.passkey(token_hash(credential))
        try:
            await self._records.create(place.partition, place.id, {"organisation": organisation, "staff": staff})
        except RecordExistsError as fault:
            if await self.of(credential) != (organisation, staff):
                raise ConflictError from fault

    async def forget(self, passkeys: Iterable[Passkey]) -> None:
        """Let them be nobody's."""
        for passkey in passkeys:
            await delete(self._records, places.passkey(token_hash(passkey.credential)))
