"""The portal's texts: both languages, nothing missing, and a sentence for everything the service may answer."""

import ast
import re
from pathlib import Path

import pytest

from functions import problems
from shared.domain.security_events import SecurityEvent, Severity
from tests.support.portal_sources import code, names, texts

ROOT = Path(__file__).resolve().parents[2]
TEXTS = texts()
MODULES = [name for name in names(".js") if name != "texts.js"]
SAME_IN_BOTH = {"service", "new.person", "rules.level.loa2", "rules.level.loa3", "rules.level.loa4", "agreement.data"}
_STRING = re.compile(r"\"([^\"\\\n]+)\"")
_TEMPLATE = re.compile(r"`([^`\n]+)`")
_FIRST_ARGUMENT = re.compile(r"\bt\(((?:[^(){},`]|`[^`]*`)*)")


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", template)
    return re.compile("[a-z0-9:-]+".join(re.escape(part) for part in parts))


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_exists_in_both_languages(key: str) -> None:
    """Swedish first, English second, with the same values to fill in."""
    swedish, english = TEXTS[key]
    assert swedish.strip()
    assert english.strip()
    assert sorted(re.findall(r"\{\w+\}", swedish)) == sorted(re.findall(r"\{\w+\}", english))
    assert swedish != english or key in SAME_IN_BOTH


def test_no_key_is_given_twice() -> None:
    """The second would win in silence."""
    keys = re.findall(r"^  \"([^\"]+)\": \[", code("texts.js"), re.MULTILINE)
    assert sorted(keys) == sorted(TEXTS)


@pytest.mark.parametrize("name", MODULES)
def test_every_text_that_is_asked_for_exists(name: str) -> None:
    """A missing key stops the page that asks for it."""
    for argument in _FIRST_ARGUMENT.findall(code(name)):
        for template in _TEMPLATE.findall(argument):
            assert [key for key in TEXTS if _pattern(template).fullmatch(key)], template
        rest = _TEMPLATE.sub("", argument)
        # In `kind === "staff" ? "a" : "b"` what is compared is no key.
        for key in _STRING.findall(re.sub(r"===\s*\"[^\"]*\"", "", rest)):
            assert key in TEXTS


def test_every_text_is_asked_for() -> None:
    """What nothing shows should not have to be translated."""
    sources = [code(name) for name in MODULES]
    literals = {found for text in sources for found in _STRING.findall(text)}
    patterns = [_pattern(found) for text in sources for found in _TEMPLATE.findall(text) if found[0].isalpha()]
    unused = {key for key in TEXTS if key not in literals and not any(p.fullmatch(key) for p in patterns)}
    assert unused == set()


def test_every_problem_has_a_sentence() -> None:
    """Whatever type of problem the service answers with, people read what to do in their language."""
    own = [value for value in vars(problems).values() if isinstance(value, problems.Problem)]
    kinds = {problem.type for problem in [*own, *problems.TABLE.values()]}
    assert {kind for kind in kinds if f"problem.{kind}" not in TEXTS} == set()


def _rules() -> set[str]:
    """The rules that services and triggers may name in a problem."""
    found: set[str] = set()
    folders = (ROOT / "shared" / "domain", ROOT / "shared" / "services", ROOT / "functions")
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidInputError":
                found |= {
                    arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    return found


def test_every_rule_has_a_sentence() -> None:
    """A refused value is explained by its rule, not by a shrug."""
    rules = _rules()
    assert "subject" in rules
    assert {rule for rule in rules if f"rule.{rule}" not in TEXTS} == set()


def test_every_security_event_has_words() -> None:
    """The log shows it in both languages, and how grave it is; and no kind that there is not."""
    kinds = {key.removeprefix("log.security.") for key in TEXTS if key.startswith("log.security.")}
    grave = {key.removeprefix("log.severity.") for key in TEXTS if key.startswith("log.severity.")}
    assert (kinds, grave) == ({kind.value for kind in SecurityEvent}, {each.value for each in Severity})
