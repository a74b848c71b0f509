"""The portal's check of personal numbers agrees with the service's, whose word is the last."""

import json
import random
import shutil
import subprocess
from datetime import UTC, date, datetime

from shared.domain.errors import InvalidInputError
from shared.domain.personal_number import parse_personal_number
from tests.support.portal_sources import source

TODAY = date(2026, 3, 1)
OFFICIAL = ["199006022397", "199908072391", "201803092384", "197011902397", "191212121212"]
ODD = [
    "",
    "9006022397",
    "19900602-2397",
    "19900602 2397",
    "1990-06-02-2397",
    "179006022397",
    "19900602239a",
    "１９９００６０２２３９７",
    " 199006022397 ",
    "19900602+2397",
    "199006022397\n",
]


def _with_check_digit(eleven: str) -> str:
    doubled = [int(c) * (2 if i % 2 == 0 else 1) for i, c in enumerate(eleven[2:])]
    return eleven + str(-sum(sum(divmod(each, 10)) for each in doubled) % 10)


def _candidates() -> list[str]:
    """Official numbers, each with one digit changed, odd forms, and dates around every limit."""
    changed = [
        number[:at] + digit + number[at + 1 :] for number in OFFICIAL for at in range(12) for digit in "0123456789"
    ]
    days = ["00", "01", "28", "29", "30", "31", "32", "59", "60", "61", "88", "89", "90", "91", "92", "99"]
    months = ["00", "01", "02", "04", "12", "13"]
    years = ["1800", "1899", "1900", "1999", "2000", "2023", "2024", "2026", "2027", "2099"]
    serial = random.Random(1).randrange(1000)  # noqa: S311  # any serial will do, and the same in every run
    dated = [_with_check_digit(f"{year}{month}{day}{serial:03d}") for year in years for month in months for day in days]
    return [*OFFICIAL, *ODD, *changed, *dated, "202603010000", _with_check_digit("20260301123")]


def _of_service(text: str) -> str:
    try:
        return parse_personal_number(text, today=TODAY).digits
    except InvalidInputError as fault:
        return fault.rule.removeprefix("personal-number-")


def _of_portal(texts: list[str]) -> list[str]:
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: see make setup"
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC).isoformat()
    program = (
        source("personal_number.js")
        + f"\nconst today = new Date({json.dumps(noon)});"
        + f"\nconst found = {json.dumps(texts)}.map((text) => readPersonalNumber(text, today));"
        + "\nconsole.log(JSON.stringify(found.map((each) => each.digits ?? each.fault)));"
    )
    arguments = [node, "--input-type=module"]
    done = subprocess.run(arguments, input=program, capture_output=True, text=True, check=True, timeout=60)
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_portal_and_the_service_agree_on_every_number() -> None:
    """One that only the portal takes fails after the upload; one that only the service takes cannot be addressed."""
    texts = _candidates()
    expected = [_of_service(text) for text in texts]
    assert {"form", "check-digit", "date", *OFFICIAL} <= set(expected)
    assert dict(zip(texts, expected, strict=True)) == dict(zip(texts, _of_portal(texts), strict=True))
