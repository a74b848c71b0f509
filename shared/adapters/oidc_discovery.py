"""A broker's discovery document: where its endpoints are. Source: OpenID Connect Discovery 1.0, RFC 8414, RFC 9126."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from shared.adapters.oidc_http import OidcHttp, refusal
from shared.domain.broker_profiles import Registration
from shared.domain.brokers import Misfit, MisfitError
from shared.domain.ports import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What we use of it. ``states_issuer``: each authorization response carries ``iss`` (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    pushed_endpoint: str | None
    states_issuer: bool
    assertion_algorithms: frozenset[str]


async def discover(http: OidcHttp, profile: Registration) -> Metadata:
    """The document of this issuer and no other. Raises ``ElectronicIdError``, ``MisfitError``."""
    answer = await http.get(profile.discovery)
    if answer.status != HTTPStatus.OK:
        raise refusal(answer.status, profile.name)
    members = answer.members()
    if members.get("issuer") != profile.issuer:
        raise MisfitError(Misfit.ISSUER)
    methods = members.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(methods, list) or "S256" not in methods:
        raise MisfitError(Misfit.DISCOVERY)
    algorithms = members.get("token_endpoint_auth_signing_alg_values_supported", [])
    return Metadata(
        authorization_endpoint=_needed(http, members, "authorization_endpoint"),
        token_endpoint=_needed(http, members, "token_endpoint"),
        jwks_uri=_needed(http, members, "jwks_uri"),
        userinfo_endpoint=_optional(http, members, "userinfo_endpoint"),
        pushed_endpoint=_optional(http, members, "pushed_authorization_request_endpoint"),
        states_issuer=members.get("authorization_response_iss_parameter_supported") is True,
        assertion_algorithms=frozenset(name for name in algorithms if isinstance(name, str))
        if isinstance(algorithms, list)
        else frozenset(),
    )


def _needed(http: OidcHttp, members: Mapping[str, Json], name: str) -> str:
    found = _optional(http, members, name)
    if found is None:
        raise MisfitError(Misfit.DISCOVERY)
    return found


def _optional(http: OidcHttp, members: Mapping[str, Json], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not http.permits(value):
        raise MisfitError(Misfit.DISCOVERY)
    return value
