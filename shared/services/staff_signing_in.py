"""Staff sign in: with a password or Entra ID and what the organisation asks for besides, or with a passkey alone."""

from typing import assert_never

from shared.domain.audit_events import AuditEvent
from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import DependencyError, FactorRefusedError, NotFoundError, NotSignedInError
from shared.domain.factor_answers import EnrolmentCode, FactorAnswer, PasskeyAnswer, way_of
from shared.domain.factor_policy import is_standing, offered
from shared.domain.first_proofs import EntraProof, FirstProof, PasswordProof
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.organisation_settings import SecondFactor, StaffSignIn
from shared.domain.passkeys import Purpose
from shared.domain.principals import Staff
from shared.domain.rate_limits import Trier
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_notices import StaffNotice
from shared.domain.staff_sign_in import Here, SecondStepBegun
from shared.services.auditing import Audit
from shared.services.entra_accounts import EntraAccounts
from shared.services.factor_records import FactorRecords
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.passkey_owners import PasskeyOwners
from shared.services.proving_factors import ProvingFactors
from shared.services.proving_passwords import ProvingPasswords
from shared.services.second_steps import SecondStep, SecondSteps
from shared.services.sessions import NewSession, Sessions
from shared.services.telling_staff import TellingStaff


class StaffSigningIn:
    """Raises sessions for who proves enough."""

    def __init__(
        self,
        *,
        proving: ProvingPasswords,
        accounts: EntraAccounts,
        factors: FactorRecords,
        owners: PasskeyOwners,
        proving_factors: ProvingFactors,
        steps: SecondSteps,
        settings: SettingsOfOrganisations,
        sessions: Sessions,
        telling: TellingStaff,
        audit: Audit,
    ) -> None:
        self._proving = proving
        self._accounts = accounts
        self._factors = factors
        self._owners = owners
        self._proving_factors = proving_factors
        self._steps = steps
        self._settings = settings
        self._sessions = sessions
        self._telling = telling
        self._audit = audit

    async def sign_in(
        self,
        address: str,
        password: str,
        *,
        replacing: str | None = None,
        device: str = UNKNOWN_DEVICE,
        trier: Trier | None = None,
    ) -> NewSession | SecondStepBegun:
        """A fresh session on this device, or the step that is still to be done.

        The session with the token ``replacing``, which this browser held, ends when another is raised.

        Raises ``WrongCredentialsError`` alike for an unknown address, a wrong password and someone who was removed,
        after the same work.
        """
        proof = await self._proving.prove(address, password, trier=trier)
        return await self.go_on(proof, Here(replacing=replacing, device=device))

    async def go_on(self, proof: FirstProof, here: Here) -> NewSession | SecondStepBegun:
        """As ``sign_in``, once a password or an account in a tenant is proved. Raises ``WrongCredentialsError``."""
        policy = await self._policy(proof.organisation, proof.way)
        if policy is None:
            raise await self._proving.refuse(proof)
        offers = offered(policy, await self._factors.of(proof.organisation, proof.staff), proof.methods)
        if offers:
            await self._audit.write(AuditEvent.SECOND_STEP_BEGUN, proof.organisation, by=proof.staff)
            token, ends_at = await self._steps.begin(proof)
            return SecondStepBegun(token=token, offers=offers, ends_at=ends_at)
        return await self._raise(proof, frozenset(), here, must_enrol=False)

    async def complete(self, token: str, answer: FactorAnswer, here: Here) -> NewSession:
        """The session that the browser with this step's token gets for a right answer.

        Raises ``NotFoundError`` when there is no such step (any more), ``FactorRefusedError`` for a wrong answer or
        one that is not offered, ``WrongCredentialsError`` when the password was changed meanwhile.
        """
        return await self._complete(await self._steps.attempt(token), answer, here)

    async def _complete(self, step: SecondStep, answer: FactorAnswer, here: Here) -> NewSession:
        """As ``complete``, for a try that is counted already."""
        proof = step.proof
        try:
            await self._check_offered(proof, answer)
            proved = await self._proving_factors.prove(proof.organisation, proof.staff, answer, purpose=Purpose.SIGN_IN)
        except FactorRefusedError:
            await self._end_after_last_try(step)
            raise
        await self._steps.finish(step)
        session = await self._raise(proof, proved, here, must_enrol=isinstance(answer, EnrolmentCode))
        return await self._standing(session, answer)

    async def with_passkey(self, answer: PasskeyAnswer, here: Here, *, step: str | None = None) -> NewSession:
        """The session of whose passkey it is. It verified its owner, so it stands for a password as well.

        With the token of a half-done sign-in it must be of the same account: whoever began as one ends as no other.

        Raises ``FactorRefusedError``.
        """
        organisation, staff = await self._owners.of(answer.asserted.credential)
        begun = await self._begun(step)
        if begun is not None:
            if (begun.proof.organisation, begun.proof.staff) != (organisation, staff):
                await self._audit.write(AuditEvent.FACTOR_REFUSED, begun.proof.organisation, by=begun.proof.staff)
                await self._end_after_last_try(begun)
                raise FactorRefusedError
            if isinstance(begun.proof, EntraProof):
                return await self._complete(begun, answer, here)
            await self._steps.drop(begun)
        if await self._policy(organisation, StaffSignIn.PASSWORD) is None or await self._is_mapped(organisation, staff):
            raise FactorRefusedError
        methods = await self._proving_factors.prove(organisation, staff, answer, purpose=Purpose.SIGN_IN)
        try:
            session = await self._sessions.raise_for_staff(
                organisation, staff, methods=methods, replacing=here.replacing, device=here.device
            )
        except NotSignedInError:
            raise FactorRefusedError from None
        return await self._standing(session, answer)

    async def _standing(self, session: NewSession, answer: FactorAnswer) -> NewSession:
        """The session, if the factor is still there: whoever took it away ended only the sessions that there were."""
        staff = session.principal
        assert isinstance(staff, Staff)
        try:
            stands = is_standing(answer, await self._factors.of(staff.organisation, staff.staff))
        except DependencyError:
            await self._sessions.end(session.token, staff)
            raise
        if not stands:
            await self._sessions.end(session.token, staff)
            raise FactorRefusedError
        return session

    async def _policy(self, organisation: OrganisationId, way: StaffSignIn) -> SecondFactor | None:
        """What is asked besides this way in; None where it is none. A passkey of ours goes with passwords."""
        settings = await self._settings.of(organisation)
        return settings.second_factor if way in settings.sign_in else None

    async def _is_mapped(self, organisation: OrganisationId, staff: StaffId) -> bool:
        """Whether their groups decide what they may do: those are only told by the tenant."""
        member = await self._accounts.member(organisation, staff)
        return member is not None and member.is_mapped

    async def _holds(self, proof: FirstProof) -> bool:
        match proof:
            case PasswordProof():
                return await self._proving.holds(proof)
            case EntraProof():
                return await self._accounts.holds(proof)
            case _:
                assert_never(proof)

    async def _check_offered(self, proof: FirstProof, answer: FactorAnswer) -> None:
        """Asked afresh: factors and policy may have changed since the password was given."""
        policy = await self._policy(proof.organisation, proof.way)
        factors = await self._factors.of(proof.organisation, proof.staff)
        if policy is None or way_of(answer) not in offered(policy, factors, proof.methods):
            await self._audit.write(AuditEvent.FACTOR_REFUSED, proof.organisation, by=proof.staff)
            raise FactorRefusedError

    async def _begun(self, token: str | None) -> SecondStep | None:
        if token is None:
            return None
        try:
            return await self._steps.attempt(token)
        except NotFoundError:
            return None

    async def _end_after_last_try(self, step: SecondStep) -> None:
        if step.is_last_try:
            await self._steps.drop(step)
            await self._telling.tell(step.proof.organisation, step.proof.staff, StaffNotice.CODES_REFUSED)

    async def _raise(
        self, proof: FirstProof, proved: frozenset[SignInMethod], here: Here, *, must_enrol: bool
    ) -> NewSession:
        # Whoever was signed in there already has proved nothing just now, unless a factor of ours came after it.
        elsewhere = proof if isinstance(proof, EntraProof) else None
        try:
            session = await self._sessions.raise_for_staff(
                proof.organisation,
                proof.staff,
                methods=proof.methods | proved,
                must_enrol=must_enrol,
                replacing=here.replacing,
                device=here.device,
                tenant=None if elsewhere is None else elsewhere.tenant,
                proved_at=None if elsewhere is None or proved else elsewhere.proved_at,
            )
        except NotSignedInError:
            raise await self._proving.refuse(proof) from None
        try:
            still_holds = await self._holds(proof)
        except DependencyError:
            await self._sessions.end(session.token, session.principal)
            raise
        if not still_holds:
            await self._sessions.end(session.token, session.principal)
            raise await self._proving.refuse(proof)
        return session
