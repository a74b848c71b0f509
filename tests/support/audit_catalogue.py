"""The catalogue of audit events as its document states it."""

import re
from pathlib import Path

_ROW = re.compile(r"\| `([a-z:]+)` \| (.+) \|((?: `[a-z]+`)*) \|")


def documented() -> dict[str, set[str]]:
    """Event to the ids that it carries, from the table of ``docs/audit-events.md``, in its order."""
    text = (Path(__file__).parents[2] / "docs" / "audit-events.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    found = [_ROW.fullmatch(row) for row in rows]
    assert all(found), "a row of the table has another form"
    return {match[1]: set(re.findall("[a-z]+", match[3])) for match in found if match is not None}
