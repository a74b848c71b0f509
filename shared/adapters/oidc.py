"""``Broker`` as an OpenID Connect relying party: authorization code, PKCE, and only what is signed for us, now.

Source: OpenID Connect Core 1.0 section 3.1; RFC 7636, RFC 9126, RFC 9207, RFC 9700; OIDC Sweden profile 1.0.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from shared.adapters.oidc_authentication import ClientAuthentication
from shared.adapters.oidc_discovery import Metadata, discover
from shared.adapters.oidc_http import Answer, OidcHttp, refusal
from shared.adapters.oidc_keys import BrokerKeys, Jwk, fetch_keys
from shared.adapters.oidc_memory import Remembered
from shared.domain.broker_claims import (
    CheckedToken,
    check_access_token,
    check_id_token,
    check_userinfo,
    names_of,
    personal_number_of,
    transaction_of,
)
from shared.domain.brokers import (
    BrokerOutcome,
    BrokerProfile,
    Departure,
    Identified,
    Misfit,
    MisfitError,
    Return,
    Unfit,
    code_challenge,
)
from shared.domain.electronic_id import VerifiedIdentity
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.domain.ids import RandomBytes
from shared.domain.ports import Clock, Json

UI_LOCALES: Final = "sv en"
_REQUEST_URI_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokens:
    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


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
        self._authentication = ClientAuthentication(profile, secret, clock=clock, random=random)
        self._metadata = Remembered(self._discover, now=steady)
        self._keys = BrokerKeys(self._fetch_keys, now=steady)

    @property
    def profile(self) -> BrokerProfile:
        return self._profile

    async def begin(self, departure: Departure) -> str:
        try:
            metadata = await self._metadata.get()
            parameters = self._parameters(departure)
            if metadata.pushed_endpoint is not None:
                parameters = await self._push(metadata, metadata.pushed_endpoint, parameters)
        except MisfitError as misfit:
            raise ElectronicIdError(ElectronicIdFault.UNFIT, self._profile.name, misfit.reason.value) from misfit
        parts = urlsplit(metadata.authorization_endpoint)
        query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
        return urlunsplit(parts._replace(query=query))

    async def finish(self, returned: Return) -> BrokerOutcome:
        try:
            metadata = await self._metadata.get()
            self._check_response(metadata, returned)
            tokens = await self._redeem(metadata, returned)
            token = check_id_token(
                await self._keys.verified(tokens.id_token),
                self._profile,
                nonce=returned.nonce,
                departed_at=returned.departed_at,
                now=self._clock(),
            )
            if tokens.access_token is not None:
                check_access_token(token.claims, tokens.access_token)
            userinfo, stated = await self._userinfo(metadata, token, tokens)
            return Identified(identity=self._identity(tokens.id_token, token, userinfo, stated))
        except MisfitError as misfit:
            return Unfit(reason=misfit.reason)

    async def _discover(self) -> Metadata:
        return await discover(self._http, self._profile)

    async def _fetch_keys(self) -> Sequence[Jwk]:
        metadata = await self._metadata.get()
        return await fetch_keys(self._http, metadata.jwks_uri, self._profile.name)

    def _parameters(self, departure: Departure) -> dict[str, str]:
        profile = self._profile
        parameters = {
            "response_type": "code",
            "client_id": profile.client_id,
            "redirect_uri": departure.redirect_uri,
            "scope": " ".join(profile.scopes),
            "state": departure.state,
            "nonce": departure.nonce,
            "code_challenge": code_challenge(departure.verifier),
            "code_challenge_method": "S256",
            "prompt": "login",
            "ui_locales": UI_LOCALES,
        }
        if profile.acr_values:
            parameters["acr_values"] = " ".join(profile.acr_values)
        if profile.max_age_seconds is not None:
            parameters["max_age"] = str(profile.max_age_seconds)
        if profile.essential:
            where = "id_token" if profile.userinfo == "none" else "userinfo"
            asked: dict[str, Json] = {name: {"essential": True} for name in profile.essential}
            parameters["claims"] = json.dumps({where: asked}, separators=(",", ":"))
        return parameters

    async def _push(self, metadata: Metadata, endpoint: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """The request goes from us to the broker, unseen and unchanged by the browser (RFC 9126)."""
        proof = self._authentication.proof(metadata)
        answer = await self._http.post(endpoint, {**parameters, **proof.form}, proof.headers)
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}:
            raise refusal(answer.status, self._profile.name)
        request_uri = answer.members().get("request_uri")
        if not isinstance(request_uri, str) or not 0 < len(request_uri) <= _REQUEST_URI_CHARACTERS:
            raise MisfitError(Misfit.FORM)
        return {"client_id": self._profile.client_id, "request_uri": request_uri}

    def _check_response(self, metadata: Metadata, returned: Return) -> None:
        """A code of another broker must never be sent to this one (RFC 9207)."""
        stated = returned.issuer
        if stated != self._profile.issuer and (stated is not None or metadata.states_issuer):
            raise MisfitError(Misfit.ISSUER)

    async def _redeem(self, metadata: Metadata, returned: Return) -> _Tokens:
        proof = self._authentication.proof(metadata)
        form = {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": returned.redirect_uri,
            "code_verifier": returned.verifier,
            **proof.form,
        }
        answer = await self._http.post(metadata.token_endpoint, form, proof.headers)
        if answer.status == HTTPStatus.BAD_REQUEST and answer.members().get("error") == "invalid_grant":
            raise MisfitError(Misfit.CODE)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer.status, self._profile.name)
        members = answer.members()
        id_token, access_token = members.get("id_token"), members.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str | None):
            raise MisfitError(Misfit.FORM)
        if access_token is not None and (
            str(members.get("token_type")).lower() != "bearer" or not _is_token(access_token)
        ):
            raise MisfitError(Misfit.FORM)
        return _Tokens(id_token=id_token, access_token=access_token)

    async def _userinfo(
        self, metadata: Metadata, token: CheckedToken, tokens: _Tokens
    ) -> tuple[Mapping[str, Json], str | None]:
        """What UserInfo states, and that verbatim."""
        if self._profile.userinfo == "none":
            return {}, None
        if metadata.userinfo_endpoint is None or tokens.access_token is None:
            raise MisfitError(Misfit.USERINFO)
        headers = {"authorization": f"Bearer {tokens.access_token}"}
        answer = await self._http.get(metadata.userinfo_endpoint, headers)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer.status, self._profile.name)
        stated = _text(answer)
        if answer.media_type == "application/jwt" and self._profile.userinfo == "signed":
            claims = await self._keys.verified(stated)
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


def _is_token(text: str) -> bool:
    """Whether it may stand in a header (RFC 6750 section 2.1)."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _text(answer: Answer) -> str:
    try:
        return answer.raw.decode().strip()
    except UnicodeDecodeError:
        raise MisfitError(Misfit.FORM) from None
