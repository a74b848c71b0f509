"""Setting up second factors, and seeing which ones there are.

A new factor ends all other sessions of the member, before and after it is written: a crash in between leaves no session
that knows nothing of it. The session that set it up goes on under a token that nobody has seen before.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.one_time_codes import DIGITS, STEP, new_secret
from shared.crypto.recovery_codes import code_hash, new_codes
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import ConflictError
from shared.domain.factor_policy import check_may_enrol
from shared.domain.ids import FactorId, RandomBytes, new_id
from shared.domain.organisation_settings import SecondFactor
from shared.domain.passkeys import Created, IssuedChallenge, PasskeyRules, Purpose
from shared.domain.ports import Clock
from shared.domain.principals import Staff
from shared.domain.second_factors import App, Factors, Passkey, factor_name
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_notices import StaffNotice
from shared.domain.threads import Sealed
from shared.services.auditing import Audit
from shared.services.challenges import Challenges
from shared.services.factor_records import FactorChange, FactorRecords
from shared.services.keyring import Keyring
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.passkey_owners import PasskeyOwners
from shared.services.proving_factors import ProvingFactors
from shared.services.session_index import SessionIndex
from shared.services.sessions import NewSession, Sessions
from shared.services.telling_staff import TellingStaff


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFactor:
    """One of one's own factors."""

    factor: FactorId
    kind: SignInMethod
    name: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFactors:
    """``recovery_codes`` is how many are left."""

    factors: tuple[ShownFactor, ...]
    recovery_codes: int
    policy: SecondFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunApp:
    """What an authenticator app is told. The secret is shown this once; ``uri`` holds it as well."""

    factor: FactorId
    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunPasskey:
    """What an authenticator is asked to make a passkey from. ``known`` are credentials that the member has already."""

    issued: IssuedChallenge
    known: tuple[str, ...]


class EnrollingFactors:
    """Adds and shows."""

    def __init__(
        self,
        *,
        factors: FactorRecords,
        owners: PasskeyOwners,
        proving: ProvingFactors,
        challenges: Challenges,
        passkeys: PasskeyRules,
        settings: SettingsOfOrganisations,
        sessions: Sessions,
        index: SessionIndex,
        keyring: Keyring,
        telling: TellingStaff,
        audit: Audit,
        issuer: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._factors = factors
        self._owners = owners
        self._proving = proving
        self._challenges = challenges
        self._passkeys = passkeys
        self._settings = settings
        self._sessions = sessions
        self._index = index
        self._keyring = keyring
        self._telling = telling
        self._audit = audit
        self._issuer = issuer
        self._clock = clock
        self._random = random

    async def list(self, staff: Staff) -> OwnFactors:
        """All that count, in the order in which they came."""
        found = await self._factors.of(staff.organisation, staff.staff)
        shown = [await self._shown(staff, app, SignInMethod.TOTP) for app in found.apps]
        shown += [await self._shown(staff, passkey, SignInMethod.PASSKEY) for passkey in found.passkeys]
        policy = (await self._settings.of(staff.organisation)).second_factor
        ordered = tuple(sorted(shown, key=lambda each: each.factor))
        return OwnFactors(factors=ordered, recovery_codes=len(found.recovery), policy=policy)

    async def begin_app(self, staff: Staff, name: str) -> BegunApp:
        """A secret for an app. It counts for nothing before ``confirm_app``.

        Raises ``InvalidInputError`` (``factor-name``), ``ConflictError``: there are two, ``StepUpRequiredError``.
        """
        name, now = factor_name(name), self._clock()
        factor, secret = FactorId(new_id(now, self._random)), new_secret(self._random)
        app = App(
            factor=factor,
            name=await self._seal(staff, name, f"name.{factor}"),
            secret=await self._seal(staff, secret, f"secret.{factor}"),
            created_at=now,
        )

        def begin(found: Factors) -> Factors:
            check_may_enrol(staff.methods, found)
            return found.begin_app(app)

        await self._factors.change(staff.organisation, staff.staff, begin)
        return BegunApp(factor=factor, secret=secret, uri=_uri(secret, self._issuer, staff.name))

    async def confirm_app(self, staff: Staff, factor: FactorId, code: str, *, here: str) -> NewSession:
        """Let the app count, and raise this session to what it may do now.

        Raises ``NotFoundError``: no such app waits (any more), ``FactorRefusedError``, ``ConflictError``,
        ``StepUpRequiredError``, ``TooManyRequestsError``.
        """
        waiting = (await self._factors.of(staff.organisation, staff.staff)).awaiting(factor, now=self._clock())
        step = await self._proving.step_of_first_code(staff.organisation, staff.staff, waiting, code)

        def confirm(found: Factors) -> Factors:
            check_may_enrol(staff.methods, found)
            return found.confirm_app(factor, step=step, now=self._clock())

        return await self._enrol(staff, factor, confirm, SignInMethod.TOTP, here)

    async def begin_passkey(self, staff: Staff, *, here: str) -> BegunPasskey:
        """A challenge for a new passkey, for this session. Raises ``StepUpRequiredError``."""
        found = await self._factors.of(staff.organisation, staff.staff)
        check_may_enrol(staff.methods, found)
        issued = await self._challenges.issue(Purpose.ENROL, session=here)
        return BegunPasskey(issued=issued, known=tuple(passkey.credential for passkey in found.passkeys))

    async def add_passkey(self, staff: Staff, name: str, created: Created, *, flow: str, here: str) -> NewSession:
        """Let the passkey count, and raise this session to what it may do now.

        Raises ``FactorRefusedError``, ``InvalidInputError`` (``factor-name``), ``ConflictError``: it is somebody's
        already, or there are ten; ``StepUpRequiredError``.
        """
        name = factor_name(name)
        challenge = await self._challenges.redeem(flow, Purpose.ENROL, session=here)
        credential = self._passkeys.check_created(created, challenge=challenge)
        factor = FactorId(new_id(self._clock(), self._random))
        passkey = Passkey(
            factor=factor,
            name=await self._seal(staff, name, f"name.{factor}"),
            credential=credential.credential,
            public_key=credential.public_key,
            sign_count=credential.sign_count,
            created_at=self._clock(),
        )

        def add(found: Factors) -> Factors:
            check_may_enrol(staff.methods, found)
            return found.add_passkey(passkey)

        add(await self._factors.of(staff.organisation, staff.staff))
        # The way back first, and never another's: a passkey that leads to two accounts would sign in as the wrong one.
        await self._owners.claim(passkey.credential, staff.organisation, staff.staff)
        return await self._enrol(staff, factor, add, SignInMethod.PASSKEY, here)

    async def renew_recovery(self, staff: Staff) -> tuple[str, ...]:
        """A new set of codes, shown this once. Raises ``ConflictError`` for who has no factor to lose."""
        codes = new_codes(self._random)
        hashes = tuple(code_hash(code) for code in codes)

        def renew(found: Factors) -> Factors:
            if not found.methods:
                raise ConflictError
            return found.renew_recovery(hashes)

        await self._audit.write(AuditEvent.RECOVERY_RENEWED, staff.organisation, by=staff.staff)
        await self._factors.change(staff.organisation, staff.staff, renew)
        await self._telling.tell(staff.organisation, staff.staff, StaffNotice.RECOVERY_RENEWED)
        return codes

    async def _enrol(
        self, staff: Staff, factor: FactorId, change: FactorChange, method: SignInMethod, here: str
    ) -> NewSession:
        await self._audit.write(
            AuditEvent.FACTOR_ENROLLED, staff.organisation, by=staff.staff, factor=factor, kind=method.value
        )
        await self._index.end_all(staff.staff, but=token_hash(here))
        await self._factors.change(staff.organisation, staff.staff, change)
        await self._index.end_all(staff.staff, but=token_hash(here))
        await self._telling.tell(staff.organisation, staff.staff, StaffNotice.FACTOR_ENROLLED)
        return await self._sessions.renew(here, staff, methods=frozenset({method}))

    async def _shown(self, staff: Staff, factor: App | Passkey, kind: SignInMethod) -> ShownFactor:
        place = places.second_factors(staff.organisation, staff.staff)
        key = await self._keyring.of_version(staff.organisation, sealed_field_key_version(factor.name))
        name = unseal_field(key, factor.name, partition=place.partition, id=place.id, field=f"name.{factor.factor}")
        return ShownFactor(factor=factor.factor, kind=kind, name=name, created_at=factor.created_at)

    async def _seal(self, staff: Staff, text: str, name: str) -> Sealed:
        place = places.second_factors(staff.organisation, staff.staff)
        key = await self._keyring.current(staff.organisation)
        return Sealed(seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random))


def _uri(secret: str, issuer: str, account: str) -> str:
    """What the code to scan holds: the key URI format that apps agree on (github.com/google/google-authenticator)."""
    label = quote(f"{issuer}:{account}", safe="")
    seconds = int(STEP.total_seconds())
    asked = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": seconds}
    return f"otpauth://totp/{label}?{urlencode(asked, quote_via=quote)}"
