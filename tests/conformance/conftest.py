"""Where the suite can run: everywhere with Python 3.13, and in CI without excuse; and the package it runs on."""

from pathlib import Path

import pytest

from local.deployed_python import ADVICE, find_python
from local.package.building import Package
from tests.support.package import built_package
from tests.support.worker import is_ci

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a laptop without Python 3.13 leave these tests out (``tests/conftest.py`` says so); in CI they run and fail with what to do."""
    ours = [item for item in items if item.path.is_relative_to(_HERE) and "needs_python_313" in item.fixturenames]  # type: ignore[attr-defined]
    if not ours or is_ci() or find_python() is not None:
        return
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="session")
def needs_python_313() -> None:
    """Fails where there is no Python 3.13, with what to install."""
    if find_python() is None:
        pytest.fail(ADVICE)


@pytest.fixture(scope="session")
def package(needs_python_313: None) -> Package:  # noqa: ARG001  # it fails first, with what to install
    """What would be deployed."""
    return built_package()
