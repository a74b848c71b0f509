"""The bill of materials: everything that is packed, nothing else, and the same for the same package."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.package.bill import BillError, write_bill
from local.package.building import PACKAGES, Package
from local.package.pins import pins
from tests.support.worker import ROOT


@pytest.fixture(scope="module")
def text(package: Package) -> str:
    return write_bill(package).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bill(text: str) -> Mapping[str, Any]:
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_it_names_every_package_in_its_version(bill: Mapping[str, Any]) -> None:
    """Whoever reads of a weakness finds out whether it concerns a release that runs."""
    found = {each["name"]: each["version"] for each in bill["components"]}
    pinned = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert set(found) == set(pinned)
    assert [name for name, version in found.items() if version not in pinned[name]] == []
    assert {each["purl"] for each in bill["components"]} == {
        f"pkg:pypi/{name}@{version}" for name, version in found.items()
    }
    assert all(each["licenses"][0]["expression"] for each in bill["components"])


def test_it_names_the_package_by_its_digest(bill: Mapping[str, Any], package: Package) -> None:
    """It belongs to this ZIP and to no other."""
    own = bill["metadata"]["component"]
    assert own["hashes"] == [{"alg": "SHA-256", "content": package.sha256}]
    assert (own["name"], own["licenses"]) == ("private-identity-control", [{"expression": "Apache-2.0"}])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_it_tells_what_needs_what(bill: Mapping[str, Any]) -> None:
    """So that one can tell why something is there."""
    needs = {
        each["ref"].partition("@")[0]: {need.partition("@")[0] for need in each.get("dependsOn", [])}
        for each in bill["dependencies"]
    }
    assert {"starlette", "pydantic"} <= needs["fastapi"]
    assert needs["private-identity-control"] == {each["name"] for each in bill["components"]}


def test_the_same_package_has_the_same_bill(text: str, package: Package) -> None:
    """Neither a time nor a random number is in it."""
    assert write_bill(package).read_text(encoding="utf-8") == text
    assert "timestamp" not in text
    other = json.loads(write_bill(replace(package, sha256="0" * 64)).read_text(encoding="utf-8"))
    assert other["serialNumber"] != json.loads(text)["serialNumber"]
    write_bill(package)


def test_a_package_without_a_known_licence_has_no_bill(package: Package, tmp_path: Path) -> None:
    """Nor is the one of before left for it."""
    metadata = tmp_path / "package" / PACKAGES / "odd-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\nLicense: Proprietary\n")
    odd = replace(package, packed=tmp_path / "package.zip", unpacked=tmp_path / "package")
    shutil.copy(write_bill(package), tmp_path / "package.cdx.json")
    with pytest.raises(BillError, match="odd states no licence that is known: Proprietary"):
        write_bill(odd)
    assert not (tmp_path / "package.cdx.json").exists()
