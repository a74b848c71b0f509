"""Timer functions through running hosts that share Azurite."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from azure.storage.blob import BlobClient, BlobServiceClient

from local.azurite import Azurite
from tests.support.toy_host import ToyHost, toy_host, until

HOURLY = "0 0 * * * *"
CONTAINER = "azure-webjobs-hosts"


@pytest.fixture
def host_id() -> str:
    return f"toy-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def status(azurite: Azurite, host_id: str) -> Iterator[BlobClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        if not service.get_container_client(CONTAINER).exists():
            service.create_container(CONTAINER)
        yield service.get_blob_client(CONTAINER, f"timers/{host_id}/tick/status")


@contextmanager
def timer_host(azurite: Azurite, host_id: str, folder: Path, schedule: str, *options: str) -> Iterator[ToyHost]:
    environment = {
        "TOY_QUEUE": host_id,
        "TOY_STORAGE": azurite.connection_string,
        "TOY_SCHEDULE": schedule,
        "AzureWebJobsStorage": azurite.connection_string,
        "AzureFunctionsWebHost__hostid": host_id,
        "AzureWebJobs.work.Disabled": "true",
    }
    with toy_host("work", folder, *options, **environment) as running:
        assert not [line for line in running.printed if line.startswith("work ")]
        yield running


def store(status: BlobClient, last: datetime, following: datetime) -> None:
    document = {"Last": last.isoformat(), "Next": following.isoformat(), "LastUpdated": last.isoformat()}
    status.upload_blob(json.dumps(document), overwrite=True)


def stored(status: BlobClient) -> dict[str, datetime]:
    document = json.loads(status.download_blob().readall())
    return {key: datetime.fromisoformat(value) for key, value in document.items()}


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_missed_runs_are_caught_up_exactly_once(
    azurite: Azurite, host_id: str, status: BlobClient, tmp_path: Path
) -> None:
    """One run, past due, however many were missed; a second start finds nothing missed any more."""
    store(status, this_hour() - timedelta(hours=30), this_hour() - timedelta(hours=29))

    with timer_host(azurite, host_id, tmp_path, HOURLY) as host:
        until(lambda: stored(status)["Next"] > datetime.now(UTC))
        assert host.stop() == 0
    with timer_host(azurite, host_id, tmp_path, HOURLY) as host:
        # Run now is a plain run, and shows that the host has had its chance to catch up.
        until(lambda: "tick" in {line.split()[0] for line in host.printed})
        answer = httpx.post(f"{host.url}/admin/functions/tick", json={}, headers=host.master)
        until(lambda: len(host.noted("tick")) == 2)
        assert host.stop() == 0

    assert answer.status_code == 202
    assert [one["past_due"] for one in host.noted("tick")] == [True, False]


def test_a_changed_schedule_is_not_caught_up(
    azurite: Azurite, host_id: str, status: BlobClient, tmp_path: Path
) -> None:
    """Else every deployment of a new schedule would run the timer at once."""
    store(status, this_hour() - timedelta(hours=30), this_hour() - timedelta(hours=29, minutes=30))

    with timer_host(azurite, host_id, tmp_path, HOURLY) as host:
        until(lambda: stored(status)["Next"] > datetime.now(UTC))
        assert host.stop() == 0

    assert host.noted("tick") == []
    assert stored(status)["Last"].year == 1


def test_two_hosts_on_one_storage_run_a_timer_once(azurite: Azurite, host_id: str, tmp_path: Path) -> None:
    """Each second once, by whichever host holds the lease; when it goes, the other one takes over."""
    with (
        timer_host(azurite, host_id, tmp_path, "* * * * * *") as first,
        timer_host(azurite, host_id, tmp_path, "* * * * * *") as second,
    ):
        until(lambda: len(first.noted("tick")) >= 3)
        runner = first.noted("tick")[-1]["pid"]
        gone, stays = (first, second) if runner == first.process.pid else (second, first)
        assert gone.stop() == 0
        until(lambda: first.noted("tick")[-1]["pid"] == stays.process.pid)
        assert stays.stop() == 0

    seconds = [one["at"][:19] for one in first.noted("tick")]
    assert sorted(set(seconds)) == seconds
    assert {runner} == {one["pid"] for one in first.noted("tick")[:3]}


def test_two_workers_of_one_host_run_a_timer_once(azurite: Azurite, host_id: str, tmp_path: Path) -> None:
    """`--workers 2`: the lease decides between processes of one host as well."""
    with timer_host(azurite, host_id, tmp_path, "* * * * * *", "--workers", "2") as host:
        until(lambda: len(host.noted("tick")) >= 3)
        assert host.stop() == 0

    assert len({one["pid"] for one in host.noted("tick")}) == 1
