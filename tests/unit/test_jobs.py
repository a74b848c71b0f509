"""The timer that deletes also looks after BankID's certificate: it tells what is wrong, and everything else goes on."""

import json
import logging
from dataclasses import replace

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from functions.jobs import register
from shared.services.bankid_certificate import REFUSED_EVENT
from tests.support.memory_container import MemoryContainer


async def run_retain(container: MemoryContainer, caplog: pytest.LogCaptureFixture) -> list[str]:
    """The events that the timer logs, in their order."""
    app = func.FunctionApp()
    register(app, container)
    (retain,) = (found for found in app.get_functions() if found.get_function_name() == "retain")
    with caplog.at_level(logging.INFO, logger="pic"):
        await retain.get_user_function()(TimerRequest(past_due=False))
    return [json.loads(line.message)["event"] for line in caplog.records if line.name in {"pic.events", "pic.jobs"}]


async def test_the_sweep_goes_on_where_bankid_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """Without a certificate, what is due is still deleted."""
    container = MemoryContainer()
    container.settings = replace(container.settings, bankid=None)
    assert await run_retain(container, caplog) == ["sweep.completed"]


async def test_the_sweep_looks_after_the_certificate_first(caplog: pytest.LogCaptureFixture) -> None:
    """Here its files are not there. That nobody signs in at night must not keep it from operators, nor from the sweep."""
    assert await run_retain(MemoryContainer(), caplog) == [REFUSED_EVENT, "sweep.completed"]
