"""Proving who one is by a second factor: each code and each signature once, on all instances together."""

from collections.abc import Callable
from typing import assert_never

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.one_time_codes import matching_step
from shared.crypto.recovery_codes import code_hash
from shared.crypto.tokens import equal
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import FactorRefusedError
from shared.domain.factor_answers import AppCode, EnrolmentCode, FactorAnswer, PasskeyAnswer, RecoveryCode
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.passkeys import Asserted, PasskeyRules, Purpose
from shared.domain.ports import Clock
from shared.domain.second_factors import App, Factors, is_regress
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_notices import StaffNotice
from shared.services.auditing import Audit
from shared.services.challenges import Challenges
from shared.services.factor_records import FactorRecords
from shared.services.keyring import Keyring
from shared.services.limiting import Limiting
from shared.services.telling_staff import TellingStaff


class ProvingFactors:
    """Verifies an answer and marks it as used in one write: who comes second is refused."""

    def __init__(
        self,
        *,
        factors: FactorRecords,
        challenges: Challenges,
        passkeys: PasskeyRules,
        keyring: Keyring,
        limiting: Limiting,
        telling: TellingStaff,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._factors = factors
        self._challenges = challenges
        self._passkeys = passkeys
        self._keyring = keyring
        self._limiting = limiting
        self._telling = telling
        self._audit = audit
        self._clock = clock

    async def prove(
        self,
        organisation: OrganisationId,
        staff: StaffId,
        answer: FactorAnswer,
        *,
        purpose: Purpose,
        session: str = "",
    ) -> frozenset[SignInMethod]:
        """What the answer proves of this member: nothing for the code after a reset, which only lets enrol.

        ``purpose`` and ``session`` are those of the challenge that a passkey signed. Raises ``FactorRefusedError``,
        which is audited; ``TooManyRequestsError`` when too many codes were tried.
        """
        try:
            match answer:
                case AppCode():
                    await self._use_code(organisation, staff, answer)
                    return frozenset({SignInMethod.TOTP})
                case RecoveryCode():
                    await self._use_recovery(organisation, staff, answer)
                    return frozenset({SignInMethod.RECOVERY_CODE})
                case EnrolmentCode():
                    await self._limiting.allow_code(organisation, staff)
                    hashed, now = code_hash(answer.code), self._clock()
                    await self._factors.change(organisation, staff, lambda found: found.use_reset(hashed, now=now))
                    return frozenset()
                case PasskeyAnswer():
                    challenge = await self._challenges.redeem(answer.flow, purpose, session=session)
                    await self._use_passkey(organisation, staff, answer.asserted, challenge)
                    return frozenset({SignInMethod.PASSKEY})
                case _:
                    assert_never(answer)
        except FactorRefusedError:
            await self._audit.write(AuditEvent.FACTOR_REFUSED, organisation, by=staff)
            raise

    async def step_of_first_code(self, organisation: OrganisationId, staff: StaffId, app: App, code: str) -> int:
        """As ``step_of_code``, for an app that does not count yet; tries are limited and refusals audited as well."""
        await self._limiting.allow_code(organisation, staff)
        try:
            return await self.step_of_code(organisation, staff, app, code)
        except FactorRefusedError:
            await self._audit.write(AuditEvent.FACTOR_REFUSED, organisation, by=staff)
            raise

    async def step_of_code(self, organisation: OrganisationId, staff: StaffId, app: App, code: str) -> int:
        """The step of a code that this app shows and that was not used. Raises ``FactorRefusedError``."""
        place = places.second_factors(organisation, staff)
        key = await self._keyring.of_version(organisation, sealed_field_key_version(app.secret))
        secret = unseal_field(key, app.secret, partition=place.partition, id=place.id, field=f"secret.{app.factor}")
        return matching_step(secret, code, now=self._clock(), after=app.used_step)

    async def _use_code(self, organisation: OrganisationId, staff: StaffId, answer: AppCode) -> None:
        await self._limiting.allow_code(organisation, staff)
        factors = await self._factors.of(organisation, staff)
        found: tuple[App, int] | None = None
        for app in factors.apps:  # All of them, whichever it is: the time does not tell.
            try:
                step = await self.step_of_code(organisation, staff, app, answer.code)
            except FactorRefusedError:
                continue
            found = found or (app, step)
        if found is None:
            raise FactorRefusedError
        app, step = found
        await self._factors.change(organisation, staff, lambda now: now.use_step(app.factor, step))

    async def _use_recovery(self, organisation: OrganisationId, staff: StaffId, answer: RecoveryCode) -> None:
        await self._limiting.allow_code(organisation, staff)
        hashed = code_hash(answer.code)
        if hashed not in (await self._factors.of(organisation, staff)).recovery:
            raise FactorRefusedError
        await self._audit.write(AuditEvent.RECOVERY_USED, organisation, by=staff)
        # Told before it is used: a notice too many worries somebody, one too few hides a thief.
        await self._telling.tell(organisation, staff, StaffNotice.RECOVERY_USED)
        await self._factors.change(organisation, staff, lambda found: found.use_recovery(hashed))

    async def _use_passkey(
        self, organisation: OrganisationId, staff: StaffId, asserted: Asserted, challenge: bytes
    ) -> None:
        # Every passkey here is discoverable, so every answer says whose it is (WebAuthn level 3, section 7.2, step 6).
        if not equal(asserted.user_handle.decode("ascii", "replace"), staff):
            raise FactorRefusedError
        passkey = (await self._factors.of(organisation, staff)).passkey(asserted.credential)
        count = self._passkeys.check_asserted(asserted, public_key=passkey.public_key, challenge=challenge)
        if is_regress(passkey, sign_count=count):
            # Refused and told, but not taken away: two answers of one key may overtake each other on the way.
            await self._audit.write(AuditEvent.PASSKEY_REGRESSED, organisation, by=staff, factor=passkey.factor)
            await self._telling.tell(organisation, staff, StaffNotice.PASSKEY_REGRESSED)
            raise FactorRefusedError
        use: Callable[[Factors], Factors] = lambda found: found.use_passkey(asserted.credential, sign_count=count)  # noqa: E731
        await self._factors.change(organisation, staff, use)
