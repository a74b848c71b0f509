"""Reads ``tests/http/authorisation.txt``: who may call what, and in which state of the thing."""

from pathlib import Path

from tests.support.every_route import Who

TABLE = Path(__file__).resolve().parents[1] / "http" / "authorisation.txt"

COLUMNS = (
    *(Who.NOBODY, Who.STAFF, Who.COLLEAGUE, Who.OTHER_UNIT, Who.ADMIN, Who.AUDITOR),
    *(Who.OTHER_ORGANISATION, Who.OTHER_ADMIN, Who.PERSON, Who.OTHER_PERSON),
    *(Who.CLIENT, Who.CLIENT_ELSEWHERE, Who.FOREIGN_CLIENT),
)

Row = dict[Who, int]


def read_table() -> dict[tuple[str, str], Row]:
    """The expected status by route and state, for each principal. No row stands twice."""
    found: dict[tuple[str, str], Row] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].split()
        if not text:
            continue
        route, state, *statuses = text
        assert (route, state) not in found, (route, state)
        found[route, state] = dict(zip(COLUMNS, map(int, statuses), strict=True))
    return found
