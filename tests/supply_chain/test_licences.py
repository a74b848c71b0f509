"""Licences of what we use: the report is what packages state, and what may not stand beside Apache-2.0 is refused."""

import json
from email.message import Message
from pathlib import Path

import pytest

from local.licences.__main__ import REPORT, check, report
from local.licences.rules import DEPLOYED, DEVELOPMENT, LOOKED_UP, LicenceFaultError, is_allowed
from local.licences.stated import of_npm, of_python, stated
from local.package.pins import pins
from tests.support.worker import ROOT


def metadata(**fields: str | list[str]) -> Message:
    made = Message()
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            made[name.replace("_", "-")] = value
    return made


def test_the_report_is_what_packages_state() -> None:
    """`make licences` writes it anew."""
    assert REPORT.read_text(encoding="utf-8") == report(ROOT)


def test_the_report_has_every_deployed_package() -> None:
    """Each in a row."""
    text = REPORT.read_text(encoding="utf-8").partition("## On a laptop")[0]
    rows = {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")}
    assert rows - {"package"} == set(pins((ROOT / "requirements.txt").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MIT AND (AGPL-3.0-only OR GPL-3.0-only)", False),
        ("(MIT OR (GPL-2.0-only AND ISC))", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        *((name, False) for name in ("GPL-3.0-only", "AGPL-3.0-or-later", "LGPL-2.1-only", "SSPL-1.0", "BUSL-1.1", "")),
        *((name, False) for name in ("Elastic-2.0", "Commons-Clause", "CC-BY-NC-4.0", "UNLICENSED", "Proprietary")),
    ],
)
def test_only_what_may_stand_beside_apache_is_deployed(expression: str, allowed: bool) -> None:  # noqa: FBT001
    """One licence that can be chosen is enough; all that bind must be allowed."""
    assert is_allowed(expression, DEPLOYED) == allowed
    if allowed:
        check({"one": expression}, DEPLOYED)
    else:
        with pytest.raises(LicenceFaultError, match="- one: "):
            check({"one": expression, "two": "MIT"}, DEPLOYED)


def test_what_a_laptop_uses_is_not_deployed_by_that() -> None:
    """Two lists, one within the other."""
    assert is_allowed("BlueOak-1.0.0", DEVELOPMENT)
    assert not is_allowed("BlueOak-1.0.0", DEPLOYED)
    assert DEPLOYED < DEVELOPMENT


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License-Expression": "Apache-2.0 AND MIT", "License": "GPL"}, "Apache-2.0 AND MIT"),
        ({"License": "MIT License"}, "MIT"),
        ({"License": "Copyright someone", "Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"]}, "MPL-2.0"),
        (
            {
                "Classifier": [
                    f"License :: OSI Approved :: {name}" for name in ("MIT License", "Apache Software License")
                ]
            },
            "MIT AND Apache-2.0",
        ),
    ],
)
def test_a_licence_is_read_where_it_is_stated(fields: dict[str, str | list[str]], expected: str) -> None:
    """The newest field first; several classifiers all bind."""
    assert stated("one", metadata(**fields)) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"License": "UNKNOWN"},
        {"License": "BSD", "Classifier": ["License :: OSI Approved :: BSD License"]},
        {"License": "GPL-3.0", "Classifier": ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]},
        {"Classifier": ["License :: OSI Approved :: MIT License", "License :: OSI Approved :: BSD License"]},
        {"Classifier": ["License :: Other/Proprietary License"]},
    ],
)
def test_a_licence_that_is_not_known_is_refused(fields: dict[str, str | list[str]]) -> None:
    """Nobody guesses; somebody looks it up."""
    with pytest.raises(LicenceFaultError, match="one states no licence"):
        stated("one", metadata(**fields))


def test_what_is_not_installed_is_refused() -> None:
    """Unless somebody looked it up."""
    with pytest.raises(LicenceFaultError, match="is not installed"):
        of_python("no-such-package-at-all")
    assert of_python("colorama") == "BSD-3-Clause"


def test_nothing_is_looked_up_in_vain() -> None:
    """What we no longer use has to go from the list."""
    used = {name for file in ("requirements.txt", "requirements-dev.txt") for name in pins((ROOT / file).read_text())}
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    used |= {f"npm:{path.rpartition('node_modules/')[2]}" for path in locked}
    assert set(LOOKED_UP) <= used


def test_an_npm_package_binds_by_all_its_versions(tmp_path: Path) -> None:
    """A nested one may have another licence; one without any is refused."""
    packages = {"": {}, "node_modules/a": {"license": "MIT"}, "node_modules/b/node_modules/a": {"license": "ISC"}}
    (tmp_path / "lock.json").write_text(json.dumps({"packages": packages}))
    assert of_npm(tmp_path / "lock.json") == {"a": "MIT AND ISC"}
    (tmp_path / "lock.json").write_text(json.dumps({"packages": {**packages, "node_modules/c": {}}}))
    with pytest.raises(LicenceFaultError, match="c states"):
        of_npm(tmp_path / "lock.json")
