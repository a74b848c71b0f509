"""The package that the tests look into."""

import pytest

from local.deployed_python import ADVICE, find_python
from local.package.building import Package
from tests.support.package import built_package
from tests.support.worker import is_ci


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a laptop without Python 3.13 leave out what needs a package; in CI they run and fail with what to do."""
    ours = [item for item in items if "package" in getattr(item, "fixturenames", ())]
    if not ours or is_ci() or find_python() is not None:
        return
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="session")
def package() -> Package:
    """What would be deployed. Fails where there is no Python 3.13, with what to install."""
    if find_python() is None:
        pytest.fail(ADVICE)
    return built_package()
