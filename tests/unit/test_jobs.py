"""What the timers of the background tell: of BankID's certificate, the sweep, and the copies of audit logs."""

import json
import logging
import time
from dataclasses import replace

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from functions.faults import JobFailedError
from functions.jobs import register
from functions.time_limits import JOB_SECONDS
from shared.domain.audit_copies import copy_name
from shared.domain.deadlines import current_deadline
from shared.domain.places import PLATFORM
from shared.services.bankid_certificate import REFUSED_EVENT
from tests.support.memory_container import MemoryContainer
from tests.support.scene import Scene


async def run_timer(name: str, container: MemoryContainer, caplog: pytest.LogCaptureFixture) -> list[str]:
    """The events that the timer logs, in their order."""
    app = func.FunctionApp()
    register(app, container)
    (timer,) = (found for found in app.get_functions() if found.get_function_name() == name)
    with caplog.at_level(logging.INFO, logger="pic"):
        await timer.get_user_function()(TimerRequest(past_due=False))
    return [json.loads(line.message)["event"] for line in caplog.records if line.name in {"pic.events", "pic.jobs"}]


async def test_the_sweep_goes_on_where_bankid_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """Without a certificate, what is due is still deleted."""
    container = MemoryContainer()
    container.settings = replace(container.settings, bankid=None)
    assert await run_timer("retain", container, caplog) == ["sweep.completed"]


async def test_the_sweep_looks_after_the_certificate_first(caplog: pytest.LogCaptureFixture) -> None:
    """Here its files are not there. That nobody signs in at night must not keep it from operators, nor from the sweep."""
    assert await run_timer("retain", MemoryContainer(), caplog) == [REFUSED_EVENT, "sweep.completed"]


async def test_a_run_that_copied_every_audit_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """An alert waits for that line."""
    scene = await Scene.make()
    scene.container.clock.move(hours=1)
    assert await run_timer("copy_audit", scene.container, caplog) == ["audit.copied"]
    assert [name.partition("/")[0] for name in scene.container.audit_blobs._content] == [scene.organisation]


async def test_a_run_that_left_a_log_out_fails_and_does_not_say_so(caplog: pytest.LogCaptureFixture) -> None:
    """The others are copied; the fault is told like that of any job, with nothing of what it was about."""
    scene = await Scene.make()
    await scene.container.audit_blobs.create(copy_name(PLATFORM, 1), b"not ours")
    scene.container.clock.move(hours=1)
    with pytest.raises(JobFailedError):
        await run_timer("copy_audit", scene.container, caplog)
    assert not any("audit.copied" in line.message for line in caplog.records)
    assert len(scene.container.audit_blobs._content) == 2


async def test_a_job_ends_before_the_host_kills_it(caplog: pytest.LogCaptureFixture) -> None:
    """All that it does has one deadline; what is left then comes with the next run."""
    container = MemoryContainer()
    container.settings = replace(container.settings, bankid=None)
    seen: list[float | None] = []

    class Swept:
        async def sweep(self) -> int:
            seen.append(current_deadline())
            return 0

    container.__dict__["retaining"] = Swept()
    before = time.monotonic()
    await run_timer("retain", container, caplog)
    (moment,) = seen
    assert moment is not None
    assert before + JOB_SECONDS <= moment <= time.monotonic() + JOB_SECONDS
