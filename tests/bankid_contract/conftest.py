"""The same checks on the simulator and on BankID's test host."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.bankid_contract.contract_host import ContractHost, is_real, real_wire
from tests.support.bankid import RunningBankId


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBankId | None]:
    """None where the test host itself is asked."""
    if is_real():
        yield None
        return
    running = RunningBankId.start(tmp_path_factory.mktemp("bankid"))
    yield running
    running.stop()


@pytest.fixture
async def host(simulator: RunningBankId | None) -> AsyncIterator[ContractHost]:
    if simulator is None:
        async with real_wire() as wire:
            yield ContractHost(wire, asyncio.sleep)
        return
    async with simulator.remote() as app, simulator.wire() as wire:
        await app.reset()
        yield ContractHost(wire, app.advance)
