"""What checkov finds in the templates: nothing that is not explained here, and nothing that it could not read."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.tools import program
from tests.infra.bicep_tree import INFRA

_SITE = "Microsoft.Web/sites.app"
_SETTINGS = "Microsoft.Web/sites/config.app__configuration"
_ACCOUNT = "Microsoft.Storage/storageAccounts.account"
_FIREWALLS = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
_NOT_THE_SITE = "asked of the app settings, which it takes for the configuration of the site"
_UNKNOWN_TO_FLEX = "Flex Consumption refuses an app with this property of siteConfig"

EXPLAINED = {
    ("CKV_AZURE_13", _SETTINGS): f"sign-in by the platform: {_NOT_THE_SITE}; and sign-in is ours",
    ("CKV_AZURE_17", _SITE): "client certificates: whoever comes has none; the only way in is the gateway's endpoint",
    ("CKV_AZURE_18", _SITE): f"HTTP/2: {_UNKNOWN_TO_FLEX}; the gateway speaks it to browsers",
    ("CKV_AZURE_36", _ACCOUNT): "trusted services pass: none shall; every way in is a private endpoint",
    ("CKV_AZURE_63", _SETTINGS): f"HTTP logging: {_NOT_THE_SITE}; and its lines would hold paths",
    ("CKV_AZURE_65", _SETTINGS): f"detailed errors: {_NOT_THE_SITE}; and errors shall tell nothing",
    ("CKV_AZURE_66", _SETTINGS): f"traces of failed requests: {_NOT_THE_SITE}; and they would hold paths",
    ("CKV_AZURE_67", _SITE): f"HTTP/2 once more: {_UNKNOWN_TO_FLEX}",
    ("CKV_AZURE_78", _SITE): f"FTP: {_UNKNOWN_TO_FLEX}; its credentials are refused, which a rule of ours holds",
    ("CKV_AZURE_80", _SETTINGS): f"version of .NET: {_NOT_THE_SITE}; and there is none",
    ("CKV_AZURE_87", "Microsoft.Security/pricings.records"): "plan for vaults: another resource, which a rule holds",
    ("CKV_AZURE_88", _SETTINGS): f"Azure Files: {_NOT_THE_SITE}; and the app keeps nothing in files",
    (
        "CKV_AZURE_135",
        f"{_FIREWALLS}.firewall",
    ): "Log4j: it knows the older rule set alone; ours holds that rule as well",
    ("CKV_AZURE_135", f"{_FIREWALLS}.uploadFirewall"): "as above",
    ("CKV_AZURE_206", _ACCOUNT): "copies in another region: another place to delete from; zones of one region instead",
    ("CKV_AZURE_212", _SITE): "least instances: Flex Consumption has instances that are always ready in its place",
    ("CKV_AZURE_222", _SETTINGS): f"public network: {_NOT_THE_SITE}; a rule of ours holds that it is off",
    ("CKV_AZURE_225", "Microsoft.Web/serverfarms.plan"): "zones: a parameter, on in production",
}
"""By check and resource. What is explained and no longer found has to go as well."""

Finding = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one run said: of the templates as they are, and of a copy with faults planted in it."""

    real: frozenset[Finding]
    planted: frozenset[Finding]
    unread: tuple[str, ...]
    read: int


PLANTED: Mapping[str, tuple[str, str, str]] = {
    "CKV_AZURE_42": ("key-vault", "enablePurgeProtection: true", "enablePurgeProtection: false"),
    "CKV_AZURE_189": ("key-vault", "publicNetworkAccess: 'disabled'", "publicNetworkAccess: 'enabled'"),
    "CKV_AZURE_140": ("records", "disableLocalAuth: true", "disableLocalAuth: false"),
    "CKV_AZURE_44": ("storage-data", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'"),
}
"""What checkov has to find: the check, the file, what stands there and what is put in its place."""


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """One run for both: starting checkov takes most of its time."""
    folder = tmp_path_factory.mktemp("checkov")
    for name in ("real", "planted"):
        shutil.copytree(INFRA, folder / name)
    for file, old, new in PLANTED.values():
        path = folder / "planted/modules" / f"{file}.bicep"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    unreadable = folder / "planted/modules/mail.bicep"
    unreadable.write_text(unreadable.read_text(encoding="utf-8") + "\nvar net = cidrSubnet('10.0.0.0/16', 24, 0)\n")
    # Without --skip-download it calls its vendor.
    options = ("--framework", "bicep", "--skip-download", "--output", "json", "--compact")
    command: tuple[str | Path, ...] = (program("checkov"), "--directory", folder, *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder)
    answer: dict[str, Any] = json.loads(done.stdout)
    found = answer["results"]["failed_checks"]

    def findings(tree: str) -> frozenset[Finding]:
        start = f"/{tree}/"
        return frozenset(
            (each["check_id"], each["resource"], each["file_path"].removeprefix(start))
            for each in found
            if each["file_path"].startswith(start)
        )

    unread = tuple(Path(each).relative_to(folder).as_posix() for each in answer["results"]["parsing_errors"])
    assert len(unread) == answer["summary"]["parsing_errors"]
    return Scan(
        real=findings("real"), planted=findings("planted"), unread=unread, read=answer["summary"]["resource_count"]
    )


def test_every_finding_is_explained_and_every_explanation_found(scan: Scan) -> None:
    """Both ways: an explanation that is no longer needed would hide the next finding."""
    assert {finding[:2] for finding in scan.real} == EXPLAINED.keys()


def test_every_template_was_read(scan: Scan) -> None:
    """It ends with 0 although it skipped a file: the only one it may skip is the one that was made unreadable."""
    assert scan.unread == ("planted/modules/mail.bicep",)
    assert scan.read > 300


def test_planted_faults_are_found(scan: Scan) -> None:
    """What was planted and nothing else is new."""
    new = {(check, Path(file).stem) for check, _, file in scan.planted - scan.real}
    assert {(check, file) for check, (file, _, _) in PLANTED.items()} <= new
    assert {file for _, file in new} == {file for file, _, _ in PLANTED.values()}
