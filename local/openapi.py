"""``python -m local.openapi``: write ``functions/route_table.py`` and ``docs/openapi.json`` anew from the routes.

Always the same text for the same routes, so that a difference in it is a difference of the API.
"""

import json
from pathlib import Path

from local import route_table
from shared.container import Container
from shared.settings import read_settings

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs/openapi.json"


def written(description: object) -> str:
    """The text of the file."""
    return json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Nothing is connected: the sample's settings only make the routes."""
    route_table.FILE.write_text(route_table.written(route_table.found()), encoding="utf-8")
    from functions.api import create_api  # noqa: PLC0415  # imports the table

    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
    api = create_api(Container(read_settings(sample["Values"])))
    FILE.write_text(written(api.openapi()), encoding="utf-8")


if __name__ == "__main__":
    main()
