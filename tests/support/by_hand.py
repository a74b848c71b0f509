"""Opening copies by hand: with every key that whoever has all rights in the vault can get, and without our services."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm

from shared.crypto.contexts import part_context
from shared.crypto.data_keys import unwrap_data_key, wrapped_key_version
from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.manifests import unseal_manifest
from shared.crypto.organisation_keys import OrganisationKey
from shared.crypto.parts import unseal_part
from shared.crypto.ranges import sealed_length
from shared.crypto.texts import unseal_text
from shared.domain import places
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId
from shared.domain.key_addresses import key_address
from shared.domain.places import Place
from shared.domain.threads import StoredFile
from tests.support.copies import Copies


async def obtainable(copies: Copies, administrator: KeyClient) -> set[bytes]:
    """What every version of every key in the vault, and every key that a wrap names, makes of every wrap."""
    wraps = [(body["kek"], bytes.fromhex(body["wrapped"])) for _, body in copies.bodies() if "wrapped" in body]
    keks = {kek for kek, _ in wraps}
    async for key in administrator.list_properties_of_keys():
        keks |= {each.id async for each in administrator.list_properties_of_key_versions(key.name)}
    found: set[bytes] = set()
    for kek in keks:
        address = key_address(kek)
        assert address is not None
        client = administrator.get_cryptography_client(address.name, key_version=address.version)
        for _, wrapped in wraps:
            with suppress(HttpResponseError):
                found.add((await client.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped)).key)
    return found


def opened(copies: Copies, organisation: OrganisationId, secrets: set[bytes]) -> list[str]:
    """Every text, name and content of the organisation that one of the secrets opens, whichever key it is taken for."""
    found: list[str] = []
    for place, body in copies.bodies():
        for secret in secrets:
            for attempt in _attempts(copies, organisation, secret, place, body):
                with suppress(IntegrityError):
                    found += attempt()
    return found


def _attempts(
    copies: Copies, organisation: OrganisationId, secret: bytes, place: Place, body: dict[str, Any]
) -> Iterator[Any]:
    def key(version: int) -> OrganisationKey:
        return OrganisationKey(organisation, version, secret)

    def text() -> list[str]:
        wrapped, thread, message = body["text_key"], body["thread"], body["message"]
        data_key = unwrap_data_key(key(wrapped_key_version(wrapped)), wrapped, thread=thread, file=message)
        return [unseal_text(data_key, body["text"], organisation=organisation, thread=thread, message=message)]

    def file() -> list[str]:
        stored = StoredFile.of(body)
        assert stored.key is not None
        assert stored.manifest is not None
        bound = {"thread": stored.thread, "file": stored.file}
        data_key = unwrap_data_key(key(wrapped_key_version(stored.key)), stored.key, **bound)
        manifest = unseal_manifest(data_key, stored.manifest, organisation=organisation, **bound)
        blob = places.blob(organisation, stored.thread, stored.message, stored.file)
        sealed, at, content = copies.blobs["PIC_BLOB_CONTAINER"][blob], 0, b""
        for index, length in enumerate(manifest.part_lengths):
            end = at + sealed_length(length)
            content += unseal_part(
                data_key, part_context(organisation, stored.thread, stored.file, index), sealed[at:end]
            )
            at = end
        return [manifest.name, content.decode()]

    def sealed_field(name: str, value: str) -> list[str]:
        version = sealed_field_key_version(value)
        return [unseal_field(key(version), value, partition=place.partition, id=place.id, field=name)]

    if body.get("text_key"):
        yield text
    if body.get("manifest"):
        yield file
    for name, value in body.items():
        if isinstance(value, str) and value.startswith("f1."):
            yield lambda name=name, value=value: sealed_field(name, value)
