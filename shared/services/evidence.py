"""The archive of identifications: for each that was decided on, what proves it, sealed and kept for a year.

It is written before the session exists, so that no session is without its proof. The e-ID's signed answer holds the
personal number; it stands here, sealed under the platform's key, and nowhere else. Source: BankID, "Archiving".
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import NotFoundError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import RandomBytes
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Body, Clock, Records
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.sign_in_arrivals import pieces_of

EVIDENCE_LIFETIME: Final = timedelta(days=365)


class EvidenceArchive:
    """Keeps and shows the proof of identifications. Each lies in one record: 256 KiB of answer, sealed, fit in one."""

    def __init__(
        self, *, records: Records, keyring: Keyring, expiries: Expiries, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._keyring = keyring
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def keep(self, evidence: str, about: Mapping[str, str], answer: str) -> None:
        """Keep ``answer`` verbatim and what else there is to say of it, under the id ``evidence``.

        May be repeated: what was kept first stays.
        """
        place, ends = places.evidence(evidence), self._clock() + EVIDENCE_LIFETIME
        body: Body = {
            "expires_at": instant_text(ends),
            "about": await self._seal(place, "about", json.dumps(about)),
            "answer": [
                await self._seal(place, f"answer{number:02d}", piece) for number, piece in enumerate(pieces_of(answer))
            ],
        }
        await self._expiries.book(ends, f"evidence|{evidence}")
        try:
            await self._records.create(place.partition, place.id, body)
        except RecordExistsError:
            return

    async def read(self, evidence: str) -> tuple[Mapping[str, str], str]:
        """What was kept under this id. Raises ``NotFoundError``, also when its time is over."""
        place = places.evidence(evidence)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if self._clock() >= fields.instant("expires_at"):
            raise NotFoundError
        about: dict[str, str] = json.loads(await self._unseal(place, "about", fields.text("about")))
        pieces = [
            await self._unseal(place, f"answer{number:02d}", sealed)
            for number, sealed in enumerate(fields.texts("answer"))
        ]
        return about, "".join(pieces)

    async def _seal(self, place: Place, name: str, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

    async def _unseal(self, place: Place, name: str, sealed: str) -> str:
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=place.partition, id=place.id, field=name)
