"""What the service says about itself: figures of the main job, and that nothing of a person is in any line."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest
from azure.functions.timer import TimerRequest

from functions.faults import JobFailedError
from functions.jobs import register
from shared.domain.errors import DependencyError
from shared.domain.metrics import MEANINGS
from shared.domain.ports import Body, Record
from tests.http.test_canaries_everywhere import VALUES, variants
from tests.support.canaries import hidden_in
from tests.support.every_route import CALLS, Scene, Who
from tests.support.log_lines import faults_of, ours
from tests.support.scene import Instance
from tests.support.taps import Crashed, Tap, TappedRecords
from tests.support.world import World, world

SAMPLE = re.compile(r'(?P<name>pic_[a-z_]+)(\{(?P<labels>(\w+="[^"\\]*",?)*)\})? (?P<value>[0-9.e+-]+)')


async def page(made: World) -> dict[str, float]:
    """Every sample of the page, by its name and labels as they are written."""
    answer = await made.http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return dict(samples(answer.text))


def samples(text: str) -> Iterator[tuple[str, float]]:
    """Fails on a line that is none of the format's."""
    for line in text.splitlines():
        if re.fullmatch(r"# (HELP|TYPE) pic_[a-z_]+ .+", line):
            continue
        found = SAMPLE.fullmatch(line)
        assert found is not None, line
        yield line.rpartition(" ")[0], float(found["value"])


async def run_timers(made: World) -> None:
    """What the host would, of the timers that the main job needs."""
    app = func.FunctionApp()
    register(app, made.container)
    for found in app.get_functions():
        if found.get_function_name() in {"retain", "recover"}:
            await found.get_user_function()(TimerRequest(past_due=False))


async def test_the_main_job_in_figures() -> None:
    """Sent, delivered, noticed, opened, erased: each once, with how late it was."""
    async with world() as made:
        staff = await made.staff()
        path = await made.draft(staff, await made.thread(staff))
        await staff.json("POST", f"{path}/send", 202)
        made.container.clock.move(seconds=40)
        await made.container.run_queues()
        person = await made.person()
        await person.json("POST", f"{path}/open")
        await staff.json("POST", f"{path}/open")
        made.container.clock.move(days=366, minutes=1)
        await run_timers(made)
        found = await page(made)
    assert found['pic_messages_sent_total{side="unit"}'] == 1
    assert found['pic_messages_opened_total{side="person"}'] == 1
    assert 'pic_messages_opened_total{side="unit"}' not in found  # the author's side reads its own
    assert found['pic_messages_erased_total{cause="expired"}'] == 1
    assert found['pic_notices_total{result="taken"}'] == 1
    assert found["pic_delivery_lag_seconds_sum"] == found["pic_mail_lag_seconds_sum"] == 40
    assert found['pic_mail_lag_seconds_bucket{le="30"}'] == 0
    assert found['pic_mail_lag_seconds_bucket{le="60"}'] == found['pic_mail_lag_seconds_bucket{le="+Inf"}'] == 1
    late = found['pic_sweep_lag_seconds_sum{kind="message"}']
    assert 86400 < late <= 86400 + 120
    assert found['pic_events_total{audit="message:send"}'] == 1
    assert found['pic_jobs_total{job="retain",result="done"}'] == 1
    assert found['pic_requests_total{route="open_message",status="200",outcome="done"}'] == 2


async def test_undo_is_no_delay() -> None:
    """Seconds in which a sender may still recall are the sender's, not the service's."""
    async with world(PIC_UNDO_SECONDS="30") as made:
        staff = await made.staff()
        path = await made.draft(staff, await made.thread(staff))
        await staff.json("POST", f"{path}/send", 202)
        made.container.clock.move(seconds=33)
        await made.container.run_queues()
        found = await page(made)
    assert found["pic_delivery_lag_seconds_sum"] == found["pic_mail_lag_seconds_sum"] == 3


async def test_a_message_counts_once_however_often_it_is_sent_delivered_and_erased() -> None:
    """Clients repeat, queues repeat, and a sweep comes back."""
    async with world() as made:
        staff = await made.staff()
        path = await made.draft(staff, await made.thread(staff))
        for _ in range(2):
            await made.send(staff, path)
            await run_timers(made)
        for _ in range(2):
            await staff.call("DELETE", path)
            made.container.clock.move(days=1)
            await run_timers(made)
        found = await page(made)
    assert found['pic_messages_sent_total{side="unit"}'] == 1
    assert found["pic_delivery_lag_seconds_count"] == found["pic_mail_lag_seconds_count"] == 1
    assert found['pic_messages_erased_total{cause="party"}'] == 1
    assert 'pic_messages_erased_total{cause="expired"}' not in found


async def test_an_erasure_that_a_crash_interrupted_counts_once() -> None:
    """Its certificate is written, and the process dies: the next sweep finishes, and counts nothing more."""
    async with world() as made:
        container = made.container
        staff = await made.staff()
        path = await made.draft(staff, await made.thread(staff))
        await made.send(staff, path)
        parts = path.split("/")
        record = await container.records.get(f"thread|{parts[4]}", f"message|{parts[6]}")

        class DyingAfterTheCertificate(TappedRecords):
            async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
                written = await super().create(partition, id, body)
                if partition.startswith("certificate|"):
                    raise Crashed
                return written

        dying = Instance(container, Tap())
        dying.__dict__["records"] = DyingAfterTheCertificate(container.records, Tap())
        dying.__dict__["metrics"] = container.metrics
        with pytest.raises(Crashed):
            await dying.erasing.erase(record, cause="expired", by="system")
        left = await container.records.get(record.partition, record.id)
        await container.erasing.erase(left, cause="expired", by="system")
        await container.erasing.erase(left, cause="expired", by="system")
        found = await page(made)
    counted = {name: count for name, count in found.items() if name.startswith("pic_messages_erased_total")}
    assert counted in ({}, {'pic_messages_erased_total{cause="expired"}': 1})


async def test_refusals_are_counted() -> None:
    """Each time, although the log notes some of them once a minute."""
    async with world() as made:
        for _ in range(3):
            credentials = {"mail_address": "nobody@example.com", "password": "wrong"}
            assert (await made.http.post("/api/v1/staff/sign-in", json=credentials)).status_code == 401
        found = await page(made)
    refused = [value for name, value in found.items() if name.startswith('pic_requests_total{route="staff_sign_in"')]
    assert refused == [3]


async def test_a_job_that_fails_is_counted_as_failed(caplog: pytest.LogCaptureFixture) -> None:
    """And says so at once: its instance may be gone before the next minute."""
    caplog.set_level(logging.INFO)
    async with world() as made:

        async def query(*_: object, **__: object) -> None:
            raise DependencyError

        made.container.records.query = query  # type: ignore[method-assign,assignment]
        with pytest.raises(JobFailedError):
            await run_timers(made)
        text = (await made.http.get("/metrics")).text
    assert 'pic_jobs_total{job="retain",result="failed"} 1' in text
    assert '"name": "pic_jobs_total", "job": "retain", "result": "failed"' in caplog.text


async def test_what_a_fault_leaves_is_on_the_allow_list(caplog: pytest.LogCaptureFixture) -> None:
    """Of a request and of a job that meet a fault whose text quotes a person: class names, and nothing of the text."""
    caplog.set_level(logging.INFO)
    async with world() as made:
        staff = await made.staff()

        async def broken(*_: object, **__: object) -> None:
            raise ValueError(" ".join(VALUES.values()))

        made.container.records.query = broken  # type: ignore[method-assign,assignment]
        answer = await staff.call("GET", f"/api/v1/threads?unit={made.unit}")
        with pytest.raises(JobFailedError):
            await run_timers(made)
    lines = ours(caplog.records)
    assert answer.status_code == 500
    assert [line for line in lines if line.startswith("job_fault function=retain class=")]
    assert [line for line in lines if '"fault": "ValueError"' in line]
    assert [fault for line in lines for fault in faults_of(line)] == []
    assert hidden_in(answer.text + caplog.text, VALUES) == set()


async def test_the_page_names_every_figure_even_before_it_has_one() -> None:
    """Whoever draws a chart finds them."""
    async with world() as made:
        text = (await made.http.get("/metrics")).text
    assert re.findall(r"# TYPE (\w+) ", text) == [figure.value for figure in MEANINGS]


async def test_where_the_page_is_off_there_is_none() -> None:
    """As for any path that leads nowhere."""
    async with world() as made:
        made.container.settings = replace(made.container.settings, has_metrics_view=False)
        answer = await made.http.get("/metrics")
    assert answer.status_code == 404
    assert "pic_" not in answer.text


@pytest.mark.parametrize("route", CALLS)
async def test_whatever_is_asked_every_line_is_on_the_allow_list(route: str, caplog: pytest.LogCaptureFixture) -> None:
    """Canaries in every place of every request: each line has its fields, each field a value of its form; no canary."""
    caplog.set_level(logging.INFO)
    async with world() as made:
        scene = await Scene.of(made)
        for who in (Who.NOBODY, Who.PERSON, Who.STAFF):
            browser = await scene.browser(who)
            for call in variants(scene.call(route)):
                await call.by(browser)
        await made.container.run_queues()
        await run_timers(made)
        text = (await made.http.get("/metrics")).text
    lines = ours(caplog.records)
    assert len(lines) > 20
    assert {line: faults_of(line) for line in lines if faults_of(line)} == {}
    assert hidden_in(text + "\n".join(lines), VALUES) == set()
    assert list(samples(text))


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "request", "path": "/x"}',
        '{"event": "request", "route": "198211632388 Zebrafinksson"}',
        '{"event": "metric", "name": "pic_mail_lag_seconds", "side": "unit"}',
        '{"event": "metric", "name": "pic_other_total"}',
        '{"event": "unheard.of"}',
        '{"event": "request", "fault": "ValueError: 198211632388"}',
        "job_fault function=notify text=x",
        "job_fault function=notify class=ValueError: Zebra",
        "Retry in 5 s",
    ],
)
def test_what_is_not_on_the_allow_list_is_found(line: Any) -> None:
    """The test above can fail."""
    assert faults_of(line)
