"""The timers where BankID is off: what it needs is not there, and everything else goes on."""

import json
import logging
from dataclasses import replace

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from functions.jobs import register
from tests.support.memory_container import MemoryContainer


async def test_the_sweep_goes_on_where_bankid_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """The same timer looks after BankID's certificate. Without one, what is due is still deleted."""
    container = MemoryContainer()
    container.settings = replace(container.settings, bankid=None)
    app = func.FunctionApp()
    register(app, container)
    (retain,) = (found for found in app.get_functions() if found.get_function_name() == "retain")
    with caplog.at_level(logging.INFO, logger="pic.jobs"):
        await retain.get_user_function()(TimerRequest(past_due=False))
    events = [json.loads(line.message)["event"] for line in caplog.records if line.name == "pic.jobs"]
    assert events == ["sweep.completed"]
