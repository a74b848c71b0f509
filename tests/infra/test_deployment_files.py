"""What stands around the templates: parameters of each environment, the workflow, the workbook, azd."""

import fnmatch
import json
import re
import subprocess
from typing import Any

import pytest

from local.package.building import UNPACKED
from local.package.contents import FILES, FOLDERS
from shared.adapters.metric_lines import SAID_BY_REQUESTS
from shared.domain.metrics import MEANINGS
from tests.infra.bicep_tree import INFRA, ROOT, parameters, read_templates, resources
from tests.support.log_lines import LINES

TEMPLATES = read_templates()
ENVIRONMENTS = ("test", "production")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOBODY = "00000000-0000-0000-0000-000000000000"


def given(environment: str) -> dict[str, Any]:
    """Name and value of each parameter of an environment."""
    read = json.loads((INFRA / f"{environment}.parameters.json").read_text(encoding="utf-8"))["parameters"]
    return {name: each["value"] for name, each in read.items()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_gives_every_parameter_and_no_other(environment: str) -> None:
    """What has a default is the same everywhere, and is left to it."""
    wanted = {name for name, default in parameters(TEMPLATES, "main.bicep").items() if default is None}
    assert set(given(environment)) == wanted


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_samples_name_nobody(environment: str) -> None:
    """No real subscription, person or domain: those are the operator's to fill in."""
    values = given(environment)
    texts = [text for text in values.values() if isinstance(text, str)]
    assert {guid for text in texts for guid in GUID.findall(text)} == {NOBODY}
    for name in ("hostName", "mailDomain", "dutyMail"):
        assert values[name].endswith("portal.example")  # RFC 2606 section 2
    assert not [name for name in values if re.search(r"(?i)password|pepper|key$", name)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_parameters_keep_to_their_bounds(environment: str) -> None:
    """Those that the templates state, checked without a compiler."""
    values = given(environment)
    assert re.fullmatch(r"[a-z][a-z0-9]{2,10}", values["name"])
    assert re.fullmatch(r"10\.\d{1,3}\.0\.0/16", values["addressPrefix"])
    assert 7 <= values["vaultSoftDeleteDays"] <= 90
    assert 1 <= values["retentionDays"] <= 365
    assert 40 <= values["maximumInstances"] <= 1000
    assert values["recordsMaxThroughput"] % 1000 == 0
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])-01", values["budgetBegins"])
    assert (values["environmentName"], values["bankIdEnvironment"]) == (environment, environment)


def test_production_is_larger_and_safer() -> None:
    """Zones, records with a reserve, and no test identity."""
    test, production = given("test"), given("production")
    assert production["isZoneRedundant"]
    assert production["recordsMaxThroughput"] >= 1000
    assert test["name"] != production["name"]
    assert test["addressPrefix"] != production["addressPrefix"]


def test_the_workflow_holds_no_secret_and_pins_what_it_runs() -> None:
    """It signs in by federated identity; actions are named by commit, with the version beside it."""
    text = (ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == 5
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
    assert "permissions: {}\n" in text
    assert re.findall(r"^ {6}([\w-]+): (write|read)$", text, re.MULTILINE) == [
        ("contents", "read"),
        ("id-token", "write"),
    ]
    assert not re.findall(r"run: .*\$\{\{", text)
    assert not [
        line
        for line in text.split("run: |")[1:]
        for line in line.split("- uses")[0].splitlines()
        if "${{ inputs" in line and "TARGET" not in line
    ]


def test_the_workflow_deploys_what_make_package_builds() -> None:
    """As it is: what was built is compared before it is deployed, and Azure builds nothing."""
    text = (ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
    packaging, _, deploying = text.partition("\n  deploy:\n")
    assert "make package" in packaging
    assert not re.search(r"pip|compileall|zip -", packaging)
    assert "build/package.zip" in packaging
    assert (
        deploying.index("sha256sum --check") < deploying.index("config-zip") < deploying.index("--build-remote false")
    )
    assert "needs.package.outputs.sha256" in deploying


def test_azd_knows_both_apps_and_takes_the_package() -> None:
    """By the tag that the template sets; it builds the package first, and Azure builds nothing."""
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    service = r"^  (\w+):\n    project: (.*)\n    host: function\n    language: py\n    remoteBuild: false$"
    found = re.findall(service, text, re.MULTILINE)
    named = re.findall(r"^    serviceName: '(\w+)'$", TEMPLATES["service.bicep"], re.MULTILINE)
    assert [name for name, _ in found] == named == ["public", "jobs"]
    assert {project for _, project in found} == {f"build/{UNPACKED}"}
    assert "  prepackage:\n    shell: sh\n    run: make package\n" in text


def test_a_deployment_from_the_checkout_carries_the_same_files() -> None:
    """`func` reads `.funcignore`: everything in the repository is either packed or ignored."""
    patterns = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = [pattern for pattern in patterns if not pattern.startswith("#")]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {name.partition("/")[0] for name in listed}
    carried = {name for name in tops if not any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored)}
    assert carried == {*FILES, *(folder.partition("/")[0] for folder in FOLDERS)}


def test_the_workbook_asks_for_what_is_collected() -> None:
    """Tables that the logs have, and no field that could name a person."""
    (workbook,) = resources(TEMPLATES, "Microsoft.Insights/workbooks")
    assert "loadTextContent('workbook.json')" in str(workbook.at("properties.serializedData"))
    items = json.loads((INFRA / "modules/workbook.json").read_text(encoding="utf-8"))["items"]
    queries = [item["content"]["query"] for item in items if item["type"] == 3]
    assert len(queries) >= 5
    assert {query.split(" ")[0] for query in queries} == {"AppTraces", "AZKVAuditLogs"}


def test_the_workbook_names_every_figure_and_no_other() -> None:
    """Both ways: a figure that nobody looks at, and a chart that stays empty. The rest are in lines of requests."""
    named = re.findall(r'tostring\(line\.name\) == \\"(\w+)\\"', (INFRA / "modules/workbook.json").read_text())
    assert sorted(named) == sorted(figure.value for figure in MEANINGS if figure not in SAID_BY_REQUESTS)


def test_queries_ask_for_fields_that_lines_have() -> None:
    """Those of the allow list, and no field that could name a person."""
    texts = [(INFRA / "modules" / name).read_text(encoding="utf-8") for name in ("workbook.json", "alerts.bicep")]
    asked = {field for text in texts for field in re.findall(r"line\.(\w+)", text)}
    assert asked <= {field for fields in LINES.values() for field in fields}
    assert len(asked) > 12
