"""The templates parse, name what exists, have the shape that Azure knows, and keep the rules.

Every check is shown to fail: ``violations`` plants faults in the text, one at a time.
"""

import shutil
import subprocess
from collections.abc import Callable
from os import environ
from pathlib import Path

import pytest

from tests.infra.arm_types import type_faults, version_faults
from tests.infra.bicep_tree import INFRA, Templates, read_templates
from tests.infra.policy_rules import RULES
from tests.infra.policy_table import TABLE
from tests.infra.symbols import start_faults, symbol_faults, syntax_faults
from tests.infra.violations import (
    OF_PROPERTIES,
    OF_RULES,
    OF_SYMBOLS,
    OF_SYNTAX,
    OF_THE_START,
    OF_TYPES,
    OF_VERSIONS,
    Violation,
)

TEMPLATES = read_templates()
PROPERTIES = {wanted.name: wanted for wanted in TABLE}


def planted(violation: Violation) -> Templates:
    """The templates with the violation in them."""
    text = TEMPLATES[violation.file]
    assert violation.old in text, "nothing to change: the violation is out of date"
    return {**TEMPLATES, violation.file: text.replace(violation.old, violation.new)}


def by_name(violation: Violation) -> str:
    return f"{violation.rule}-{Path(violation.file).stem}"


def test_the_templates_parse() -> None:
    """A construct that the parser does not know fails as well: plain syntax only."""
    assert syntax_faults(TEMPLATES) == []


def test_names_exist_and_modules_fit() -> None:
    """What a compiler would say of symbols."""
    assert symbol_faults(TEMPLATES) == []


def test_what_a_deployment_must_know_at_its_start_is_known() -> None:
    """The compiler refuses loops, conditions and names that depend on what is made."""
    assert start_faults(TEMPLATES) == []


def test_resources_have_the_shape_that_azure_knows() -> None:
    """Names, values, required and read-only properties, by the models of Azure's own SDKs."""
    assert type_faults(TEMPLATES) == []


def test_every_version_is_one_that_was_read_up() -> None:
    """Pinned, and no other."""
    assert version_faults(TEMPLATES) == []


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_are_as_promised(name: str) -> None:
    """Of every resource of the type."""
    assert PROPERTIES[name].faults(TEMPLATES) == []


@pytest.mark.parametrize("name", RULES)
def test_rules_are_kept(name: str) -> None:
    """Across files."""
    assert list(RULES[name](TEMPLATES)) == []


def test_every_rule_is_shown_to_fail() -> None:
    """A rule that no violation breaks may be one that nothing breaks."""
    assert {each.rule for each in OF_PROPERTIES} == PROPERTIES.keys()
    assert {each.rule for each in OF_RULES} == RULES.keys()


@pytest.mark.parametrize("violation", OF_PROPERTIES, ids=by_name)
def test_a_planted_property_is_found(violation: Violation) -> None:
    """And it is a text that parses: nothing else would have found it."""
    templates = planted(violation)
    assert syntax_faults(templates) == []
    assert PROPERTIES[violation.rule].faults(templates)


@pytest.mark.parametrize("violation", OF_RULES, ids=by_name)
def test_a_planted_breach_is_found(violation: Violation) -> None:
    """As above."""
    templates = planted(violation)
    assert syntax_faults(templates) == []
    assert list(RULES[violation.rule](templates))


@pytest.mark.parametrize(
    ("violation", "check"),
    [
        *((each, type_faults) for each in OF_TYPES),
        *((each, version_faults) for each in OF_VERSIONS),
        *((each, symbol_faults) for each in OF_SYMBOLS),
        *((each, start_faults) for each in OF_THE_START),
        *((each, syntax_faults) for each in OF_SYNTAX),
    ],
    ids=lambda given: by_name(given) if isinstance(given, Violation) else given.__name__,
)
def test_a_planted_mistake_is_found(violation: Violation, check: Callable[[Templates], list[str]]) -> None:
    """Slips of the hand, as they happen."""
    assert check(planted(violation))


def test_a_compiler_agrees(tmp_path: Path) -> None:
    """Where there is one, on PATH or named by BICEP_CLI: it builds and lints without an error."""
    compiler = environ.get("BICEP_CLI") or shutil.which("bicep")
    if compiler is None:
        print("no Bicep compiler here: the checks above stand alone")  # noqa: T201
        return
    template, out = str(INFRA / "main.bicep"), tmp_path / "main.json"
    for arguments in (["build", template, "--outfile", str(out)], ["lint", template]):
        done = subprocess.run([compiler, *arguments], capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, "Error " in done.stderr) == (0, False), done.stderr
    assert out.exists()
