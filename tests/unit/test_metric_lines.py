"""Figures in memory, and the lines that are made of them."""

import json
import logging

import pytest

from shared.adapters.memory_metrics import MemoryMetrics
from shared.adapters.metric_lines import EVERY_SECONDS, MetricLines
from shared.domain.metrics import BOUNDS_SECONDS, Counter, Timing
from tests.support.log_lines import faults_of


class Ticking:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """What was written since the last time, each on the allow list."""
    texts = [record.getMessage() for record in caplog.records if record.name == "pic.metrics"]
    caplog.clear()
    assert [fault for text in texts for fault in faults_of(text)] == []
    return [json.loads(text) for text in texts]


def test_a_timing_falls_into_one_class() -> None:
    """The bound itself belongs to the class that it ends; a clock that went back is no time at all."""
    metrics = MemoryMetrics()
    for seconds in (-5.0, 0.01, 0.011, 93600.0, 93600.1):
        metrics.observe(Timing.MAIL, seconds)
    (series,) = metrics.read()
    assert series.classes == (2, 1, *(0,) * (len(BOUNDS_SECONDS) - 3), 1, 1)
    assert (series.count, series.longest) == (5, 93600.1)
    assert series.seconds == pytest.approx(187200.121)


def test_what_was_taken_is_taken_once_and_what_was_read_stays() -> None:
    """A line tells what came since the line before; the page tells everything."""
    metrics = MemoryMetrics()
    metrics.add(Counter.SENT, side="unit")
    assert [series.count for series in metrics.take()] == [1]
    assert metrics.take() == ()
    metrics.add(Counter.SENT, side="unit")
    assert [series.count for series in metrics.take()] == [1]
    assert [series.count for series in metrics.read()] == [2]


def test_lines_come_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However many requests ask."""
    caplog.set_level(logging.INFO)
    clock, metrics = Ticking(), MemoryMetrics()
    written = MetricLines(metrics, monotonic=clock)
    for _ in range(3):
        metrics.add(Counter.SENT, side="unit")
        metrics.observe(Timing.MAIL, 2.0)
        written.write_if_due()
    assert lines(caplog) == []
    clock.now = EVERY_SECONDS
    written.write_if_due()
    assert lines(caplog) == [
        {"event": "metric", "name": "pic_mail_lag_seconds", "count": 3, "seconds": 6.0, "longest": 2.0},
        {"event": "metric", "name": "pic_messages_sent_total", "side": "unit", "count": 3},
    ]
    written.write_if_due()
    clock.now = 2 * EVERY_SECONDS
    written.write_if_due()
    assert lines(caplog) == []


def test_what_a_request_says_by_its_own_line_is_not_said_twice(caplog: pytest.LogCaptureFixture) -> None:
    """Every line costs."""
    caplog.set_level(logging.INFO)
    metrics = MemoryMetrics()
    metrics.add(Counter.REQUESTS, route="health", status="200", outcome="done")
    metrics.observe(Timing.REQUEST, 0.1, route="health")
    MetricLines(metrics, monotonic=Ticking()).write()
    assert lines(caplog) == []
    assert len(metrics.read()) == 2
