"""How an API client proves who it is at the token endpoint: with a secret, or with a proof that its own key signed.

Whatever is wrong is one refusal: an unknown client, a wrong secret, one that has ended, a proof that was used. Of
secrets it takes the same calls and the same time, because a digest is compared whoever asks.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, assert_never

from shared.crypto.tokens import equal, token_hash
from shared.domain import places
from shared.domain.api_clients import (
    PER_CLIENT_AND_NETWORK,
    PER_NETWORK,
    StoredClient,
    StoredKey,
    StoredSecret,
    parse_client_id,
)
from shared.domain.audit_events import AuditEvent
from shared.domain.client_assertions import AssertionKeys, checked_proof
from shared.domain.errors import ClientRefusedError, NotFoundError, RecordExistsError
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Records
from shared.domain.rate_limits import network_of
from shared.services.auditing import Audit
from shared.services.client_records import ClientRecords
from shared.services.expiring import Expiries
from shared.services.limiting import Limiting

_NO_DIGEST: Final = "0" * 64
"""What is compared where there is nothing to compare with. No text is known to have this hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretProof:
    """``client_secret_basic`` or ``client_secret_post`` (RFC 6749 section 2.3.1)."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionProof:
    """``private_key_jwt`` (RFC 7523 section 2.2). ``client_id`` may be left out: the proof names its client."""

    client_id: str | None
    assertion: str = field(repr=False)


ClientProof: TypeAlias = SecretProof | AssertionProof


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenClient:
    """A client, and the id of the credential by which it proved to be that."""

    client: StoredClient
    credential: str


class ClientAuthenticating:
    """``audiences`` are what a proof may be made out to: the token endpoint or the issuer."""

    def __init__(
        self,
        *,
        records: Records,
        clients: ClientRecords,
        expiries: Expiries,
        limiting: Limiting,
        keys: AssertionKeys,
        audit: Audit,
        audiences: frozenset[str],
        clock: Clock,
    ) -> None:
        self._records = records
        self._clients = clients
        self._expiries = expiries
        self._limiting = limiting
        self._keys = keys
        self._audit = audit
        self._audiences = audiences
        self._clock = clock

    async def prove(self, proof: ClientProof, *, client_address: str) -> ProvenClient:
        """Raises ``ClientRefusedError``, ``TooManyRequestsError``."""
        client_id = self._claimed(proof)
        network, event = network_of(client_address), AuditEvent.CLIENT_LIMITED
        await self._limiting.allow("client-network", f"{client_id}:{network}", PER_CLIENT_AND_NETWORK, event=event)
        await self._limiting.allow("clients-network", network, PER_NETWORK, event=event)
        client = await self._find(client_id)
        try:
            match proof:
                case SecretProof():
                    credential = self._by_secret(client, proof.secret)
                case AssertionProof():
                    credential = await self._by_assertion(client, proof)
                case _:
                    assert_never(proof)
        except ClientRefusedError:
            organisation = PLATFORM if client is None else client.organisation
            by = "unknown" if client is None else client.client
            await self._audit.write_once_a_minute(AuditEvent.CLIENT_REFUSED, organisation, by=by)
            raise
        assert client is not None
        return ProvenClient(client=client, credential=credential)

    def _claimed(self, proof: ClientProof) -> str:
        match proof:
            case SecretProof():
                return proof.client_id
            case AssertionProof():
                claimed = self._keys.claimed_client(proof.assertion) or ""
                if proof.client_id not in {None, claimed}:
                    raise ClientRefusedError
                return claimed

    async def _find(self, client_id: str) -> StoredClient | None:
        named = parse_client_id(client_id)
        if named is None:
            return None
        try:
            return await self._clients.of(*named)
        except NotFoundError:
            return None

    def _by_secret(self, client: StoredClient | None, secret: str) -> str:
        digest = token_hash(secret)
        valid = [] if client is None else list(client.valid(self._clock()))
        secrets = [each for each in valid if isinstance(each, StoredSecret)]
        # All are compared, and something always is: how long it takes does not tell which, nor whether there is one.
        matches = [equal(digest, each.digest) for each in secrets] or [equal(digest, _NO_DIGEST)]
        if not any(matches) or not secrets:
            raise ClientRefusedError
        return secrets[matches.index(True)].credential

    async def _by_assertion(self, client: StoredClient | None, proof: AssertionProof) -> str:
        now = self._clock()
        keys = [] if client is None else [each for each in client.valid(now) if isinstance(each, StoredKey)]
        at, claims = self._keys.claims(proof.assertion, [each.jwk for each in keys])
        assert client is not None
        proven = checked_proof(claims, client_id=client.client_id, audiences=self._audiences, now=now)
        used = token_hash(f"{client.client_id}|{proven.jti}")
        place = places.client_assertion(used)
        await self._expiries.book(proven.until, f"assertion|{used}")
        try:
            await self._records.create(place.partition, place.id, {})
        except RecordExistsError as fault:
            raise ClientRefusedError from fault
        return keys[at].credential
