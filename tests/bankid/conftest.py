"""One simulator for the whole directory, made new before each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId


@pytest.fixture(scope="session")
def bankid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBankId]:
    running = RunningBankId.start(tmp_path_factory.mktemp("bankid"))
    yield running
    running.stop()


@pytest.fixture
async def app(bankid: RunningBankId) -> AsyncIterator[RemoteBankId]:
    """Plays the person. No orders, real time."""
    async with bankid.remote() as remote:
        await remote.reset()
        yield remote
