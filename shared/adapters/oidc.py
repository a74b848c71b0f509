"""``Broker`` as an OpenID Connect relying party: a person, and only what is signed for us, now.

Source: OpenID Connect Core 1.0 section 3.1; OIDC Sweden profile 1.0.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from shared.adapters.oidc_http import Answer, OidcHttp, refusal
from shared.adapters.oidc_relying_party import RelyingParty
from shared.domain.broker_claims import (
    CheckedToken,
    check_access_token,
    check_id_token,
    check_userinfo,
    names_of,
    personal_number_of,
    transaction_of,
)
from shared.domain.broker_profiles import BrokerProfile
from shared.domain.brokers import BrokerOutcome, Departure, Identified, Misfit, MisfitError, Return, Unfit
from shared.domain.ids import RandomBytes
from shared.domain.ports import Clock, Json
from shared.domain.verified_identity import VerifiedIdentity


class OidcBroker:
    """Sign-ins at one broker. ``http`` is shared with others and closed by whoever made it.

    ``steady`` tells how old is what we remember of the broker, in seconds.
    """

    def __init__(
        self,
        profile: BrokerProfile,
        secret: str,
        *,
        http: OidcHttp,
        clock: Clock,
        random: RandomBytes,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._profile = profile
        self._http = http
        self._clock = clock
        self._party = RelyingParty(profile, secret, http=http, clock=clock, random=random, steady=steady)

    @property
    def profile(self) -> BrokerProfile:
        return self._profile

    async def begin(self, departure: Departure) -> str:
        return await self._party.authorization_url(departure, self._parameters())

    async def finish(self, returned: Return) -> BrokerOutcome:
        try:
            redeemed = await self._party.redeem(returned)
            token = check_id_token(
                redeemed.claims,
                self._profile,
                nonce=returned.nonce,
                departed_at=returned.departed_at,
                now=self._clock(),
            )
            if redeemed.access_token is not None:
                check_access_token(token.claims, redeemed.access_token)
            userinfo, stated = await self._userinfo(token, redeemed.access_token)
            return Identified(identity=self._identity(redeemed.id_token, token, userinfo, stated))
        except MisfitError as misfit:
            return Unfit(reason=misfit.reason)

    def _parameters(self) -> dict[str, str]:
        profile = self._profile
        parameters = {"scope": " ".join(profile.scopes), "prompt": "login"}
        if profile.acr_values:
            parameters["acr_values"] = " ".join(profile.acr_values)
        if profile.max_age_seconds is not None:
            parameters["max_age"] = str(profile.max_age_seconds)
        if profile.essential:
            where = "id_token" if profile.userinfo == "none" else "userinfo"
            asked: dict[str, Json] = {name: {"essential": True} for name in profile.essential}
            parameters["claims"] = json.dumps({where: asked}, separators=(",", ":"))
        return parameters

    async def _userinfo(self, token: CheckedToken, access_token: str | None) -> tuple[Mapping[str, Json], str | None]:
        """What UserInfo states, and that verbatim."""
        if self._profile.userinfo == "none":
            return {}, None
        endpoint = (await self._party.metadata()).userinfo_endpoint
        if endpoint is None or access_token is None:
            raise MisfitError(Misfit.USERINFO)
        answer = await self._http.get(endpoint, {"authorization": f"Bearer {access_token}"})
        if answer.status != HTTPStatus.OK:
            raise refusal(answer.status, self._profile.name)
        stated = _text(answer)
        if answer.media_type == "application/jwt" and self._profile.userinfo == "signed":
            claims = await self._party.keys.verified(stated)
        elif self._profile.userinfo == "plain":
            claims = answer.members()
        else:
            raise MisfitError(Misfit.USERINFO)
        check_userinfo(claims, self._profile, token, now=self._clock())
        return claims, stated

    def _identity(
        self, raw: str, token: CheckedToken, userinfo: Mapping[str, Json], stated: str | None
    ) -> VerifiedIdentity:
        today = self._clock().date()
        name, given_name, surname = names_of(token.claims, userinfo)
        evidence = {"id_token": raw} | ({} if stated is None else {"userinfo": stated})
        return VerifiedIdentity(
            personal_number=personal_number_of(token.claims, userinfo, self._profile, today=today),
            name=name,
            given_name=given_name,
            surname=surname,
            provider=self._profile.name,
            assurance=token.assurance,
            transaction=transaction_of(token.claims, raw),
            evidence=json.dumps(evidence),
        )


def _text(answer: Answer) -> str:
    try:
        return answer.raw.decode().strip()
    except UnicodeDecodeError:
        raise MisfitError(Misfit.FORM) from None
