"""Staff sign in with an address and a password."""

from contextlib import suppress

from shared.crypto.pseudonyms import address_key
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import (
    NotSignedInError,
    RecordChangedError,
    RecordNotFoundError,
    WrongCredentialsError,
)
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.places import PLATFORM
from shared.domain.ports import Passwords, Record, Records
from shared.domain.sign_in_methods import SignInMethod
from shared.services.auditing import Audit
from shared.services.sessions import NewSession, Sessions


class StaffSigningIn:
    """Checks passwords and raises sessions."""

    def __init__(
        self, *, records: Records, passwords: Passwords, sessions: Sessions, audit: Audit, address_pepper: bytes
    ) -> None:
        self._records = records
        self._passwords = passwords
        self._sessions = sessions
        self._audit = audit
        self._address_pepper = address_pepper

    async def sign_in(
        self, address: str, password: str, *, replacing: str | None = None, device: str = UNKNOWN_DEVICE
    ) -> NewSession:
        """A fresh session on this device; the one with the token ``replacing``, which this browser held, ends.

        Raises ``WrongCredentialsError`` alike for an unknown address, a wrong password and someone who was removed,
        after the same work.
        """
        place = places.staff_login(address_key(address, self._address_pepper))
        try:
            record: Record | None = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            record = None
        login = None if record is None else Fields(record.body)
        try:
            # Without a password in it, a login is only kept for somebody who has not chosen one yet.
            stored = None if login is None else login.optional_text("password")
            newer = await self._passwords.verify(stored, password)
            assert login is not None  # ``verify`` always raises for nobody.
            assert record is not None
            await self._renew(record, newer)
            organisation, staff = OrganisationId(login.text("organisation")), StaffId(login.text("staff"))
            return await self._sessions.raise_for_staff(
                organisation,
                staff,
                methods=frozenset({SignInMethod.PASSWORD}),
                replacing=replacing,
                device=device,
            )
        except (WrongCredentialsError, NotSignedInError):
            await self._log_refusal(login)
            raise WrongCredentialsError from None

    async def _renew(self, record: Record, newer: str | None) -> None:
        if newer is None:
            return
        # Whoever changed it in between set what is newer still, or took it away.
        with suppress(RecordChangedError, RecordNotFoundError):
            await self._records.replace_if_match(record, {**record.body, "password": newer})

    async def _log_refusal(self, login: Fields | None) -> None:
        if login is None:
            # Not each: a stranger could fill the store. Not none: the answer's time would tell which addresses exist.
            await self._audit.write_once_a_minute(AuditEvent.STAFF_REFUSED, PLATFORM, by="unknown")
            return
        organisation = OrganisationId(login.text("organisation"))
        await self._audit.write(AuditEvent.STAFF_REFUSED, organisation, by=login.text("staff"))
