"""All that happens to an API client: made, given credentials, asked for tokens, refused, limited, revoked."""

import pytest

from shared.domain.api_clients import PER_CLIENT_AND_NETWORK
from shared.domain.errors import ClientRefusedError, TooManyRequestsError
from shared.domain.scopes import Scope
from shared.services.administering_clients import ClientChange, NewClient, Renewal
from shared.services.client_authenticating import SecretProof
from tests.support.scene import Scene

ADDRESS = "203.0.113.247"


async def use_clients(scene: Scene) -> None:
    """Leaves every kind of event that there is of clients."""
    administering, organisation = scene.container.administering_clients, scene.organisation
    authenticating = scene.container.client_authenticating
    new = NewClient(name="Diariet", units=frozenset({scene.unit}), scopes=frozenset(Scope))
    client = (await administering.create(organisation, new, by="system")).client
    await administering.change(organisation, client, ClientChange(name="Diariet 2"), by="system")
    terms = Renewal(days=30, others_end_after_hours=None)
    secret = await administering.add_secret(organisation, client, terms, by="system")
    proof = SecretProof(client_id=secret.client_id, secret=secret.secret)
    proven = await authenticating.prove(proof, client_address=ADDRESS)
    await scene.container.client_tokens.issue(proven, wanted=None)
    wrong = SecretProof(client_id=secret.client_id, secret="wrong")
    for _ in range(PER_CLIENT_AND_NETWORK.count - 1):
        with pytest.raises(ClientRefusedError):
            await authenticating.prove(wrong, client_address=ADDRESS)
    with pytest.raises(TooManyRequestsError):
        await authenticating.prove(wrong, client_address=ADDRESS)
    await administering.end_credential(organisation, client, secret.credential, by="system")
    await administering.revoke(organisation, client, by="system")
