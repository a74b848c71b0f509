"""What holds for every file of ours, beyond what the linters see."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("functions", "shared", "local")

MAX_LINES = 400


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_files_stay_small() -> None:
    """Split by meaning; a reader holds one file in mind at a time."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files(*HOUSE)}
    too_long = {name: lines for name, lines in lengths.items() if lines > MAX_LINES}
    assert too_long == {}


def test_every_module_says_what_it_knows() -> None:
    """The first sentence of the docstring is the one thing a module knows; packages themselves hold nothing."""
    silent, speaking = [], []
    for path in files(*HOUSE):
        text = path.read_text(encoding="utf-8")
        if path.name == "__init__.py":
            speaking += (
                [name_of(path)] if text.strip() and ast.get_docstring(ast.parse(text)) != text.strip(' "\n') else []
            )
        elif ast.get_docstring(ast.parse(text)) is None:
            silent.append(name_of(path))
    assert (silent, speaking) == ([], [])


AMBIENT = {"os", "random", "secrets", "socket", "time", "uuid", "logging", "pathlib", "tempfile"}
ALLOWED = {("shared/services/readiness.py", "time"): "measures how long an answer takes, and decides nothing by it"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_the_core_takes_time_randomness_and_environment_as_arguments() -> None:
    """Rules and use cases can be told any time and any id; so no test of them waits or patches."""
    found = {
        (name_of(path), name)
        for path in files("shared/domain", "shared/crypto", "shared/services")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name in AMBIENT
    }
    assert found == set(ALLOWED)
    now = {"now", "utcnow", "today"}
    for path in files("shared/domain", "shared/crypto", "shared/services"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in now:
                owner = node.func.value
                assert not (isinstance(owner, ast.Name) and owner.id in {"datetime", "date"}), name_of(path)


@pytest.mark.parametrize("folder", ["functions", "shared"])
def test_whoever_catches_everything_says_why(folder: str) -> None:
    """A fault that is swallowed is a fault that nobody sees."""
    silent = []
    for path in files(folder):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node.type):
                says_why = "#" in lines[node.lineno - 1] or _reraises(node)
                silent += [] if says_why else [f"{name_of(path)}:{node.lineno}"]
    assert silent == []


def _is_broad(kind: ast.expr | None) -> bool:
    return kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})


def _reraises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
