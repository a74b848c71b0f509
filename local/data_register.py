"""``make register``: writes ``docs/data-register.md`` from what is declared of every record; a test compares them."""

from collections.abc import Iterator
from pathlib import Path

from shared.domain.record_types import RecordType, Whose, kept_fields
from shared.domain.sensitivity import Form, Kept, Sensitivity
from shared.domain.stored import types

PATH = Path(__file__).parents[1] / "docs" / "data-register.md"

_HEAD = """\
# Data register

Every kind of record that the service stores: what it holds, why, in what form, how long, and who gets to see it. This
is the part of the record of processing (GDPR, article 30) that concerns the service; whoever uses it adds its own
purposes and legal grounds.

Written by `make register` from the declarations in `shared/domain/stored/`. Each write of the service is held against
them: what is not declared, or not in the declared form, is refused (`shared/services/declared_records.py`). Texts
that staff type in clear are looked through for personal numbers, addresses and the like; a finding is the audit event
`record:text:notice`, which names the field alone.

| class | what it is | forms it is kept in |
|---|---|---|
| public | may stand on a web page | in clear |
| internal | ours and the organisation's: ids, instants, states, counts | in clear |
| personal | tells of a person who can be found out | sealed, or as a pseudonym |
| sensitive | what is shared, and what would harm somebody if the wrong one read it | sealed |
| secret | opens something | sealed, wrapped or hashed |

**Sealed:** AES-256-GCM or Cobblestone-256 under a key that only the organisation's vault key unwraps
([file-format.md](file-format.md)). **Pseudonym:** a random id, or an HMAC under a pepper that lies in the vault.
**Hashed:** recognised and not recovered.

**Not in records.** Contents of files lie as sealed blobs, with the message's life. The log of the application holds
ids, counts and durations. Queue messages hold ids. Notices hold a fixed text and go to the stated mail address; how
long the mail server and the recipient keep them is theirs to say.

**Copies of the audit log.** Audit events and deletion certificates are copied every hour, as they are, to a
container that is written once ([adr/0035-audit-copies.md](adr/0035-audit-copies.md)). Nobody can change or delete a
copy before `auditDays` of the deployment are over: pseudonyms, ids of staff and keyed hashes of addresses stay in it
for so long, also where their records are gone. It holds nothing sealed and nothing in clear of a person.

**Where.** Records in Cosmos DB or Azure Table storage, blobs in Blob storage, all in the region of the deployment
inside the EU ([deployment.md](deployment.md)). Nothing is transferred to a third country.
"""


def lines() -> Iterator[str]:
    """The document."""
    yield _HEAD
    for whose in (Whose.PERSONS, Whose.BOTH, Whose.STAFF, Whose.NOBODY):
        yield f"## About {whose.value}"
        yield ""
        for declared in types.load():
            if declared.entry.whose is whose:
                yield from _section(declared)


def _section(declared: type[RecordType]) -> Iterator[str]:
    entry = declared.entry
    place = f"`{declared.partition_begins}|…`" + (f", `{declared.id_begins}`" if declared.id_begins else "")
    yield f"### {declared.__name__} ({place})"
    yield ""
    yield f"{declared.__doc__ or ''} **Why:** {entry.why}. **How long:** {entry.how_long}."
    yield f"**Who sees it:** {entry.who}."
    yield ""
    told = [(name, kept) for name, kept in kept_fields(declared) if not _is_plain(kept)]
    if told:
        yield "| field | what | class | form |"
        yield "|---|---|---|---|"
        for name, kept in told:
            yield f"| `{name}` | {kept.what} | {kept.sensitivity.value} | {kept.form.value} |"
        yield ""
    plain = [f"`{name}`" for name, kept in kept_fields(declared) if _is_plain(kept)]
    if plain:
        yield f"Internal, in clear: {', '.join(plain)}."
        yield ""


def _is_plain(kept: Kept) -> bool:
    return kept.sensitivity is Sensitivity.INTERNAL and kept.form is Form.CLEAR


def text() -> str:
    """The document as it is to stand in ``docs/``."""
    return "\n".join(lines()).rstrip() + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
