"""Conditions on the version of a file that the client has: ``If-Match``, ``If-None-Match``, ``If-Range``.

RFC 9110 section 13.1. What is stored never changes, so a file has one version for ever, and no date of change: dates
match nothing.
"""

import re
from typing import Final

_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
"""An entity tag (section 8.8.3)."""


def meets_if_match(header: str | None, *, tag: str) -> bool:
    """Whether ``If-Match`` lets the request through: strong comparison."""
    return header is None or header.strip() == "*" or tag in _tags(header)


def meets_if_none_match(header: str | None, *, tag: str) -> bool:
    """Whether ``If-None-Match`` lets the request through: weak comparison."""
    if header is None:
        return True
    return header.strip() != "*" and tag not in {one.removeprefix("W/") for one in _tags(header)}


def meets_if_range(header: str | None, *, tag: str) -> bool:
    """Whether ranges count: only for exactly this version (strong comparison), and never for a date."""
    return header is None or header.strip(" \t") == tag


def _tags(header: str) -> list[str]:
    return _TAG.findall(header)
