"""``make smoke`` finds what is wrong with a deployment, and says what; where nothing is, it ends with 0."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn

from functions.api import create_api
from functions.request_context import SECURITY_HEADERS
from local.smoke import tls
from local.smoke.__main__ import main
from local.smoke.journey import NAMES, SIMULATOR, travellers_in
from local.smoke.web import CLOSED, TALKATIVE
from tests.support.memory_container import MemoryContainer
from tests.support.tls_front import BASELINE_POLICY, tls_front

Faults = list[str]


class Server:
    """The application as a deployment would answer, on memory adapters. ``container`` may be changed meanwhile."""

    def __init__(self) -> None:
        self.container = MemoryContainer(PIC_METRICS_VIEW="off")
        config = uvicorn.Config(create_api(self.container), port=0, log_level="error", server_header=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until = monotonic() + 20
        while not self._server.started:
            assert monotonic() < until
            sleep(0.05)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _no_travellers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, *SIMULATOR):
        monkeypatch.delenv(name, raising=False)


def smoke(url: str, ca_file: Path, *more: str) -> int:
    return main([url, "--ca", str(ca_file), *more])


def test_a_deployment_as_it_should_be_passes(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a certificate that names the EV policy, strong TLS and all headers."""
    with tls_front(tmp_path, server.port) as front:
        status = smoke(front.url, front.ca_file)
    said = capsys.readouterr().out
    assert status == 0, said
    assert said.splitlines() == [
        "ok TLS and certificate",
        "ok health, headers, what must be closed",
        "-- send and open: not tried; set " + ", ".join(NAMES),
    ]


def test_a_certificate_without_ev_policy_is_found(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And may be allowed for a test environment."""
    with tls_front(tmp_path, server.port, policy=BASELINE_POLICY) as front:
        assert smoke(front.url, front.ca_file) == 1
        assert "   the certificate has no EV policy (2.23.140.1.1)\n" in capsys.readouterr().out
        assert smoke(front.url, front.ca_file, "--without-ev") == 0


def test_weak_tls_and_a_certificate_near_its_end_are_found(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name of the suite, and by its day."""
    with tls_front(tmp_path, server.port, is_weak=True, days=20) as front:
        assert smoke(front.url, front.ca_file) == 1
    said = capsys.readouterr().out
    assert "   a weak cipher suite is spoken: TLS_RSA_WITH_AES_128_CBC_SHA\n" in said
    assert f"   the certificate ends on {datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}\n" in said
    assert "ok health" in said


def without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS has its tests; a scan takes seconds."""
    monkeypatch.setattr(tls, "faults_of", lambda *_, **__: [])


@pytest.mark.parametrize("header", SECURITY_HEADERS)
def test_a_missing_header_is_found(
    server: Server,
    tmp_path: Path,
    header: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of them, by name."""
    without_tls(monkeypatch)
    with tls_front(tmp_path, server.port, without=header) as front:
        assert smoke(front.url, front.ca_file) == 1
    assert f"the header {header} is missing" in capsys.readouterr().out


def test_an_open_page_of_figures_and_a_neighbour_that_is_down_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must be closed is closed, and readiness says who does not answer."""
    without_tls(monkeypatch)
    server = Server()
    server.container.settings = replace(server.container.settings, has_metrics_view=True)
    server.container.electronic_id.go_down()
    try:
        with tls_front(tmp_path, server.port) as front:
            assert smoke(front.url, front.ca_file) == 1
    finally:
        server.stop()
    said = capsys.readouterr().out
    assert "   /metrics answers 200\n" in said
    assert "   /health/ready answers 503: electronic-id\n" in said


def test_whoever_is_not_trusted_is_not_asked(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of an unknown authority ends the look at the rest, with status 1 and no traceback."""
    without_tls(monkeypatch)
    with tls_front(tmp_path, server.port) as front:
        assert main([front.url]) == 1
    assert "ConnectError" in capsys.readouterr().out


def test_nobody_there_is_a_fault_of_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    """And each says so."""
    assert main(["https://127.0.0.1:1"]) == 1
    assert [line[:2] for line in capsys.readouterr().out.splitlines() if line[:2] in {"ok", "!!"}] == ["!!", "!!"]


@pytest.mark.parametrize("url", ["", "portal.example", "http://portal.example", "https://portal.example/x", "https://"])
def test_what_is_no_deployment_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is asked."""
    assert main([url]) == 2
    assert "https://host" in capsys.readouterr().err


def test_travellers_are_whole_or_none() -> None:
    """A test that was half configured and therefore not run would look like one that passed."""
    whole = dict.fromkeys(NAMES, "x")
    assert travellers_in({}) is None
    found = travellers_in(whole)
    assert found is not None
    assert "x" not in repr(found).partition("(")[2].replace("simulator", "")
    for name in NAMES:
        with pytest.raises(ValueError, match=name):
            travellers_in({**whole, name: ""})
    for name in SIMULATOR:
        with pytest.raises(ValueError, match="PIC_SMOKE_BANKID"):
            travellers_in({**whole, name: "x"})


def scanned(**changed: Any) -> dict[str, Any]:
    """What sslyze would say of a good server, with parts changed."""
    suites: Mapping[str, list[str]] = {"tls_1_3": ["TLS_AES_256_GCM_SHA384"]}
    told = {
        f"{version}_cipher_suites": {
            "status": "COMPLETED",
            "result": {
                "accepted_cipher_suites": [{"cipher_suite": {"name": name}} for name in suites.get(version, [])]
            },
        }
        for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
    }
    return {**told, **changed}


def suite(name: str) -> dict[str, Any]:
    return {"status": "COMPLETED", "result": {"accepted_cipher_suites": [{"cipher_suite": {"name": name}}]}}


def done(**result: Any) -> dict[str, Any]:
    return {"status": "COMPLETED", "result": result}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"ssl_2_0_cipher_suites": suite("SSL_CK_RC4_128_WITH_MD5")}, "SSL 2.0 is spoken"),
        ({"ssl_3_0_cipher_suites": suite("TLS_RSA_WITH_RC4_128_SHA")}, "SSL 3.0 is spoken"),
        ({"tls_1_0_cipher_suites": suite("TLS_RSA_WITH_AES_128_CBC_SHA")}, "TLS 1.0 is spoken"),
        ({"tls_1_1_cipher_suites": suite("TLS_RSA_WITH_AES_128_CBC_SHA")}, "TLS 1.1 is spoken"),
        ({"tls_1_3_cipher_suites": done(accepted_cipher_suites=[])}, "neither TLS 1.2 nor TLS 1.3 is spoken"),
        ({"tls_1_2_cipher_suites": suite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA")}, "a weak cipher suite is spoken"),
        ({"tls_1_2_cipher_suites": suite("TLS_RSA_WITH_AES_128_GCM_SHA256")}, "a weak cipher suite is spoken"),
        ({"heartbleed": done(is_vulnerable_to_heartbleed=True)}, "Heartbleed"),
        ({"openssl_ccs_injection": done(is_vulnerable_to_ccs_injection=True)}, "CCS injection"),
        ({"robot": done(robot_result="VULNERABLE_STRONG_ORACLE")}, "ROBOT"),
        ({"tls_compression": done(supports_compression=True)}, "TLS compresses"),
        ({"session_renegotiation": done(is_vulnerable_to_client_renegotiation_dos=True)}, "clients may renegotiate"),
        ({"heartbleed": {"status": "ERROR", "result": None}}, "could not be looked at: heartbleed"),
    ],
)
def test_every_fault_of_tls_is_named(changed: dict[str, Any], fault: str) -> None:
    """Those that no server here can be made to have, in the form in which sslyze tells them."""
    found = list(tls.tls_faults(scanned(**changed), wants_ev=True, now=datetime.now(UTC)))
    assert [each for each in found if each.startswith(fault)]
    assert len(found) == 2  # this one, and the certificate that is not in the made-up answer


def test_what_must_be_closed_and_silent_is_listed() -> None:
    """The lists are not empty by accident."""
    assert {"/metrics", "/admin/functions", "/api/v1/inbox"} <= CLOSED.keys()
    assert "server" in TALKATIVE
