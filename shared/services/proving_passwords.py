"""Proving who one is with an address and a password: one answer and the same work, whatever is wrong."""

from contextlib import suppress

from shared.crypto.pseudonyms import address_key
from shared.crypto.tokens import equal, token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import RecordChangedError, RecordNotFoundError, WrongCredentialsError
from shared.domain.first_proofs import FirstProof, PasswordProof
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.places import PLATFORM
from shared.domain.ports import Passwords, Record, Records
from shared.domain.rate_limits import Trier
from shared.services.address_pepper import AddressPepper
from shared.services.auditing import Audit
from shared.services.watching import Watching


class ProvingPasswords:
    """Verifies, and stores anew what is hashed with an older pepper or at a lower cost."""

    def __init__(
        self,
        *,
        records: Records,
        passwords: Passwords,
        audit: Audit,
        watching: Watching,
        address_pepper: bytes,
        pepper: AddressPepper,
    ) -> None:
        self._watching = watching
        self._pepper = pepper
        self._records = records
        self._passwords = passwords
        self._audit = audit
        self._address_pepper = address_pepper

    async def prove(self, address: str, password: str, *, trier: Trier | None = None) -> PasswordProof:
        """Who it is. ``trier`` is where a sign-in comes from; None: from who is signed in.

        Raises ``WrongCredentialsError`` alike for an unknown address, a wrong password and somebody who has none,
        after the same work; ``TooManyRequestsError`` when too many wait; ``IntegrityError`` when addresses lie under
        another pepper.
        """
        await self._pepper.check()
        login = address_key(address, self._address_pepper)
        record = await self._login(login)
        fields = None if record is None else Fields(record.body)
        # Without a password in it, a login is only kept for somebody who has not chosen one yet.
        stored = None if fields is None else fields.optional_text("password")
        try:
            newer = await self._passwords.verify(stored, password)
        except WrongCredentialsError:
            await self._log_refusal(fields)
            await self._watching.refused(login, trier, None if fields is None else _owner(fields))
            raise WrongCredentialsError from None
        assert record is not None  # ``verify`` always raises for nobody.
        assert fields is not None
        assert stored is not None
        organisation, staff = _owner(fields)
        await self._watching.proved(login, trier, organisation, staff)
        return PasswordProof(
            organisation=organisation,
            staff=staff,
            login=login,
            stamp=token_hash(await self._renewed(record, stored, newer)),
        )

    async def holds(self, proof: PasswordProof) -> bool:
        """Whether the password that was proved is still the one of its account.

        Whoever raises a session asks afterwards: a password may have been changed while the proof was on its way, and
        whoever changed it has ended only the sessions that were there.
        """
        record = await self._login(proof.login)
        return record is not None and self.is_of(record, proof)

    def is_of(self, record: Record, proof: PasswordProof) -> bool:
        """Whether this login is the one that was proved, and holds the same password."""
        fields = Fields(record.body)
        is_theirs = (fields.text("organisation"), fields.text("staff")) == (proof.organisation, proof.staff)
        return is_theirs and equal(token_hash(fields.optional_text("password") or ""), proof.stamp)

    async def refuse(self, proof: FirstProof) -> WrongCredentialsError:
        """Note that a right proof did not help, and give the error to raise."""
        await self._audit.write(AuditEvent.STAFF_REFUSED, proof.organisation, by=proof.staff)
        return WrongCredentialsError()

    async def _login(self, key: str) -> Record | None:
        place = places.staff_login(key)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def _renewed(self, record: Record, stored: str, newer: str | None) -> str:
        if newer is None:
            return stored
        # Whoever changed it in between set what is newer still, or took it away: then the proof does not hold.
        with suppress(RecordChangedError, RecordNotFoundError):
            await self._records.replace_if_match(record, {**record.body, "password": newer})
            return newer
        return stored

    async def _log_refusal(self, login: Fields | None) -> None:
        if login is None:
            # Not each: a stranger could fill the store. Not none: the answer's time would tell which addresses exist.
            await self._audit.write_once_a_minute(AuditEvent.STAFF_REFUSED, PLATFORM, by="unknown")
            return
        organisation, staff = _owner(login)
        await self._audit.write(AuditEvent.STAFF_REFUSED, organisation, by=staff)


def _owner(login: Fields) -> tuple[OrganisationId, StaffId]:
    return OrganisationId(login.text("organisation")), StaffId(login.text("staff"))
