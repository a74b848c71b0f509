"""Credentials become a TLS context, and leave nothing behind."""

import ssl
import tempfile
from pathlib import Path

import pytest

from local.bankid.certificates import make_authority, make_leaf, name
from shared.adapters.tls_contexts import client_context
from shared.domain.client_certificates import ClientCertificate, TlsCredentials
from tests.support.bankid_wire import CREDENTIALS

ROOT = make_authority("Simulated root")
OWN = make_leaf(name("Simulated"), ROOT)


def credentials(key: bytes = OWN.key_pem) -> TlsCredentials:
    return TlsCredentials(
        root=ROOT.certificate_pem,
        chain=OWN.certificate_pem,
        key=key,
        certificate=ClientCertificate(fingerprint="", ends_at=CREDENTIALS.certificate.ends_at),
    )


@pytest.mark.parametrize("in_memory", [True, False])
def test_one_root_is_trusted_and_no_file_is_left(
    in_memory: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither on a good day nor when the key does not load; the system's authorities are not among the trusted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    context = client_context(credentials(), in_memory=in_memory)
    assert context.get_ca_certs(binary_form=True) == [ssl.PEM_cert_to_DER_cert(ROOT.certificate_pem.decode())]
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    with pytest.raises(ssl.SSLError):
        client_context(credentials(key=make_leaf(name("Other"), ROOT).key_pem), in_memory=in_memory)
    assert list(tmp_path.iterdir()) == []
