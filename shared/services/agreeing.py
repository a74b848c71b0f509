"""The processing agreement of an organisation: accepted by an admin before anything is sent, version by version."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.domain import places
from shared.domain.agreement.versions import CURRENT, Acceptance, Agreement, check_bound, due_at
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import ConflictError, RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.ports import Body, Clock, Record, Records
from shared.services.auditing import Audit
from shared.services.listing import every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAgreement:
    """The current version, and how the organisation stands to it. ``accepted`` is the newest acceptance of any."""

    agreement: Agreement
    accepted: Acceptance | None
    due_at: datetime | None


class Agreeing:
    """``current`` is the version that is offered."""

    def __init__(self, *, records: Records, audit: Audit, clock: Clock, current: Agreement = CURRENT) -> None:
        self._records = records
        self._audit = audit
        self._clock = clock
        self._current = current

    @property
    def current(self) -> Agreement:
        """The version that is offered now."""
        return self._current

    async def shown(self, organisation: OrganisationId) -> ShownAgreement:
        """For whoever reads it."""
        accepted = await self._accepted(organisation)
        told_at = await self._told_at(organisation)
        newest = max(accepted, key=lambda each: each.at, default=None)
        return ShownAgreement(
            agreement=self._current, accepted=newest, due_at=due_at(accepted, self._current, told_at=told_at)
        )

    async def accept(self, organisation: OrganisationId, *, version: str, digest: str, by: str) -> Acceptance:
        """Bind the organisation. What was accepted once stays as it is.

        Raises ``ConflictError`` unless version and digest are those of what is offered now.
        """
        if (version, digest) != (self._current.version, self._current.digest):
            raise ConflictError
        place = places.agreement_acceptance(organisation, version)
        with suppress(RecordNotFoundError):
            return Acceptance.of((await self._records.get(place.partition, place.id)).body)
        accepted = Acceptance(version=version, digest=digest, by=by, at=self._clock())
        await self._audit.write(AuditEvent.AGREEMENT_ACCEPTED, organisation, by=by, version=version, digest=digest)
        with suppress(RecordExistsError):
            await self._records.create(place.partition, place.id, accepted.body())
        return Acceptance.of((await self._records.get(place.partition, place.id)).body)

    async def check(self, organisation: OrganisationId) -> None:
        """Raises ``AgreementRequiredError`` unless the organisation is bound now."""
        place = places.agreement_acceptance(organisation, self._current.version)
        with suppress(RecordNotFoundError):
            found = Acceptance.of((await self._records.get(place.partition, place.id)).body)
            if found.digest == self._current.digest:
                return
        check_bound(
            await self._accepted(organisation),
            self._current,
            told_at=await self._told_at(organisation),
            now=self._clock(),
        )

    async def told(self, organisation: OrganisationId) -> Body:
        """Which versions the admins were told of, by what they are of."""
        record = await self._told(organisation)
        return {} if record is None else record.body

    async def note_told(self, organisation: OrganisationId, what: str, version: str) -> None:
        """Remember that they were told of this version now. It is noted once for each."""
        place = places.told(organisation)
        note: Body = {"version": version, "at": instant_text(self._clock())}
        while True:
            record = await self._told(organisation)
            if record is not None and _version(record.body, what) == version:
                return
            with suppress(RecordChangedError, RecordExistsError, RecordNotFoundError):
                if record is None:
                    await self._records.create(place.partition, place.id, {what: note})
                else:
                    await self._records.replace_if_match(record, {**record.body, what: note})
                return

    async def _told(self, organisation: OrganisationId) -> Record | None:
        place = places.told(organisation)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def _told_at(self, organisation: OrganisationId) -> datetime | None:
        record = await self._told(organisation)
        if record is None or _version(record.body, "agreement") != self._current.version:
            return None
        told = Fields(record.body).optional_nested("agreement")
        return None if told is None else told.instant("at")

    async def _accepted(self, organisation: OrganisationId) -> list[Acceptance]:
        start, end = places.range_of("agreement")
        found = await every_record(self._records, places.organisation(organisation).partition, start=start, end=end)
        return [Acceptance.of(record.body) for record in found]


def _version(told: Body, what: str) -> str | None:
    found = Fields(told).optional_nested(what)
    return None if found is None else found.text("version")
