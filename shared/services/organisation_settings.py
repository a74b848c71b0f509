"""The settings of organisations: read afresh each time, so that what is changed works at once; every change audited."""

from contextlib import suppress

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId
from shared.domain.organisation_settings import Change, OrganisationSettings, RetentionRule, StaffSignIn
from shared.domain.ports import Record, Records
from shared.services.auditing import Audit


class SettingsOfOrganisations:
    """``retention_days`` and ``upload_max_bytes`` are what the service itself goes to, and no organisation beyond.

    ``knows_entra``: the service is registered at Entra ID.
    """

    def __init__(
        self, *, records: Records, audit: Audit, retention_days: int, upload_max_bytes: int, knows_entra: bool
    ) -> None:
        self._records = records
        self._audit = audit
        self._retention_days = retention_days
        self._upload_max_bytes = upload_max_bytes
        self._knows_entra = knows_entra

    @property
    def upload_max_bytes(self) -> int:
        """The largest file that any organisation takes."""
        return self._upload_max_bytes

    async def of(self, organisation: OrganisationId) -> OrganisationSettings:
        """What the organisation decided; the defaults where it never did."""
        record = await self._record(organisation)
        return OrganisationSettings() if record is None else OrganisationSettings.of(record.body)

    async def retention(self, organisation: OrganisationId) -> RetentionRule:
        """How long its messages live."""
        return (await self.of(organisation)).retention(self._retention_days)

    async def largest_upload(self, organisation: OrganisationId) -> int:
        """The largest file that it takes, in bytes."""
        return (await self.of(organisation)).largest_upload(self._upload_max_bytes)

    async def check(self, organisation: OrganisationId) -> None:
        """Raises ``NotFoundError`` unless there is such an organisation."""
        home = places.organisation(organisation)
        try:
            await self._records.get(home.partition, home.id)
        except (RecordNotFoundError, ValueError) as fault:
            raise NotFoundError from fault

    async def change(self, organisation: OrganisationId, change: Change, *, by: str) -> OrganisationSettings:
        """What ``change`` makes of the settings, stored. ``by`` is a staff id, or ``system`` for an operator.

        Raises ``InvalidInputError`` (with the name of a field), ``NotFoundError``.
        """
        await self.check(organisation)
        place = places.organisation_settings(organisation)
        while True:
            record = await self._record(organisation)
            before = OrganisationSettings() if record is None else OrganisationSettings.of(record.body)
            after = change(before)
            if StaffSignIn.ENTRA in after.sign_in and not self._knows_entra:
                raise InvalidInputError("sign-in")
            changed = after.differing(before)
            if not changed:
                return after
            await self._audit.write(AuditEvent.SETTINGS_CHANGED, organisation, by=by, changed=" ".join(changed))
            with suppress(RecordChangedError, RecordExistsError, RecordNotFoundError):
                if record is None:
                    await self._records.create(place.partition, place.id, after.body())
                else:
                    await self._records.replace_if_match(record, after.body())
                return after

    async def _record(self, organisation: OrganisationId) -> Record | None:
        place = places.organisation_settings(organisation)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
