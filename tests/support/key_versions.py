"""The versions of an organisation key as the records tell them, and back to what they were before a rotation."""

from shared.domain.ids import OrganisationId
from shared.domain.ports import Records
from shared.services.organisation_key_records import key_records, read_version


async def wraps(records: Records, owner: OrganisationId) -> list[str]:
    """The version of the key-encryption key that each lies under, the oldest first."""
    return [read_version(owner, record).wrapped.kek for record in await key_records(records, owner)]


async def rewind(records: Records, owner: OrganisationId) -> None:
    """As if the first had never been wrapped anew, and had no successor: the next rotation does the same again."""
    first, *others = await key_records(records, owner)
    for record in others:
        await records.delete_if_match(record)
    await records.replace_if_match(first, {**first.body, "wrapped_at": first.body["created_at"]})
