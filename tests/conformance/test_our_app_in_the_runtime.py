"""Our function app inside the real Azure Functions runtime: the surface that Azure will see, and a cold start.

All of it twice: from the checkout, and from the package as it would be deployed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local.package.budgets import INDEX_SECONDS
from local.package.building import PACKAGES, Package
from tests.support.worker import ROOT, Run, drive, sample_settings

MESSAGE = "api/v1/threads/{thread}/messages/{message}"
HTTP = {
    "health": ("GET", "health"),
    "health_ready": ("GET", "health/ready"),
    "metrics": ("GET", "metrics"),
    "openapi": ("GET", "api/openapi.json"),
    "staff_sign_in": ("POST", "api/v1/staff/sign-in"),
    "staff_sign_in_code": ("POST", "api/v1/staff/sign-in/code"),
    "staff_sign_in_recovery": ("POST", "api/v1/staff/sign-in/recovery"),
    "staff_sign_in_enrolment": ("POST", "api/v1/staff/sign-in/enrolment"),
    "staff_passkey_options": ("POST", "api/v1/staff/sign-in/passkey/options"),
    "staff_sign_in_passkey": ("POST", "api/v1/staff/sign-in/passkey"),
    "read_step_up": ("GET", "api/v1/staff/step-up"),
    "step_up_code": ("POST", "api/v1/staff/step-up/code"),
    "step_up_password": ("POST", "api/v1/staff/step-up/password"),
    "step_up_passkey_options": ("POST", "api/v1/staff/step-up/passkey/options"),
    "step_up_passkey": ("POST", "api/v1/staff/step-up/passkey"),
    "list_factors": ("GET", "api/v1/staff/factors"),
    "begin_app": ("POST", "api/v1/staff/factors/apps"),
    "confirm_app": ("POST", "api/v1/staff/factors/apps/{factor}/confirm"),
    "begin_passkey": ("POST", "api/v1/staff/factors/passkeys/options"),
    "add_passkey": ("POST", "api/v1/staff/factors/passkeys"),
    "renew_recovery_codes": ("POST", "api/v1/staff/factors/recovery-codes"),
    "remove_factor": ("DELETE", "api/v1/staff/factors/{factor}"),
    "reset_factors": ("POST", "api/v1/organisation/staff/{staff}/factors/reset"),
    "bankid_start": ("POST", "api/v1/bankid/orders"),
    "bankid_poll": ("GET", "api/v1/bankid/order"),
    "bankid_qr": ("GET", "api/v1/bankid/order/qr"),
    "bankid_callback": ("POST", "api/v1/bankid/callback"),
    "list_providers": ("GET", "api/v1/sign-in/providers"),
    "bankid_cancel": ("DELETE", "api/v1/bankid/order"),
    "read_session": ("GET", "api/v1/session"),
    "sign_out": ("DELETE", "api/v1/session"),
    "oidc_start": ("POST", "api/v1/oidc/{provider}/start"),
    "oidc_callback": ("GET", "api/v1/oidc/{provider}/callback"),
    "entra_start": ("POST", "api/v1/staff/entra/start"),
    "entra_prove": ("POST", "api/v1/staff/entra/proof"),
    "entra_connect": ("POST", "api/v1/staff/entra/connection"),
    "entra_callback": ("GET", "api/v1/staff/entra/callback"),
    "request_password": ("POST", "api/v1/staff/password-reset"),
    "choose_password": ("POST", "api/v1/staff/activation"),
    "change_password": ("POST", "api/v1/staff/password"),
    "list_sessions": ("GET", "api/v1/sessions"),
    "end_session": ("DELETE", "api/v1/sessions/{session}"),
    "sign_out_everywhere": ("DELETE", "api/v1/sessions"),
    "read_settings": ("GET", "api/v1/organisation/settings"),
    "change_settings": ("PATCH", "api/v1/organisation/settings"),
    "list_staff": ("GET", "api/v1/organisation/staff"),
    "invite_staff": ("POST", "api/v1/organisation/staff"),
    "change_staff": ("PATCH", "api/v1/organisation/staff/{staff}"),
    "invite_staff_again": ("POST", "api/v1/organisation/staff/{staff}/invitation"),
    "end_staff": ("POST", "api/v1/organisation/staff/{staff}/leave"),
    "list_clients": ("GET", "api/v1/organisation/clients"),
    "create_client": ("POST", "api/v1/organisation/clients"),
    "change_client": ("PATCH", "api/v1/organisation/clients/{client}"),
    "add_client_secret": ("POST", "api/v1/organisation/clients/{client}/secrets"),
    "add_client_key": ("POST", "api/v1/organisation/clients/{client}/keys"),
    "end_client_credential": ("DELETE", "api/v1/organisation/clients/{client}/credentials/{credential}"),
    "revoke_client": ("POST", "api/v1/organisation/clients/{client}/revoke"),
    "issue_token": ("POST", "api/v1/oauth/token"),
    "revoke_token": ("POST", "api/v1/oauth/revoke"),
    "token_server": ("GET", ".well-known/oauth-authorization-server"),
    "list_own_units": ("GET", "api/v1/organisation/units"),
    "create_unit": ("POST", "api/v1/organisation/units"),
    "change_unit": ("PUT", "api/v1/organisation/units/{unit}"),
    "close_unit": ("POST", "api/v1/organisation/units/{unit}/close"),
    "read_agreement": ("GET", "api/v1/organisation/agreement"),
    "accept_agreement": ("POST", "api/v1/organisation/agreement/acceptance"),
    "list_sub_processors": ("GET", "api/v1/sub-processors"),
    "read_log": ("GET", "api/v1/audit"),
    "list_units": ("GET", "api/v1/units"),
    "create_thread": ("POST", "api/v1/threads"),
    "list_threads": ("GET", "api/v1/threads"),
    "list_inbox": ("GET", "api/v1/inbox"),
    "read_thread": ("GET", "api/v1/threads/{thread}"),
    "create_message": ("POST", "api/v1/threads/{thread}/messages"),
    "read_message": ("GET", MESSAGE),
    "delete_message": ("DELETE", MESSAGE),
    "send_message": ("POST", f"{MESSAGE}/send"),
    "open_message": ("POST", f"{MESSAGE}/open"),
    "download_file": ("GET", f"{MESSAGE}/files/{{file}}"),
    "describe_file": ("HEAD", f"{MESSAGE}/files/{{file}}"),
    "download_files": ("GET", f"{MESSAGE}/files.zip"),
    "create_upload": ("POST", "api/v1/uploads"),
    "delete_file": ("DELETE", "api/v1/threads/{thread}/messages/{message}/files/{file}"),
    "upload_options": ("OPTIONS", "api/v1/uploads"),
    "upload_offset": ("HEAD", "api/v1/uploads/{upload}"),
    "append_upload": ("PATCH", "api/v1/uploads/{upload}"),
    "cancel_upload": ("DELETE", "api/v1/uploads/{upload}"),
    "portal_home": ("GET", "portal"),
    "portal": ("GET", "portal/{*path}"),
}
"""Every HTTP function: its method and route. Whoever adds one adds it here, and thinks of who may call it."""

QUEUES = {"dispatch": "%PIC_DISPATCH_QUEUE%", "notify": "%PIC_NOTIFY_QUEUE%"}
TIMERS = {
    "retain": "%PIC_RETENTION_SCHEDULE%",
    "recover": "%PIC_RECOVERY_SCHEDULE%",
    "rotate_keys": "%PIC_KEY_ROTATION_SCHEDULE%",
    "copy_audit": "%PIC_AUDIT_COPY_SCHEDULE%",
}

VENDORS = (
    *("azure.storage", "azure.cosmos", "azure.data", "azure.keyvault", "azure.identity", "azure.core", "msal"),
    *("aiohttp", "httpx", "argon2"),
)
"""What an adapter imports when it is first needed; at import of the app it would cost most of the cold start."""

CANARY = "canary-91fe"


def http(function: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    headers = {
        "authorization": f"Bearer {CANARY}-authorization",
        "cookie": f"other={CANARY}-cookie",
        "content-type": "application/json",
    }
    return {
        "http": {"function": function, "method": method, "path": f"{path}?q={CANARY}-query", "headers": headers, **more}
    }


STEPS = {
    "health": http("health", "GET", "/health"),
    "openapi": http("openapi", "GET", "/api/openapi.json"),
    "no session": http("read_session", "GET", "/api/v1/session"),
    "not json": http("staff_sign_in", "POST", "/api/v1/staff/sign-in", text=f'{{"{CANARY}-body'),
    "options": http("upload_options", "OPTIONS", "/api/v1/uploads"),
    "no tus": http("append_upload", "PATCH", "/api/v1/uploads/x", params={"upload": "x"}, size=1_048_576),
    "many": http("health", "GET", "/health", count=200, parallel=10),
}

pytestmark = pytest.mark.usefixtures("needs_python_313")


@pytest.fixture(scope="module", params=["checkout", "package"])
def app(request: pytest.FixtureRequest, needs_python_313: None) -> Path:  # noqa: ARG001  # it fails first, with what to install
    """The folder of the function app."""
    if request.param == "checkout":
        return ROOT
    package: Package = request.getfixturevalue("package")
    return package.unpacked


@pytest.fixture(scope="module")
def run(app: Path) -> Run:
    """One worker that becomes our app, as on Flex Consumption, and calls that need no store."""
    return drive(app, list(STEPS.values()), settings=sample_settings())


@pytest.fixture(scope="module")
def steps(run: Run) -> dict[str, dict[str, Any]]:
    return dict(zip(STEPS, run.steps, strict=True))


def bindings(run: Run, kind: str) -> dict[str, list[dict[str, Any]]]:
    """All that the host reads of every function with this kind of trigger."""
    found = {name: entry["bindings"] for name, entry in run.started["surface"].items()}
    return {name: bound for name, bound in found.items() if any(binding["type"] == kind for binding in bound)}


def test_every_http_function_is_the_one_we_meant(run: Run) -> None:
    """Names, methods, routes: what monitoring, gateway rules and clients rely on.

    All are anonymous to the host: sessions are ours, and a Functions key would be one more shared secret.
    """
    trigger = {"direction": "IN", "type": "httpTrigger", "name": "req", "authLevel": "ANONYMOUS"}
    answer = {"direction": "OUT", "type": "http", "name": "$return"}
    assert bindings(run, "httpTrigger") == {
        name: [{**trigger, "methods": [method], "route": route}, answer] for name, (method, route) in HTTP.items()
    }


def test_every_queue_function_reads_its_queue_over_our_connection(run: Run) -> None:
    """The connection is the one that carries a managed identity."""
    trigger = {"direction": "IN", "type": "queueTrigger", "name": "message", "connection": "PIC_STORAGE"}
    assert bindings(run, "queueTrigger") == {name: [{**trigger, "queueName": queue}] for name, queue in QUEUES.items()}


def test_every_timer_function_keeps_its_schedule(run: Run) -> None:
    """Never at start-up: that would fire on every scale-out."""
    trigger = {"direction": "IN", "type": "timerTrigger", "name": "timer", "runOnStartup": False}
    assert bindings(run, "timerTrigger") == {name: [{**trigger, "schedule": when}] for name, when in TIMERS.items()}


def test_there_is_no_other_function_and_no_second_retry_policy(run: Run) -> None:
    """A retry policy would multiply with the queue's own dequeue count."""
    surface = run.started["surface"]
    assert set(surface) == {*HTTP, *QUEUES, *TIMERS}
    assert [name for name, entry in surface.items() if entry["retry"]] == []


def test_the_app_answers_through_the_runtime(steps: dict[str, dict[str, Any]]) -> None:
    """FastAPI's routing, our middleware and problems, behind the real worker."""
    assert {name: step["status"] for name, step in steps.items()} == {
        "health": 200,
        "openapi": 200,
        "no session": 401,
        "not json": 400,
        "options": 204,
        "no tus": 412,
        "many": 200,
    }
    assert {step["invocation"] for step in steps.values()} == {"Success"}


def test_a_problem_stays_a_problem(steps: dict[str, dict[str, Any]]) -> None:
    """Media type and type arrive; what the client sent does not come back."""
    for name in ("no session", "not json", "no tus"):
        assert ["content-type", "application/problem+json"] in steps[name]["headers"]
        assert json.loads(steps[name]["text"])["status"] == steps[name]["status"]
        assert CANARY not in steps[name]["text"]


def test_nothing_is_left_of_a_call(run: Run) -> None:
    """No entry in the runtime's coordinator and no task."""
    assert (run.ended["entries_left"], run.ended["tasks_left"]) == (0, 0)


def test_nothing_secret_is_printed(run: Run) -> None:
    """Neither what a client sent nor a setting, at any log level, by us, the runtime or the server."""
    settings = sample_settings()
    secrets = [
        settings[name] for name in ("PIC_STORAGE", "PIC_ADDRESS_PEPPER", "PIC_PASSWORD_PEPPERS", "PIC_SUBJECT_PEPPERS")
    ]
    assert [secret for secret in [CANARY, *secrets] if secret in run.printed] == []


def test_becoming_the_app_imports_no_vendor_sdk(run: Run) -> None:
    """Cold start: the SDKs of storage, vault, database and mail come with the first request that needs them."""
    assert [name for name in run.started["modules"] if name.startswith(VENDORS)] == []


def test_no_protobuf_is_needed(run: Run) -> None:
    """The worker's own transport stays out of the app's memory and of its start."""
    assert [name for name in run.ended["modules"] if name.startswith(("google.protobuf", "grpc"))] == []


def test_a_worker_that_starts_with_its_app_has_the_same_surface(app: Path, run: Run) -> None:
    """The other way in: a restarted worker is initialised with the app and has its environment from the beginning."""
    assert drive(app, settings=sample_settings(), start="init").started["surface"] == run.started["surface"]


def test_the_package_is_all_that_the_app_imports(package: Package) -> None:
    """Nothing comes from the checkout, nor from what else this machine has installed."""
    found = drive(package.unpacked, settings=sample_settings())
    assert found.indexed_seconds < INDEX_SECONDS
    files = {name: file for name, file in found.ended["files"].items() if not name.startswith("tests.")}
    foreign = [name for name, file in files.items() if "site-packages" in file or file.startswith(f"{ROOT}/")]
    assert [name for name in foreign if not files[name].startswith(f"{package.unpacked}/")] == []
    packed = {name.partition(".")[0] for name, file in files.items() if f"/{PACKAGES}/" in file}
    assert {"fastapi", "azure", "azure_functions_runtime", "uvicorn"} <= packed
    ours = [files["function_app"], files["functions.api"], files["shared.settings"]]
    assert ours == [
        str(package.unpacked / name) for name in ("function_app.py", "functions/api.py", "shared/settings.py")
    ]
