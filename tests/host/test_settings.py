"""Settings: local.settings.json, the environment, %NAME% and host.json."""

import json
from pathlib import Path

import pytest

from local.host.configuration import HostConfiguration, QueueSettings
from local.host.connections import is_connection_set
from local.host.environment import LocalSettings, apply_settings, resolve
from local.host.errors import HostError


def written(folder: Path, content: object, name: str = "local.settings.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """As with Core Tools: a developer overrides one value without editing the file."""
    settings = LocalSettings.read(written(tmp_path, {"Values": {"A": "file", "B": 2, "C": True, "D": None}}))
    environment = {"A": "shell"}

    apply_settings(settings, environment, address="localhost:7071", app=tmp_path)

    assert {
        "A": "shell",
        "B": "2",
        "C": "true",
        "D": "",
        "WEBSITE_HOSTNAME": "localhost:7071",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": str(tmp_path),
    } == environment


def test_a_missing_settings_file_is_an_empty_one(tmp_path: Path) -> None:
    """Everything may come from the environment."""
    assert LocalSettings({}) == LocalSettings.read(tmp_path / "none")


def test_the_port_of_core_tools_is_understood(tmp_path: Path) -> None:
    """`Host.LocalHttpPort` moves the port for `func start` and for this host alike."""
    assert LocalSettings.read(written(tmp_path, {"Host": {"LocalHttpPort": 7072}})).port == 7072


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ({"IsEncrypted": True, "Values": {}}, "encrypted"),
        ({"Values": {"A": {"b": 1}, "B": []}}, "not a plain value: A, B"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    """Guessing would start the app with the wrong settings."""
    with pytest.raises(HostError, match=reason):
        LocalSettings.read(written(tmp_path, content))


def test_references_are_replaced_and_the_missing_ones_listed() -> None:
    """An empty setting is a missing one: an empty queue name would be found much later."""
    environment = {"A": "one", "EMPTY": ""}

    assert resolve("x-%A%-%A%", environment) == ("x-one-one", [])
    assert resolve("%B%%EMPTY%", environment) == ("%B%%EMPTY%", ["B", "EMPTY"])


def test_host_json_has_the_documented_defaults(tmp_path: Path) -> None:
    """Those of the Storage extension 5.x; a producer that relies on them finds them here."""
    configuration = HostConfiguration.read(written(tmp_path, {"version": "2.0"}, "host.json"), {})

    assert (
        HostConfiguration(
            route_prefix="api",
            body_limit_bytes=104_857_600,
            queues=QueueSettings(
                batch_size=16,
                new_batch_threshold=8,
                max_dequeue_count=5,
                visibility_timeout_seconds=0.0,
                max_polling_interval_seconds=60.0,
                is_base64=True,
            ),
        )
        == configuration
    )


def test_settings_override_host_json(tmp_path: Path) -> None:
    """`AzureFunctionsJobHost__a__b`, in any case, and the body limit's own setting."""
    document = {
        "version": "2.0",
        "extensions": {
            "http": {"routePrefix": "v1/"},
            "queues": {"batchSize": 4, "MaxPollingInterval": "00:00:02.5", "messageEncoding": "none"},
        },
    }
    environment = {
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "azurefunctionsjobhost__Extensions__Queues__visibilityTimeout": "1.00:00:30",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000",
    }

    configuration = HostConfiguration.read(written(tmp_path, document, "host.json"), environment)

    assert configuration.route_prefix == ""
    assert configuration.body_limit_bytes == 1000
    assert configuration.queues.batch_size == 4
    assert configuration.queues.new_batch_threshold == 2
    assert configuration.queues.max_polling_interval_seconds == 2.5
    assert configuration.queues.visibility_timeout_seconds == 86_430.0
    assert not configuration.queues.is_base64


def test_every_wrong_value_of_host_json_is_named_at_once(tmp_path: Path) -> None:
    """The service hands out at most 32 messages; a time span is hh:mm:ss."""
    queues = {"batchSize": 33, "maxDequeueCount": "many", "maxPollingInterval": "2s", "messageEncoding": "hex"}
    path = written(tmp_path, {"version": "2.0", "extensions": {"queues": queues}}, "host.json")

    with pytest.raises(HostError) as caught:
        HostConfiguration.read(path, {})

    assert [name for name in queues if name in str(caught.value)] == [
        "batchSize",
        "maxDequeueCount",
        "maxPollingInterval",
        "messageEncoding",
    ]


@pytest.mark.parametrize(("content", "reason"), [(None, "missing"), ("{", "not JSON"), ({"version": "1.0"}, "2.0")])
def test_a_host_json_that_cannot_be_used_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    """Azure would not start the app either."""
    path = tmp_path / "host.json" if content is None else written(tmp_path, content, "host.json")
    with pytest.raises(HostError, match=reason):
        HostConfiguration.read(path, {})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PIC": "UseDevelopmentStorage=true"}, True),
        ({"AzureWebJobsPIC": "UseDevelopmentStorage=true"}, True),
        ({"PIC__queueServiceUri": "https://a.queue.core.windows.net"}, True),
        ({"PIC__accountName": "a"}, True),
        ({"PIC__blobServiceUri": "https://a.blob.core.windows.net"}, False),
        ({"PIC": ""}, False),
    ],
)
def test_a_connection_is_a_string_or_an_identity(environment: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    """The same names that production sets for its managed identity."""
    assert expected == is_connection_set(environment, "PIC", "queue")
