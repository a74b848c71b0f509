"""Stand-ins for Azure that the whole run shares: each is started once, when a test first asks for it.

Where Node is missing the run fails and says what to install; nothing is skipped.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest

from local.azurite import Azurite
from local.azurite import start as start_azurite
from local.cosmos import Cosmos
from local.cosmos import start as start_cosmos
from local.deployed_python import ADVICE, find_python
from tests.support.key_vault import RunningKeyVault
from tests.support.worker import is_ci

TESTS: Final = Path(__file__).parent

# How long an example takes says something of the machine and of whatever else runs on it, and nothing of the code.
hypothesis.settings.register_profile(
    "whatever-the-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("whatever-the-machine")


LONG: Final = ("e2e", "package", "conformance", "schemathesis", "clients", "browser", "supply_chain", "contract")
"""Folders whose files take longest. They go first: one that begins when the others are done keeps a single process busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, else in the order in which they were found."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out. Here and not beside the tests, because with several workers this process collects none."""
    if not is_ci() and find_python() is None:
        terminalreporter.section("conformance did NOT run", sep="!", red=True)
        terminalreporter.line(f"The tests inside the real Azure Functions runtime were left out. {ADVICE}")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Blob, queue and table storage: ``azurite.connection_string``. Use names of your own in it."""
    running = start_azurite(tmp_path_factory.mktemp("azurite"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def cosmos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cosmos]:
    """Cosmos DB: ``cosmos.endpoint`` and ``cosmos.key``. Use a database or container of your own in it."""
    running = start_cosmos(tmp_path_factory.mktemp("cosmos"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def key_vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKeyVault]:
    """Key Vault: ``key_vault.url`` and ``key_vault.ca_file``. Use key names of your own; end the faults you begin."""
    running = RunningKeyVault.start(tmp_path_factory.mktemp("key-vault"))
    yield running
    running.stop()
