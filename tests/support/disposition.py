"""A strict reader of ``Content-Disposition`` (RFC 6266 section 4.1, RFC 8187 section 3.2.1): no second guess."""

import re
from urllib.parse import unquote_to_bytes

_QUOTED = r'"(?P<plain>(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"'
_EXTENDED = (
    r"(?P<charset>[A-Za-z0-9-]+)'(?P<language>[A-Za-z0-9-]*)'(?P<value>(?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_`|~-])*)"
)
_HEADER = re.compile(rf"(?P<kind>[a-z]+); filename={_QUOTED}; filename\*={_EXTENDED}")


def names_of(header: str) -> tuple[str, str, str]:
    """Disposition type, the name for old clients, and the real one. Raises ``ValueError`` for any other form."""
    found = _HEADER.fullmatch(header)
    if found is None or found["charset"] != "UTF-8" or found["language"]:
        raise ValueError(header)
    return found["kind"], found["plain"], unquote_to_bytes(found["value"]).decode("utf-8", "strict")
