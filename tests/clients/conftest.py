"""A stack of real parts for clients that others wrote."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import free_ports
from local.seed import seed
from local.stack import running_stack, start_host
from tests.e2e.conftest import OFTEN, Running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """On Table storage; what the records lie in is nothing to a client (both stores: ``tests/e2e``)."""
    data: Path = tmp_path_factory.mktemp("stack")
    with running_stack(
        ports=free_ports(),
        data=data,
        prepare=lambda environment: asyncio.run(seed(environment, data)),
        with_host=False,
        overrides=OFTEN,
    ) as (stack, seeded):
        started = Running(stack=stack, seeded=seeded, host=start_host(stack))
        try:
            yield started
        finally:
            started.host.stop()
