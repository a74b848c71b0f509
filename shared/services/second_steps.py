"""Sign-ins half done: the first proof was right, and a second factor is awaited in the same browser.

No session and nothing like one: the token opens no route but those that take the second factor.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, assert_never

from shared.crypto.tokens import new_token, token_hash
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError, NotFoundError, RecordChangedError, RecordNotFoundError
from shared.domain.first_proofs import EntraProof, FirstProof, PasswordProof
from shared.domain.ids import OrganisationId, RandomBytes, StaffId
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.sign_in_methods import SignInMethod
from shared.services.deleting import delete
from shared.services.expiring import Expiries

STEP_LIFETIME: Final = timedelta(minutes=5)
MAX_TRIES: Final = 5
"""Then the password is asked for again. What limits guesses is the limit of the account (``Limiting.allow_code``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStep:
    """Whose it is, and which try this is."""

    proof: FirstProof
    tries: int
    record: Record = field(repr=False)

    @property
    def is_last_try(self) -> bool:
        return self.tries >= MAX_TRIES


class SecondSteps:
    """Begins, counts tries, and ends."""

    def __init__(self, *, records: Records, expiries: Expiries, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def begin(self, proof: FirstProof) -> tuple[str, datetime]:
        """A token for the cookie of this browser, and until when it is good."""
        token, ends = new_token(self._random), self._clock() + STEP_LIFETIME
        place = places.second_step(token_hash(token))
        await self._expiries.book(ends, f"second-step|{token_hash(token)}")
        body: Body = {
            "organisation": proof.organisation,
            "staff": proof.staff,
            **_told(proof),
            "tries": 0,
            "expires_at": instant_text(ends),
        }
        await self._records.create(place.partition, place.id, body)
        return token, ends

    async def attempt(self, token: str) -> SecondStep:
        """Count a try, before anything is tried: of many at once no more than ``MAX_TRIES`` get through.

        Raises ``NotFoundError`` when there is no such step, it is over, or all tries are used.
        """
        place = places.second_step(token_hash(token))
        while True:
            try:
                record = await self._records.get(place.partition, place.id)
                fields = Fields(record.body)
                tries = fields.whole("tries") + 1
                if tries > MAX_TRIES or self._clock() >= fields.instant("expires_at"):
                    raise NotFoundError
                counted = await self._records.replace_if_match(record, {**record.body, "tries": tries})
            except RecordChangedError:
                continue
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
            return SecondStep(proof=_proof(fields), tries=tries, record=counted)

    async def finish(self, step: SecondStep) -> None:
        """End the step, for the one who comes first. Raises ``NotFoundError`` for all others."""
        while True:
            try:
                await self._records.delete_if_match(await self._records.get(step.record.partition, step.record.id))
            except RecordChangedError:
                continue  # Another try of the same browser was counted.
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
            return

    async def drop(self, step: SecondStep) -> None:
        """End the step without anything coming of it."""
        await delete(self._records, places.Place(step.record.partition, step.record.id))


def _told(proof: FirstProof) -> Body:
    match proof:
        case PasswordProof():
            return {"login": proof.login, "stamp": proof.stamp}
        case EntraProof():
            return {
                "account": proof.account,
                "tenant": proof.tenant,
                "methods": sorted(proof.methods),
                "proved_at": instant_text(proof.proved_at),
            }
        case _:
            assert_never(proof)


def _proof(fields: Fields) -> FirstProof:
    organisation, staff = OrganisationId(fields.text("organisation")), StaffId(fields.text("staff"))
    tenant = fields.optional_text("tenant")
    if tenant is None:
        return PasswordProof(
            organisation=organisation, staff=staff, login=fields.text("login"), stamp=fields.text("stamp")
        )
    try:
        methods = frozenset(SignInMethod(word) for word in fields.texts("methods"))
    except ValueError as fault:
        raise IntegrityError from fault
    return EntraProof(
        organisation=organisation,
        staff=staff,
        account=fields.text("account"),
        tenant=tenant,
        methods=methods,
        proved_at=fields.instant("proved_at"),
    )
