"""Values that occur nowhere else, and every spelling in which they could hide."""

import base64
import json
from urllib.parse import quote


def spellings(value: str) -> set[str]:
    """``value`` plain, escaped, in hex, base64 at any offset and UTF-16, each in any case."""
    found = {value, json.dumps(value)[1:-1], quote(value), repr(value)[1:-1]}
    for raw in (value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be")):
        found |= {raw.hex(), raw.decode("latin-1")}
        for offset in range(3):
            whole = base64.b64encode(bytes(offset) + raw).decode()
            inner = whole[4 if offset else 0 : -4]
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {spelling.casefold() for spelling in found}


def hidden_in(text: str, values: dict[str, str]) -> set[str]:
    """Names of those ``values`` that stand in ``text`` in some spelling."""
    folded = text.casefold()
    return {name for name, value in values.items() if any(spelling in folded for spelling in spellings(value))}
