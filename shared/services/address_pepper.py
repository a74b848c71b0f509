"""That the pepper of sign-in addresses is still the one under which they lie.

Under another one nobody is found, and everybody would be told that their password is wrong. So its mark is stored the
first time that it is used, and an instance that has another pepper says that something is damaged, at every sign-in.
"""

from contextlib import suppress

from shared.crypto.pseudonyms import address_pepper_mark
from shared.crypto.tokens import equal
from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import IntegrityError, RecordExistsError, RecordNotFoundError
from shared.domain.ports import Records


class AddressPepper:
    """Looks once in an instance: neither the pepper nor the mark changes while it runs."""

    def __init__(self, *, records: Records, pepper: bytes) -> None:
        self._records = records
        self._pepper = pepper
        self._is_known = False

    async def check(self) -> None:
        """Raises ``IntegrityError`` when addresses lie under another pepper."""
        if self._is_known:
            return
        place, mark = places.address_pepper(), address_pepper_mark(self._pepper)
        while True:
            try:
                stored = Fields((await self._records.get(place.partition, place.id)).body).text("mark")
            except RecordNotFoundError:
                with suppress(RecordExistsError):  # Another instance was first: see which pepper it has.
                    await self._records.create(place.partition, place.id, {"mark": mark})
                continue
            if not equal(stored, mark):
                raise IntegrityError
            self._is_known = True
            return
