"""What the TLS of a deployment must be: judged by what sslyze found, and by what the certificate says of itself.

A browser shows no difference any more, but the service promises an organisation-validated (EV) certificate, so the
served one has to name the policy for it: CA/Browser Forum, Guidelines for Extended Validation, section 7.1.6.4.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from local.tools import program

EV_POLICY: Final = "2.23.140.1.1"
RENEW_BEFORE: Final = timedelta(days=30)
SCAN_SECONDS: Final = 180
_OLD: Final = {"ssl_2_0": "SSL 2.0", "ssl_3_0": "SSL 3.0", "tls_1_0": "TLS 1.0", "tls_1_1": "TLS 1.1"}
_COMMANDS: Final = (
    *("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
    *("--certinfo", "--heartbleed", "--openssl_ccs", "--robot", "--compression", "--reneg"),
)


class ScanError(Exception):
    """The server could not be looked at; the text says why."""


def scan(host: str, port: int) -> dict[str, Any]:
    """What sslyze says of a server. Raises ``ScanError``, ``local.tools.ToolError``."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scan.json"
        # Its own judgement is off: it fetches Mozilla's newest rules, and ours are below.
        command: tuple[str | Path, ...]
        command = (program("sslyze"), *_COMMANDS, "--mozilla_config", "disable", "--json_out", out, "--quiet")
        done = subprocess.run(
            (*command, f"{host}:{port}"), capture_output=True, text=True, check=False, timeout=SCAN_SECONDS
        )
        if not out.exists():
            raise ScanError(done.stderr[-500:] or "sslyze said nothing")
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    results = found["server_scan_results"]
    if len(results) != 1 or results[0]["scan_status"] != "COMPLETED":
        raise ScanError("the server does not answer by TLS")
    result: dict[str, Any] = results[0]["scan_result"]
    return result


def tls_faults(result: dict[str, Any], *, wants_ev: bool, now: datetime) -> Iterator[str]:
    """What is wrong, in words; a part that could not be looked at is a fault as well."""
    for name, part in result.items():
        if part is not None and part.get("status") == "ERROR":
            yield f"could not be looked at: {name}"
    for name, said in _OLD.items():
        if _suites(result, name):
            yield f"{said} is spoken"
    modern = _suites(result, "tls_1_2") + _suites(result, "tls_1_3")
    if not modern:
        yield "neither TLS 1.2 nor TLS 1.3 is spoken"
    for suite in _suites(result, "tls_1_2"):
        if not suite.startswith(("TLS_ECDHE_", "TLS_DHE_")) or not ("_GCM_" in suite or "CHACHA20" in suite):
            yield f"a weak cipher suite is spoken: {suite}"
    yield from _vulnerabilities(result)
    yield from _certificate_faults(result, wants_ev=wants_ev, now=now)


def _result(result: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = (result.get(name) or {}).get("result") or {}
    return found


def _suites(result: dict[str, Any], version: str) -> list[str]:
    accepted = _result(result, f"{version}_cipher_suites").get("accepted_cipher_suites", [])
    return [each["cipher_suite"]["name"] for each in accepted]


def _vulnerabilities(result: dict[str, Any]) -> Iterator[str]:
    if _result(result, "heartbleed").get("is_vulnerable_to_heartbleed"):
        yield "Heartbleed (CVE-2014-0160)"
    if _result(result, "openssl_ccs_injection").get("is_vulnerable_to_ccs_injection"):
        yield "CCS injection (CVE-2014-0224)"
    if _result(result, "robot").get("robot_result", "").startswith("VULNERABLE"):
        yield "ROBOT"
    if _result(result, "tls_compression").get("supports_compression"):
        yield "TLS compresses (CRIME)"
    renegotiation = _result(result, "session_renegotiation")
    if renegotiation.get("is_vulnerable_to_client_renegotiation_dos"):
        yield "clients may renegotiate at will"


def _certificate_faults(result: dict[str, Any], *, wants_ev: bool, now: datetime) -> Iterator[str]:
    deployments = _result(result, "certificate_info").get("certificate_deployments", [])
    if not deployments:
        yield "no certificate was found"
    for each in deployments:
        leaf = x509.load_pem_x509_certificate(each["received_certificate_chain"][0]["as_pem"].encode("ascii"))
        if leaf.not_valid_after_utc - now < RENEW_BEFORE:
            yield f"the certificate ends on {leaf.not_valid_after_utc:%Y-%m-%d}"
        if wants_ev and EV_POLICY not in _policies(leaf):
            yield f"the certificate has no EV policy ({EV_POLICY})"


def _policies(certificate: x509.Certificate) -> set[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return set()
    return {policy.policy_identifier.dotted_string for policy in found}


def faults_of(host: str, port: int, *, wants_ev: bool) -> list[str]:
    """Scan and judge. Raises ``ScanError``, ``local.tools.ToolError``."""
    return list(tls_faults(scan(host, port), wants_ev=wants_ev, now=datetime.now(UTC)))
