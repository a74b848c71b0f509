"""Sign-ins that have gone to a provider: what we remember of a departure, and who may come back with its answer.

It lies under the hash of its state, is good for one return, and only for the browser whose cookie it names. Source:
RFC 9700 (state, PKCE, mix-up).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.tokens import equal, new_token, token_hash
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.broker_profiles import Registration
from shared.domain.brokers import Departure, Failure, Misfit, Return, failure_of
from shared.domain.errors import ElectronicIdError, ElectronicIdFault, RecordChangedError, RecordNotFoundError
from shared.domain.ids import RandomBytes
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Clock, Record, Records
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring

FLOW_LIFETIME: Final = timedelta(minutes=10)
CODE_CHARACTERS: Final = 4096
"""Of a code, a state or an error that is looked at at all."""

NOBODY: Final = "unknown"
"""Who does it in audit events: before a provider's answer is believed, nobody knows."""

_LATER: Final = frozenset(
    {
        ElectronicIdFault.MAINTENANCE,
        ElectronicIdFault.TIMEOUT,
        ElectronicIdFault.INTERNAL,
        ElectronicIdFault.UNREACHABLE,
        ElectronicIdFault.TOO_MANY_REQUESTS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRedirect:
    """``flow`` goes into the cookie of the browser that started; ``url`` is where it goes."""

    flow: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the browser brought back in its address (RFC 6749 section 4.1.2), none of it believed yet.

    ``provider`` is the one to whose address it came.
    """

    provider: str
    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A browser that is on its way. ``flow`` goes into its cookie."""

    flow: str = field(repr=False)
    departure: Departure


@dataclass(frozen=True, slots=True, kw_only=True)
class Departed:
    """What we remember of it, for the one who has come back. ``secrets`` are nonce, verifier, and what was kept."""

    secrets: Mapping[str, str] = field(repr=False)
    at: datetime


class ReturnRefusedError(Exception):
    """What the browser brought back is no identity. Ends in whoever asked, who audits it."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


class Redirects:
    """Lets browsers go, and takes them back."""

    def __init__(
        self, *, records: Records, keyring: Keyring, expiries: Expiries, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._keyring = keyring
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def leave(self, provider: str, redirect_uri: str, kept: Mapping[str, str]) -> Left:
        """Remember a departure to ``provider``, with what is ``kept`` beside its secrets, sealed."""
        flow, state, nonce, verifier = (new_token(self._random) for _ in range(4))
        place, now = places.redirect(token_hash(state)), self._clock()
        ends = now + FLOW_LIFETIME
        secrets = {**kept, "nonce": nonce, "verifier": verifier}
        await self._expiries.book(ends, f"redirect|{token_hash(state)}")
        await self._records.create(
            place.partition,
            place.id,
            {
                "provider": provider,
                "flow": token_hash(flow),
                "started_at": instant_text(now),
                "expires_at": instant_text(ends),
                "secrets": await self._seal(place, json.dumps(secrets)),
            },
        )
        departure = Departure(redirect_uri=redirect_uri, state=state, nonce=nonce, verifier=verifier)
        return Left(flow=flow, departure=departure)

    async def of(self, state: str) -> Record | None:
        """The departure that a state names; None for what we never sent."""
        if not 0 < len(state) <= CODE_CHARACTERS:
            return None
        place = places.redirect(token_hash(state))
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def claim(
        self, record: Record, answered: Answered, *, flow: str, registration: Registration | None
    ) -> Departed:
        """What we remember, for the first who asks, in the browser that started, with an answer of that provider.

        ``registration`` is of the provider that the record names; None when it is not on any more, or none of those
        who ask. Raises ``ReturnRefusedError``.
        """
        fields = Fields(record.body)
        secrets = await self._use(record)
        if not equal(fields.text("flow"), token_hash(flow)):
            # Whoever sent the address to another person, or took it from one, must begin again.
            raise ReturnRefusedError(Failure.OTHER_BROWSER, "other-browser")
        if secrets is None or registration is None or self._clock() >= fields.instant("expires_at"):
            raise ReturnRefusedError(Failure.FAILED, "spent")
        is_named_otherwise = answered.issuer is not None and not registration.is_issuer(answered.issuer)
        if answered.provider != registration.name or is_named_otherwise:
            raise ReturnRefusedError(Failure.FAILED, Misfit.ISSUER.value)
        return Departed(secrets=secrets, at=fields.instant("started_at"))

    async def _use(self, record: Record) -> Mapping[str, str] | None:
        """The secrets of the departure, for the one who asks first; None for all others."""
        sealed = Fields(record.body).optional_text("secrets")
        if sealed is None:
            return None
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        secrets: Mapping[str, str] = json.loads(
            unseal_field(key, sealed, partition=record.partition, id=record.id, field="secrets")
        )
        try:
            await self._records.replace_if_match(record, {**record.body, "secrets": None})
        except (RecordChangedError, RecordNotFoundError):
            return None
        return secrets

    async def _seal(self, place: Place, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field="secrets", random=self._random)


def returned_by(answered: Answered, departed: Departed, redirect_uri: str) -> Return:
    """What is to be traded for an identity. Raises ``ReturnRefusedError`` when there is no code."""
    if answered.error or not 0 < len(answered.code) <= CODE_CHARACTERS:
        failure = failure_of(answered.error)
        raise ReturnRefusedError(failure, f"broker-{failure.value}")
    return Return(
        code=answered.code,
        issuer=answered.issuer,
        redirect_uri=redirect_uri,
        nonce=departed.secrets["nonce"],
        verifier=departed.secrets["verifier"],
        departed_at=departed.at,
    )


def unreachable(fault: ElectronicIdError) -> ReturnRefusedError:
    """What becomes of a sign-in whose provider did not answer, or not as it should."""
    return ReturnRefusedError(Failure.TRY_LATER if fault.code in _LATER else Failure.FAILED, fault.code.value)
