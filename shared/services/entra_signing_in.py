"""Staff sign in with Entra ID: away by redirect, and back with a code, into the browser that started.

Four intents leave for it: to sign in, to accept an invitation, to prove anew who one is, and to connect an account to
a member who is signed in. Source: ``shared.services.redirects``, ``shared.domain.entra_claims``.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, assert_never

from shared.crypto.tokens import equal, token_hash
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.brokers import Failure, Unfit
from shared.domain.credentials import LinkToken
from shared.domain.entra import Entra, EntraIdentity
from shared.domain.entra_registrations import NAME
from shared.domain.entra_rules import EntraRules
from shared.domain.errors import (
    ConflictError,
    ElectronicIdError,
    NotFoundError,
    NotSignedInError,
    WrongCredentialsError,
)
from shared.domain.first_proofs import EntraProof
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock
from shared.domain.principals import Staff
from shared.domain.sign_in_methods import FRESH_FOR, SignInMethod
from shared.domain.staff_sign_in import Here, SecondStepBegun
from shared.services.accepting_invitations import AcceptingInvitations
from shared.services.auditing import Audit
from shared.services.entra_accounts import EntraAccounts
from shared.services.entra_arrivals import EntraArrivals
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.redirects import (
    NOBODY,
    Answered,
    Departed,
    Redirects,
    ReturnRefusedError,
    StartedRedirect,
    returned_by,
    unreachable,
)
from shared.services.sessions import NewSession, Sessions
from shared.services.staff_signing_in import StaffSigningIn
from shared.services.stepping_up import SteppingUp


class Intent(StrEnum):
    """Why somebody goes to Entra ID."""

    SIGN_IN = "sign-in"
    ACCEPT = "accept"
    PROVE = "prove"
    CONNECT = "connect"


_ANEW = 0
"""Seconds that a sign-in there may be old where it is a proof for an act, or makes an account somebody's."""

_MAX_AGE: dict[Intent, int | None] = {
    Intent.SIGN_IN: None,
    Intent.ACCEPT: None,
    Intent.PROVE: _ANEW,
    Intent.CONNECT: _ANEW,
}

EntraReturn: TypeAlias = NewSession | SecondStepBegun | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturningBrowser:
    """The browser that came back: its flow cookie, and the session that it holds."""

    flow: str = field(repr=False)
    here: Here


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrived:
    """Whom a tenant of the organisation states, by an answer that is believed."""

    organisation: OrganisationId
    rules: EntraRules
    identity: EntraIdentity
    key: str


class EntraSigningIn:
    """Starts and ends them. ``entra`` is None where the service does not know Entra ID."""

    def __init__(
        self,
        *,
        entra: Entra | None,
        redirects: Redirects,
        accounts: EntraAccounts,
        arrivals: EntraArrivals,
        invitations: AcceptingInvitations,
        signing_in: StaffSigningIn,
        stepping_up: SteppingUp,
        sessions: Sessions,
        settings: SettingsOfOrganisations,
        audit: Audit,
        redirect_uri: str,
        clock: Clock,
    ) -> None:
        self._entra = entra
        self._redirects = redirects
        self._accounts = accounts
        self._arrivals = arrivals
        self._invitations = invitations
        self._signing_in = signing_in
        self._stepping_up = stepping_up
        self._sessions = sessions
        self._settings = settings
        self._audit = audit
        self._redirect_uri = redirect_uri
        self._clock = clock

    async def start(self, *, invitation: str | None = None) -> StartedRedirect:
        """To sign in; with the token of an invitation, to accept it so.

        Raises ``NotFoundError`` where Entra ID is off or the invitation does not work, ``ElectronicIdError``.
        """
        if invitation is None:
            return await self._leave(Intent.SIGN_IN, {})
        await self._invitations.check(LinkToken.of(invitation))
        return await self._leave(Intent.ACCEPT, {"invitation": invitation})

    async def start_proof(self, staff: Staff, *, here: str) -> StartedRedirect:
        """To prove anew who the member with this session is. Raises ``ConflictError`` for who came otherwise."""
        if SignInMethod.ENTRA not in staff.methods:
            raise ConflictError
        return await self._leave(Intent.PROVE, {"session": token_hash(here)})

    async def start_connecting(self, staff: Staff, *, here: str) -> StartedRedirect:
        """To let the member with this session sign in with Entra ID from now on. Raises ``ConflictError``."""
        if not (await self._settings.of(staff.organisation)).is_on_entra:
            raise ConflictError
        return await self._leave(Intent.CONNECT, {"session": token_hash(here)})

    async def finish(self, answered: Answered, browser: ReturningBrowser) -> EntraReturn:
        """What the browser that started gets, once for each departure."""
        record = await self._redirects.of(answered.state)
        if record is None:
            return Failure.FAILED
        is_ours = self._entra is not None and Fields(record.body).text("provider") == NAME
        organisation = PLATFORM
        try:
            departed = await self._redirects.claim(
                record,
                answered,
                flow=browser.flow,
                registration=self._entra.registration if self._entra is not None and is_ours else None,
            )
            intent = Intent(departed.secrets["intent"])
            arrived = await self._arrived(departed, answered, _MAX_AGE[intent])
            organisation = arrived.organisation
            return await self._fulfil(intent, arrived, departed, browser.here)
        except ReturnRefusedError as refusal:
            await self._audit.write(
                AuditEvent.BROKER_REFUSED, organisation, by=NOBODY, provider=NAME, reason=refusal.reason
            )
            return refusal.failure

    async def _leave(self, intent: Intent, kept: dict[str, str]) -> StartedRedirect:
        if self._entra is None:
            raise NotFoundError
        await self._audit.write(AuditEvent.BROKER_STARTED, PLATFORM, by=NOBODY, provider=NAME)
        left = await self._redirects.leave(NAME, self._redirect_uri, {**kept, "intent": intent.value})
        url = await self._entra.begin(left.departure, max_age_seconds=_MAX_AGE[intent])
        return StartedRedirect(flow=left.flow, url=url)

    async def _arrived(self, departed: Departed, answered: Answered, max_age_seconds: int | None) -> _Arrived:
        assert self._entra is not None  # Else the claim was refused.
        returned = returned_by(answered, departed, self._redirect_uri)
        try:
            identity = await self._entra.finish(returned, max_age_seconds=max_age_seconds)
        except ElectronicIdError as fault:
            raise unreachable(fault) from fault
        if isinstance(identity, Unfit):
            raise ReturnRefusedError(Failure.FAILED, identity.reason.value)
        organisation = await self._accounts.organisation_of(identity.tenant)
        if organisation is None:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "foreign-tenant")
        return _Arrived(
            organisation=organisation,
            rules=(await self._settings.of(organisation)).entra,
            identity=identity,
            key=self._accounts.key_of(organisation, identity),
        )

    async def _fulfil(self, intent: Intent, arrived: _Arrived, departed: Departed, here: Here) -> EntraReturn:
        match intent:
            case Intent.SIGN_IN:
                return await self._sign_in(arrived, await self._member(arrived), here)
            case Intent.ACCEPT:
                token = LinkToken.of(departed.secrets["invitation"])
                await self._accept(arrived, token)
                return await self._sign_in(arrived, token.staff, here)
            case Intent.PROVE:
                staff, session = await self._holder(departed, here)
                found = await self._accounts.find(arrived.organisation, arrived.key)
                if found is None or (staff.organisation, staff.staff) != (arrived.organisation, found.staff):
                    raise ReturnRefusedError(Failure.FAILED, "other-member")
                return await self._prove(arrived, staff, session)
            case Intent.CONNECT:
                staff, session = await self._holder(departed, here)
                if staff.organisation != arrived.organisation:
                    raise ReturnRefusedError(Failure.NO_ACCOUNT, "other-organisation")
                await self._bind(arrived, staff.staff)
                return await self._sessions.renew(session, staff, methods=frozenset())
            case _:
                assert_never(intent)

    async def _member(self, arrived: _Arrived) -> StaffId:
        found = await self._accounts.find(arrived.organisation, arrived.key)
        if found is None:
            return await self._arrivals.arrive(arrived.organisation, arrived.rules, arrived.identity, arrived.key)
        member = await self._accounts.member(arrived.organisation, found.staff)
        if member is None:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "left")
        if member.is_mapped:
            await self._arrivals.review(arrived.organisation, arrived.rules, arrived.identity, found.staff)
        return found.staff

    async def _accept(self, arrived: _Arrived, token: LinkToken) -> None:
        if token.organisation != arrived.organisation:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "other-organisation")
        try:
            # Before the link is used up: whoever took another account by mistake may try again.
            await self._accounts.check_free(arrived.organisation, arrived.key, token.staff)
            await self._invitations.accept(token)
        except NotFoundError:
            raise ReturnRefusedError(Failure.FAILED, "invitation") from None
        except ConflictError:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "taken") from None
        await self._bind(arrived, token.staff)

    async def _bind(self, arrived: _Arrived, staff: StaffId) -> None:
        try:
            await self._accounts.bind(arrived.organisation, arrived.key, staff)
        except ConflictError:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "taken") from None

    async def _sign_in(self, arrived: _Arrived, staff: StaffId, here: Here) -> EntraReturn:
        now = self._clock()
        told = arrived.identity.authenticated_at
        proof = EntraProof(
            organisation=arrived.organisation,
            staff=staff,
            account=arrived.key,
            tenant=arrived.identity.tenant,
            methods=_methods(arrived),
            # Not told: then it may be hours ago, and proves nothing for an act that asks for a fresh proof.
            proved_at=now - FRESH_FOR if told is None else min(told, now),
        )
        try:
            return await self._signing_in.go_on(proof, here)
        except WrongCredentialsError:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "not-signed-in") from None

    async def _holder(self, departed: Departed, here: Here) -> tuple[Staff, str]:
        """The member whose session went away, if this browser still holds it."""
        token = here.replacing or ""
        if equal(token_hash(token), departed.secrets["session"]):
            with suppress(NotSignedInError):
                holder = await self._sessions.principal_of(token)
                if isinstance(holder, Staff):
                    return holder, token
        raise ReturnRefusedError(Failure.OTHER_BROWSER, "other-session")

    async def _prove(self, arrived: _Arrived, staff: Staff, session: str) -> NewSession:
        methods = _methods(arrived)
        if await self._stepping_up.offers(staff, proved=methods):
            # With a factor of their own, what any session of theirs proved already is no new proof.
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "own-factor")
        await self._audit.write(
            AuditEvent.STEPPED_UP, staff.organisation, by=staff.staff, method=" ".join(sorted(methods))
        )
        try:
            return await self._sessions.renew(session, staff, methods=methods)
        except NotSignedInError:
            raise ReturnRefusedError(Failure.OTHER_BROWSER, "other-session") from None


def _methods(arrived: _Arrived) -> frozenset[SignInMethod]:
    identity = arrived.identity
    is_strong = arrived.rules.proves_second_factor(identity.methods, identity.contexts)
    return frozenset({SignInMethod.ENTRA, *([SignInMethod.ENTRA_MFA] if is_strong else [])})
