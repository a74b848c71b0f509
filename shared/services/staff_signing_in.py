"""Staff sign in with an address and a password."""

from shared.crypto.pseudonyms import address_key
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import NotSignedInError, RecordNotFoundError, WrongCredentialsError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.places import PLATFORM
from shared.domain.ports import Passwords, Records
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
            login = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            login = None
        try:
            await self._passwords.verify(None if login is None else login.text("password"), password)
            assert login is not None  # ``verify`` always raises for nobody.
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

    async def _log_refusal(self, login: Fields | None) -> None:
        if login is None:
            # Not each: a stranger could fill the store. Not none: the answer's time would tell which addresses exist.
            await self._audit.write_once_a_minute(AuditEvent.STAFF_REFUSED, PLATFORM, by="unknown")
            return
        organisation = OrganisationId(login.text("organisation"))
        await self._audit.write(AuditEvent.STAFF_REFUSED, organisation, by=login.text("staff"))
