"""A person's mailbox as one list, also while its entries lie under several pseudonyms."""

from shared.domain import places
from shared.domain.ports import Page, Record, Records
from shared.domain.principals import Person


async def mailbox_page(records: Records, person: Person, *, limit: int, continuation: str | None) -> Page:
    """At most ``limit`` entries in ascending order of id, each once; see ``Records.query``.

    A rotation writes an entry under the new pseudonym before it deletes the old one. The old mailboxes are read
    first, so an entry that moves meanwhile is in one of the two answers.
    """
    start, end = places.range_of("message")
    pages = [
        await records.query(
            places.mailbox_partition(subject), start=start, end=end, limit=limit, continuation=continuation
        )
        for subject in reversed(person.subjects)
    ]
    # Behind the last entry of a page that ends early there may be more in that mailbox: no further may this one go.
    horizon = min((page.continuation for page in pages if page.continuation is not None), default=None)
    found: dict[str, Record] = {}
    for record in sorted((record for page in pages for record in page.records), key=lambda record: record.id):
        if horizon is None or record.id <= horizon:
            found.setdefault(record.id, record)
    entries = tuple(found.values())[:limit]
    has_more = horizon is not None or len(found) > limit
    return Page(records=entries, continuation=entries[-1].id if has_more else None)
