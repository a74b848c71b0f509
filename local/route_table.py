"""``functions/route_table.py``, written from the routers of these modules."""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Final

from functions.listing import Listed, listed

FILE: Final = Path(__file__).resolve().parent.parent / "functions/route_table.py"

_SIGNING_IN: Final = (
    *("sign_in", "passwords", "staff_second_step", "bankid", "oidc", "entra", "sessions", "step_up"),
    "second_factors",
)
_ADMINISTERING: Final = ("organisations", "staff", "units", "audit", "agreement", "api_clients", "oauth")
MODULES: Final = ("health", "figures", *_SIGNING_IN, *_ADMINISTERING, "threads", "uploads", "downloads", "portal")
"""Of ``functions``, in the order in which their routes are tried."""

_HEAD: Final = '''\
"""Every route, by the module of ``functions`` that answers it. Written from the routers by `make openapi`."""

from typing import Final

from functions.listing import Listed

ROUTES: Final = (
'''


def found() -> list[Listed]:
    """What the routers say now."""
    return [entry for name in MODULES for entry in listed(name, import_module(f"functions.{name}").router.routes)]


def written(table: Iterable[Listed]) -> str:
    """The text of the file."""
    return f"{_HEAD}{''.join(f'    {_line(entry)},{chr(10)}' for entry in table)})\n"


def _line(entry: Listed) -> str:
    methods = ", ".join(f'"{method}"' for method in entry.methods)
    methods += "," if len(entry.methods) == 1 else ""
    return f'Listed("{entry.module}", "{entry.name}", ({methods}), "{entry.path}")'
