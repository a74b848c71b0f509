"""A gateway in front of a server on this machine: TLS with a certificate of its own, EV or not, strong or weak.

It hands on what it is given, and can leave a header out of the answers, as a gateway that is set up wrongly would.
"""

import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from local.smoke.tls import EV_POLICY

BASELINE_POLICY = "2.23.140.1.2.1"
"""Domain-validated: what a certificate has that is no EV one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """``url`` is good for clients that trust ``ca_file``."""

    url: str
    ca_file: Path


def make_certificate(folder: Path, *, policy: str, days: int) -> tuple[Path, Path, Path]:
    """Authority, chain and key as PEM files, for 127.0.0.1."""
    now = datetime.now(UTC)
    authority_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal.test")])

    def begun(name: x509.Name, public: rsa.RSAPublicKey, lasts: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=lasts))
        )

    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    authority = (
        begun(issuer, authority_key.public_key(), 3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    policies = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(policy), None)])
    leaf = (
        begun(subject, key.public_key(), days)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .add_extension(policies, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = (folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    files[0].write_bytes(authority.public_bytes(Encoding.PEM))
    files[1].write_bytes(leaf.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))
    files[2].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


class _Relay:
    """Hands on what comes, each connection in a thread of its own."""

    def __init__(self, context: ssl.SSLContext, backend_port: int, without: str | None) -> None:
        self._context = context
        self._backend = ("127.0.0.1", backend_port)
        self._left_out = without and re.compile(rb"\r\n" + without.encode() + rb": [^\r\n]*", re.IGNORECASE)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, listener: socket.socket) -> None:
        self._begin(self._accept, listener)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def _begin(self, run: Callable[[socket.socket], None], given: socket.socket) -> None:
        self._threads.append(threading.Thread(target=run, args=(given,)))
        self._threads[-1].start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            if select.select([listener], [], [], 0.1)[0]:
                self._begin(self._serve, listener.accept()[0])

    def _serve(self, raw: socket.socket) -> None:
        # A scanner breaks off handshakes and connections all the time: OSError, which ssl.SSLError is as well.
        with raw, suppress(OSError):
            raw.settimeout(20)
            with (
                self._context.wrap_socket(raw, server_side=True) as client,
                socket.create_connection(self._backend, 20) as backend,
            ):
                while not self._stopping.is_set() and self._hand_on(client, backend):
                    pass

    def _hand_on(self, client: ssl.SSLSocket, backend: socket.socket) -> bool:
        """What has come from either side. Whether both are still there."""
        ready = [client] if client.pending() else select.select([client, backend], [], [], 0.1)[0]
        for each in ready:
            data = each.recv(65536)
            if not data:
                return False
            if each is client:
                backend.sendall(data)
            else:
                client.sendall(self._left_out.sub(b"", data) if self._left_out else data)
        return True


@contextmanager
def tls_front(
    folder: Path,
    backend_port: int,
    *,
    policy: str = EV_POLICY,
    days: int = 365,
    is_weak: bool = False,
    without: str | None = None,
) -> Iterator[Front]:
    """Serve until the block is left. ``without`` is the header that it leaves out."""
    ca_file, chain, key = make_certificate(folder, policy=policy, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    weak, strong = "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "ECDHE+AESGCM:ECDHE+CHACHA20"
    context.set_ciphers(weak if is_weak else strong)
    relay = _Relay(context, backend_port, without)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay.start(listener)
        try:
            yield Front(url=f"https://127.0.0.1:{listener.getsockname()[1]}", ca_file=ca_file)
        finally:
            relay.stop()
