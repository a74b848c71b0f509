"""Any OpenID provider from our side: authorization code, PKCE, and a token whose signature is verified.

Whom it speaks of, and whether that is believed, is for ``OidcBroker`` (persons) and ``EntraId`` (staff).
Source: OpenID Connect Core 1.0 section 3.1; RFC 7636, RFC 9126, RFC 9207, RFC 9700.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from shared.adapters.oidc_authentication import ClientAuthentication
from shared.adapters.oidc_discovery import Metadata, discover
from shared.adapters.oidc_http import OidcHttp, refusal
from shared.adapters.oidc_keys import BrokerKeys, Jwk, fetch_keys
from shared.adapters.oidc_memory import Remembered
from shared.domain.broker_profiles import Registration
from shared.domain.brokers import Departure, Misfit, MisfitError, Return, code_challenge
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.domain.id_tokens import Claims
from shared.domain.ids import RandomBytes
from shared.domain.ports import Clock

UI_LOCALES: Final = "sv en"
_REQUEST_URI_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What a code was traded for. ``claims`` are those of the ID token: its signature is verified, and nothing else."""

    claims: Claims = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


class RelyingParty:
    """We at one provider. ``http`` is shared with others and closed by whoever made it.

    ``steady`` tells how old is what we remember of the provider, in seconds.
    """

    def __init__(
        self,
        registration: Registration,
        secret: str,
        *,
        http: OidcHttp,
        clock: Clock,
        random: RandomBytes,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration = registration
        self._http = http
        self._authentication = ClientAuthentication(registration, secret, clock=clock, random=random)
        self._metadata = Remembered(self._discover, now=steady)
        self.keys = BrokerKeys(self._fetch_keys, now=steady)

    async def metadata(self) -> Metadata:
        """Where the provider's endpoints are. Raises ``ElectronicIdError``, ``MisfitError``."""
        return await self._metadata.get()

    async def authorization_url(self, departure: Departure, more: Mapping[str, str]) -> str:
        """Where the browser goes. Raises ``ElectronicIdError``."""
        name = self._registration.name
        try:
            metadata = await self._metadata.get()
            parameters = {
                "response_type": "code",
                "client_id": self._registration.client_id,
                "redirect_uri": departure.redirect_uri,
                "state": departure.state,
                "nonce": departure.nonce,
                "code_challenge": code_challenge(departure.verifier),
                "code_challenge_method": "S256",
                "ui_locales": UI_LOCALES,
                **more,
            }
            if metadata.pushed_endpoint is not None:
                parameters = await self._push(metadata, metadata.pushed_endpoint, parameters)
        except MisfitError as misfit:
            raise ElectronicIdError(ElectronicIdFault.UNFIT, name, misfit.reason.value) from misfit
        parts = urlsplit(metadata.authorization_endpoint)
        query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
        return urlunsplit(parts._replace(query=query))

    async def redeem(self, returned: Return) -> Redeemed:
        """Trade the code. Raises ``MisfitError``, ``ElectronicIdError``."""
        metadata = await self._metadata.get()
        self._check_response(metadata, returned)
        id_token, access_token = await self._tokens(metadata, returned)
        claims = await self.keys.verified(id_token)
        return Redeemed(claims=claims, id_token=id_token, access_token=access_token)

    async def _discover(self) -> Metadata:
        return await discover(self._http, self._registration)

    async def _fetch_keys(self) -> Sequence[Jwk]:
        metadata = await self._metadata.get()
        return await fetch_keys(self._http, metadata.jwks_uri, self._registration.name)

    async def _push(self, metadata: Metadata, endpoint: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """The request goes from us to the broker, unseen and unchanged by the browser (RFC 9126)."""
        proof = self._authentication.proof(metadata)
        answer = await self._http.post(endpoint, {**parameters, **proof.form}, proof.headers)
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.OK}:
            raise refusal(answer.status, self._registration.name)
        request_uri = answer.members().get("request_uri")
        if not isinstance(request_uri, str) or not 0 < len(request_uri) <= _REQUEST_URI_CHARACTERS:
            raise MisfitError(Misfit.FORM)
        return {"client_id": self._registration.client_id, "request_uri": request_uri}

    def _check_response(self, metadata: Metadata, returned: Return) -> None:
        """A code of another broker must never be sent to this one (RFC 9207)."""
        stated = returned.issuer
        is_told = stated is not None and self._registration.is_issuer(stated)
        if not is_told and (stated is not None or metadata.states_issuer):
            raise MisfitError(Misfit.ISSUER)

    async def _tokens(self, metadata: Metadata, returned: Return) -> tuple[str, str | None]:
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
            raise refusal(answer.status, self._registration.name)
        members = answer.members()
        id_token, access_token = members.get("id_token"), members.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str | None):
            raise MisfitError(Misfit.FORM)
        if access_token is not None and (
            str(members.get("token_type")).lower() != "bearer" or not _is_token(access_token)
        ):
            raise MisfitError(Misfit.FORM)
        return id_token, access_token


def _is_token(text: str) -> bool:
    """Whether it may stand in a header (RFC 6750 section 2.1)."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
