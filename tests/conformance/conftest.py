"""Where the suite can run: everywhere with Python 3.13, and in CI without excuse."""

import os
from pathlib import Path

import pytest

from tests.support.worker import ADVICE, find_python

_HERE = Path(__file__).parent
_LEFT_OUT = pytest.StashKey[int]()


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a laptop without Python 3.13 leave these tests out, and say so; in CI they run and fail with what to do."""
    ours = [item for item in items if item.path.is_relative_to(_HERE) and "needs_python_313" in item.fixturenames]  # type: ignore[attr-defined]
    if not ours or _is_ci() or find_python() is not None:
        return
    config.stash[_LEFT_OUT] = len(ours)
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(_LEFT_OUT, 0)
    if left_out:
        terminalreporter.section("conformance did NOT run", sep="!", red=True)
        terminalreporter.line(f"{left_out} tests inside the real Azure Functions runtime were left out. {ADVICE}")


@pytest.fixture(scope="session")
def needs_python_313() -> None:
    """Fails where there is no Python 3.13, with what to install."""
    if find_python() is None:
        pytest.fail(ADVICE)
