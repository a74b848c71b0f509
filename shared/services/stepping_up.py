"""Stepping up: who is signed in proves anew who they are, before an act that changes who can do what.

The session goes on under a token that nobody has seen before, and is fresh again (``sign_in_methods.FRESH_FOR``).
"""

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import FactorRefusedError, NotSignedInError, RecordNotFoundError, WrongCredentialsError
from shared.domain.factor_answers import FactorAnswer, Offer, way_of
from shared.domain.factor_policy import offered
from shared.domain.organisation_settings import StaffSignIn
from shared.domain.passkeys import Purpose
from shared.domain.ports import Records
from shared.domain.principals import Staff
from shared.domain.sign_in_methods import SignInMethod
from shared.services.auditing import Audit
from shared.services.factor_records import FactorRecords
from shared.services.keyring import Keyring
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.proving_factors import ProvingFactors
from shared.services.proving_passwords import ProvingPasswords
from shared.services.sessions import NewSession, Sessions


class SteppingUp:
    """Proves, and renews the session. ``here`` is the token of the session that asks."""

    def __init__(
        self,
        *,
        records: Records,
        factors: FactorRecords,
        proving_factors: ProvingFactors,
        proving_passwords: ProvingPasswords,
        settings: SettingsOfOrganisations,
        sessions: Sessions,
        keyring: Keyring,
        audit: Audit,
    ) -> None:
        self._records = records
        self._factors = factors
        self._proving_factors = proving_factors
        self._proving_passwords = proving_passwords
        self._settings = settings
        self._sessions = sessions
        self._keyring = keyring
        self._audit = audit

    async def offers(self, staff: Staff, *, proved: frozenset[SignInMethod] = frozenset()) -> frozenset[Offer]:
        """In which ways of ours this member steps up, where ``proved`` is not enough; none: they have no factor."""
        policy = (await self._settings.of(staff.organisation)).second_factor
        found = offered(policy, await self._factors.of(staff.organisation, staff.staff), proved)
        # A paper is for who cannot sign in any more: whoever could find it must not raise a session that was left open.
        return found - {Offer.RECOVERY_CODE}

    async def with_factor(self, staff: Staff, answer: FactorAnswer, *, here: str) -> NewSession:
        """Raises ``FactorRefusedError``, ``TooManyRequestsError``, ``NotSignedInError``."""
        if way_of(answer) not in await self.offers(staff) - {Offer.ENROLMENT_CODE}:
            raise FactorRefusedError
        methods = await self._proving_factors.prove(
            staff.organisation, staff.staff, answer, purpose=Purpose.STEP_UP, session=here
        )
        return await self._renewed(staff, methods, here)

    async def with_password(self, staff: Staff, password: str, *, here: str) -> NewSession:
        """For who has no factor. For everybody else the password proves nothing that it did not prove before.

        Raises ``FactorRefusedError`` where there is a factor, ``WrongCredentialsError``, ``TooManyRequestsError``.
        """
        if await self.offers(staff) or not await self._goes_by_password(staff):
            raise FactorRefusedError
        proof = await self._proving_passwords.prove(await self._address(staff), password)
        if (proof.organisation, proof.staff) != (staff.organisation, staff.staff):
            raise WrongCredentialsError
        return await self._renewed(staff, frozenset({SignInMethod.PASSWORD}), here)

    async def _goes_by_password(self, staff: Staff) -> bool:
        """Not whoever came by Entra ID, nor where only that counts: there a password of earlier days may be left."""
        ways = (await self._settings.of(staff.organisation)).sign_in
        return StaffSignIn.PASSWORD in ways and SignInMethod.ENTRA not in staff.methods

    async def _renewed(self, staff: Staff, methods: frozenset[SignInMethod], here: str) -> NewSession:
        await self._audit.write(
            AuditEvent.STEPPED_UP, staff.organisation, by=staff.staff, method=" ".join(sorted(methods))
        )
        return await self._sessions.renew(here, staff, methods=methods)

    async def _address(self, staff: Staff) -> str:
        place = places.staff(staff.organisation, staff.staff)
        try:
            sealed = Fields((await self._records.get(place.partition, place.id)).body).text("mail_address")
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault
        key = await self._keyring.of_version(staff.organisation, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=place.partition, id=place.id, field="mail_address")
