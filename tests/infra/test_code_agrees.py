"""What the templates promise the code, and the code the templates: settings, queues, schedules, routes, log lines."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import azure.functions as func
import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.jobs import register
from functions.time_limits import STREAMING
from local.stack import ALLOCATOR
from shared.container import Container
from shared.domain.audit_events import AuditEvent
from shared.domain.metrics import Counter, Timing
from shared.domain.places import PLATFORM
from shared.domain.security_events import NATURES, SecurityEvent, Severity
from shared.services import bankid_certificate, timekeeping
from shared.services.custody import service_key_name
from shared.settings import Settings, read_settings
from tests.infra.bicep_tree import ROOT, Code, Templates, modules, read_templates, resources, variables
from tests.support.memory_container import MemoryContainer

TEMPLATES = read_templates()
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]

OF_THE_PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "telemetry by identity",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where telemetry goes",
    "AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__excludedTypes": "alerts count lines",
    "AzureWebJobsStorage__accountName": "the host's account",
    "AzureWebJobsStorage__clientId": "by identity",
    "AzureWebJobsStorage__credential": "by identity",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "the host's limit on bodies",
    **dict.fromkeys(ALLOCATOR, "the C library's"),
    "PIC_STORAGE__clientId": "the identity of queue triggers",
    "PIC_STORAGE__credential": "the identity of queue triggers",
}
"""What the host reads and the code does not."""

LEFT_OUT = {
    "PIC_API_ENTRA_AUTHORITY": "only national clouds have another",
    "PIC_BANKID_CERTIFICATE": "the certificate is in the vault",
    "PIC_BANKID_KEY": "the certificate is in the vault",
    "PIC_BANKID_PASSPHRASE": "the certificate is in the vault",
    "PIC_CLOCK_FILE": "local only",
    "PIC_COSMOS_KEY": "local only",
    "PIC_KEY_VAULT_CA": "local only",
    "PIC_METRICS_VIEW": "local only",
    "PIC_STORAGE": "local only",
    "PIC_STORAGE__tableServiceUri": "records are in Cosmos DB",
    "PIC_TABLE": "records are in Cosmos DB",
}
"""What the code reads and a deployment does not set."""


def test_the_allocator_is_set_as_it_was_measured() -> None:
    """The figures of transfers were taken with these values; another machine's default would undo them."""
    (of_the_app,) = [
        each for each in resources(TEMPLATES, "Microsoft.Web/sites/config") if each.at("name") == "appsettings"
    ]
    told = str(of_the_app.at("properties"))
    assert [name for name, value in ALLOCATOR.items() if f"{name}: '{value}'" not in told] == []


def app_settings(templates: Templates) -> dict[str, Any]:
    """All settings of both apps."""
    (of_the_app,) = [
        each for each in resources(templates, "Microsoft.Web/sites/config") if each.at("name") == "appsettings"
    ]
    own = variables_in(str(of_the_app.at("properties")))
    service = variables(templates, "service.bicep")
    return {**dict.fromkeys(own, ""), **service["settings"], **service["publicSettings"], **service["jobsSettings"]}


def variables_in(text: str) -> list[str]:
    return re.findall(r"^\s*'?([A-Za-z_.]+)'?:", text, re.MULTILINE)


class Noting(Mapping[str, str]):
    """An environment that notes which names are asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def bindings() -> dict[str, dict[str, Any]]:
    """The trigger of each function of the background."""
    app = func.FunctionApp()
    register(app, Container(read_settings(SAMPLE)))
    return {str(each.get_function_name()): each.get_dict_repr()["bindings"][0] for each in app.get_functions()}


def read_by_the_code() -> set[str]:
    """Whatever way through the settings is taken, and what triggers name to the host."""
    asked: set[str] = set()
    tables = {"PIC_RECORDS": "tables", "PIC_STORAGE__tableServiceUri": "https://store.table.core.windows.net"}
    for environment in (SAMPLE, deployed(), {**deployed(), **tables}):
        noting = Noting(environment)
        read_settings(noting)
        asked |= noting.asked
    return asked | set(re.findall(r"%(\w+)%", json.dumps(bindings(), default=str)))


def deployed(file: str = "production") -> dict[str, str]:
    """The settings as the jobs get them, with the parameters of an environment in place of expressions."""
    given = json.loads((ROOT / f"infra/{file}.parameters.json").read_text(encoding="utf-8"))["parameters"]
    values = {name: str(each["value"]) for name, each in given.items()}
    one, two, three = (base64.b64encode(hashlib.sha256(bytes([each])).digest()).decode() for each in (1, 2, 3))
    host = {"test": "appapi2.test.bankid.com", "production": "appapi2.bankid.com"}[values["bankIdEnvironment"]]
    known = {
        "'https://${hostName}'": f"https://{values['hostName']}",
        "'https://${bankIdHosts[bankIdEnvironment]}/rp/v6.0/'": f"https://{host}/rp/v6.0/",
        "'${secretOf}${secretNames.subjectPeppers})'": f"1:{one}",
        "'${secretOf}${secretNames.addressPepper})'": two,
        "'${secretOf}${secretNames.passwordPeppers})'": f"1:{three}",
        "'${secretOf}${secretNames.brokers})'": "{}",
        "'${secretOf}${secretNames.entra})'": "off",
        "'${secretOf}${secretNames.mail})'": "secret",
        "string(uploadMaxBytes)": values["uploadMaxBytes"],
        "string(retentionDays)": values["retentionDays"],
        "blobUrl": "https://store.blob.core.windows.net/",
        "queueUrl": "https://store.queue.core.windows.net/",
        "recordsUrl": "https://store.documents.azure.com:443/",
        "vaultUrl": "https://store.vault.azure.net/",
        "mailSender": f"{values['mailSenderName']}@{values['mailDomain']}",
        "mailUser": "user",
        "clientAddressHeader": variables(TEMPLATES, "service.bicep")["clientAddressHeader"],
        "recordsContainer": variables(TEMPLATES, "main.bicep")["recordsContainer"],
        **{name: variables(TEMPLATES, "main.bicep")[name] for name in ("container", "database", "journal", "audit")},
        **{name: variables(TEMPLATES, "main.bicep")[name] for name in ("dispatchQueue", "notifyQueue")},
        **values,
    }
    service = variables(TEMPLATES, "service.bicep")
    told = {**service["settings"], **service["jobsSettings"], "AZURE_CLIENT_ID": "id"}
    return {
        name: known[each] if isinstance(each, Code) else each
        for name, each in told.items()
        if name.startswith(("PIC", "AZURE_"))
    }


def test_the_apps_get_every_setting_that_the_code_reads() -> None:
    """A setting that is forgotten here is a default that nobody chose."""
    assert read_by_the_code() - set(app_settings(TEMPLATES)) == set(LEFT_OUT)


def test_the_apps_get_no_setting_that_nobody_reads() -> None:
    """A misspelt one looks like a setting."""
    unread = set(app_settings(TEMPLATES)) - read_by_the_code()
    assert {name for name in unread if not name.startswith("AzureWebJobs.")} == set(OF_THE_PLATFORM)


@pytest.mark.parametrize(("old", "new"), [("  PIC_UNDO_SECONDS: '30'\n", ""), ("PIC_UNDO_SECONDS", "PIC_UNDO_SECOND")])
def test_a_setting_that_is_missing_or_misspelt_is_found(old: str, new: str) -> None:
    """The two tests above can fail."""
    planted = {**TEMPLATES, "service.bicep": TEMPLATES["service.bicep"].replace(old, new)}
    assert "PIC_UNDO_SECONDS" in read_by_the_code() - set(app_settings(planted))


@pytest.mark.parametrize("file", ["test", "production"])
def test_an_app_starts_with_what_it_is_given(file: str) -> None:
    """The settings of the template, with an environment's parameters, are free of faults; each app's."""
    given = deployed(file)
    settings = read_settings(given)
    assert isinstance(settings, Settings)
    assert settings.bankid is not None
    assert (settings.environment, settings.bankid.environment) == (file, file)
    assert settings.cosmos is not None
    without_mail = {name: text for name, text in given.items() if name not in {"PIC_SMTP_USER", "PIC_SMTP_PASSWORD"}}
    assert read_settings(without_mail).smtp.user is None


def test_no_setting_weakens_a_default() -> None:
    """What the template writes down is what the code would have taken, but for what parameters decide."""
    given = {
        name: text
        for name, text in variables(TEMPLATES, "service.bicep")["settings"].items()
        if name.startswith("PIC_LIMIT")
    }
    assert given == {name: text for name, text in SAMPLE.items() if name.startswith("PIC_LIMIT")}
    assert len(given) >= 5


def queue_faults(templates: Templates) -> set[str]:
    """Queues that the code uses and the templates do not make, or the other way round."""
    settings = variables(templates, "service.bicep")["settings"]
    main = variables(templates, "main.bicep")
    used = {each["queueName"].strip("%") for each in bindings().values() if each["type"] == "queueTrigger"}
    used |= {name for name in read_by_the_code() if name.endswith("_QUEUE")}
    (data,) = modules(templates, "modules/storage-data.bicep")
    made = {main.get(name) for name in data.at("params.queues")}
    return {str(name) for name in {main.get(settings.get(name)) for name in used} ^ made}


def test_queues_are_those_of_the_triggers() -> None:
    """A queue that is missing here is a function that never runs."""
    assert queue_faults(TEMPLATES) == set()
    listened = {each["queueName"].strip("%") for each in bindings().values() if each["type"] == "queueTrigger"}
    assert len(listened) == 2
    assert {each["connection"] for each in bindings().values() if "connection" in each} == {"PIC_STORAGE"}
    assert [
        each.at("name") for each in resources(TEMPLATES, "Microsoft.Storage/storageAccounts/queueServices/queues")
    ] == [
        Code("each"),
        Code("'${each}-poison'"),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("main.bicep", "queues: [dispatchQueue, notifyQueue]", "queues: [dispatchQueue]"),
        ("main.bicep", "queues: [dispatchQueue, notifyQueue]", "queues: [dispatchQueue, notifyQueue, container]"),
        ("service.bicep", "  PIC_NOTIFY_QUEUE: notifyQueue\n", ""),
        ("service.bicep", "PIC_DISPATCH_QUEUE: dispatchQueue", "PIC_DISPATCH_QUEUE: notifyQueue"),
    ],
)
def test_a_queue_that_is_missing_or_of_no_use_is_found(file: str, old: str, new: str) -> None:
    """A deployment whose template misses a queue that the code uses does not pass."""
    assert old in TEMPLATES[file]
    assert queue_faults({**TEMPLATES, file: TEMPLATES[file].replace(old, new)})


def schedule_faults(templates: Templates) -> set[str]:
    """Timers whose schedule the templates do not give as on a laptop, six fields in UTC; and schedules of no timer."""
    settings = variables(templates, "service.bicep")["settings"]
    timers = {each["schedule"].strip("%") for each in bindings().values() if each["type"] == "timerTrigger"}
    given = {name for name in settings if name.endswith("_SCHEDULE")}
    wrong = {name for name in timers & given if settings[name] != SAMPLE[name] or len(settings[name].split()) != 6}
    return timers ^ given | wrong


def test_schedules_are_those_of_the_timers() -> None:
    """A timer without its setting keeps the host from starting."""
    timers = {each["schedule"].strip("%") for each in bindings().values() if each["type"] == "timerTrigger"}
    assert {
        "PIC_RETENTION_SCHEDULE",
        "PIC_RECOVERY_SCHEDULE",
        "PIC_KEY_ROTATION_SCHEDULE",
        "PIC_AUDIT_COPY_SCHEDULE",
    } <= timers
    assert schedule_faults(TEMPLATES) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  PIC_RECOVERY_SCHEDULE: '0 */5 * * * *'\n", ""),
        ("PIC_RETENTION_SCHEDULE: '0 10 * * * *'", "PIC_RETENTION_SCHEDULE: '10 * * * *'"),
        ("PIC_RETENTION_SCHEDULE:", "PIC_SWEEP_SCHEDULE:"),
    ],
)
def test_a_schedule_that_is_missing_or_of_no_use_is_found(old: str, new: str) -> None:
    """The test above can fail."""
    assert old in TEMPLATES["service.bicep"]
    planted = {**TEMPLATES, "service.bicep": TEMPLATES["service.bicep"].replace(old, new)}
    assert schedule_faults(planted)


def test_the_public_app_works_on_nothing_in_the_background() -> None:
    """Every function that is not HTTP is off there, by its name; none is off in the jobs."""
    service = variables(TEMPLATES, "service.bicep")
    off = {f"AzureWebJobs.{name}.Disabled": "true" for name in bindings()}
    assert service["publicSettings"] == off
    assert not any(name.startswith("AzureWebJobs.") for name in [*service["settings"], *service["jobsSettings"]])


def test_uploads_pass_the_gateway() -> None:
    """The paths whose bodies are not inspected are those of the routes that take content."""
    paths = {
        route.path
        for route in iter_route_contexts(create_api(MemoryContainer()).routes)
        if route.name in STREAMING and "GET" not in (route.methods or set())
    }
    assert paths == {"/api/v1/uploads", "/api/v1/uploads/{upload}"}
    assert "/health" in {route.path for route in iter_route_contexts(create_api(MemoryContainer()).routes)}


def test_alerts_ask_for_lines_that_the_code_writes() -> None:
    """An alert on a line that nobody writes is silence."""
    queries = {each["name"]: each["query"] for each in variables(TEMPLATES, "modules/alerts.bicep")["queries"]}
    names = {route.name for route in iter_route_contexts(create_api(MemoryContainer()).routes)}
    asked = set(re.findall(r'"(\w+)"', queries["failed-sign-ins"].partition(" in (")[2].partition(")")[0]))
    second_step = {"staff_sign_in_code", "staff_sign_in_recovery", "staff_sign_in_passkey"}
    entra = {"entra_start", "entra_callback"}
    assert asked == {
        "staff_sign_in",
        "bankid_start",
        "bankid_callback",
        "oidc_start",
        "oidc_callback",
        *second_step,
        *entra,
    }
    assert asked <= names
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "functions").glob("*.py")))
    for line in ("sweep.completed", "audit.copied", "job_fault function=%s", '"event": "request"'):
        assert line in sources
    for event in (bankid_certificate.ENDING_EVENT, bankid_certificate.REFUSED_EVENT):
        assert f'"{event}"' in queries["bankid-certificate"]
    assert f'has "{timekeeping.DISAGREES_EVENT}"' in queries["clock-disagrees"]
    assert 'has "sweep.completed"' in queries["sweep-missing"]
    assert "ago(26h)" in queries["sweep-missing"]
    assert 'has "audit.copied"' in queries["audit-copy-missing"]
    assert 'has "job_fault"' in queries["mail-failures"]
    assert "function=notify" in queries["mail-failures"]
    assert "notify" in bindings()


def test_alerts_on_figures_name_figures_and_what_they_tell_apart() -> None:
    """By name, and by words that the code puts into their labels."""
    queries = {each["name"]: each["query"] for each in variables(TEMPLATES, "modules/alerts.bicep")["queries"]}
    named = {
        (name, figure) for name, query in queries.items() for figure in re.findall(r'line\.name\) == "(\w+)"', query)
    }
    assert named == {
        ("mail-late", Timing.MAIL.value),
        ("sweep-late", Timing.SWEEP.value),
        ("audit-copy-late", Timing.AUDIT_COPY.value),
        ("refusals", Counter.EVENTS.value),
        ("security", Counter.SECURITY.value),
        ("security-lost", Counter.SECURITY.value),
    }
    grave = set(re.findall(r'"([a-z-]+)"', queries["security"].partition(" in (")[2]))
    high = {kind.value for kind, nature in NATURES.items() if nature.severity is Severity.HIGH}
    assert grave == high | {SecurityEvent.NETWORK_FAILURES.value}
    listed = re.findall(r'"([a-z:]+)"', queries["refusals"].partition(" in (")[2])
    refusals = {each.value for each in AuditEvent if each.value.endswith((":refuse", ":limit"))}
    assert set(listed) == refusals - {
        AuditEvent.NOTICE_REFUSED.value,
        "change:tell:refuse",
    }  # a mail address, no attempt


def test_every_promised_alert_is_there() -> None:
    """Each answers a question of operations."""
    alerts = variables(TEMPLATES, "modules/alerts.bicep")
    names = {each["name"] for each in [*alerts["queries"], *alerts["figures"]]}
    assert names == {
        *("poison-queue", "sweep-missing", "failed-sign-ins", "server-errors", "unwrap-failures", "mail-failures"),
        *("mail-late", "sweep-late", "refusals", "audit-copy-missing", "audit-copy-late"),
        *("security", "security-lost", "clock-disagrees"),
        *("job-faults", "bankid-certificate", "vault-expiry", "vault-changed", "log-cap"),
        *("vault-throttled", "records-throttled", "app-unhealthy"),
    }


def test_the_platforms_key_has_the_name_that_the_code_asks_for() -> None:
    """``organisation-`` and the id."""
    (key,) = resources(TEMPLATES, "Microsoft.KeyVault/vaults/keys")
    assert key.at("name") == service_key_name(PLATFORM)
