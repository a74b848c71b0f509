"""``Entra`` over OpenID Connect: the flow of any provider, and claims that are judged tenant by tenant."""

import time
from collections.abc import Callable
from typing import Final

from shared.adapters.oidc_http import OidcHttp
from shared.adapters.oidc_relying_party import RelyingParty
from shared.domain.brokers import Departure, MisfitError, Return, Unfit
from shared.domain.entra import EntraOutcome
from shared.domain.entra_claims import check_entra_token
from shared.domain.entra_registrations import EntraRegistration
from shared.domain.ids import RandomBytes
from shared.domain.ports import Clock

SCOPE: Final = "openid profile"
"""Nothing of Microsoft Graph: what the ID token says is all that is asked."""


class EntraId:
    """Sign-ins at Entra ID. ``http`` is shared with others and closed by whoever made it."""

    def __init__(
        self,
        registration: EntraRegistration,
        secret: str,
        *,
        http: OidcHttp,
        clock: Clock,
        random: RandomBytes,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration = registration
        self._clock = clock
        self._party = RelyingParty(registration, secret, http=http, clock=clock, random=random, steady=steady)

    @property
    def registration(self) -> EntraRegistration:
        return self._registration

    async def begin(self, departure: Departure, *, max_age_seconds: int | None) -> str:
        anew = {} if max_age_seconds is None else {"prompt": "login", "max_age": str(max_age_seconds)}
        return await self._party.authorization_url(departure, {"scope": SCOPE, **anew})

    async def finish(self, returned: Return, *, max_age_seconds: int | None) -> EntraOutcome:
        try:
            redeemed = await self._party.redeem(returned)
            return check_entra_token(
                redeemed.claims,
                self._registration,
                nonce=returned.nonce,
                issuer=returned.issuer,
                max_age_seconds=max_age_seconds,
                departed_at=returned.departed_at,
                now=self._clock(),
            )
        except MisfitError as misfit:
            return Unfit(reason=misfit.reason)
