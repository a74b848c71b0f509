"""The host that the contract is checked on: the simulator, or BankID's own test host where a certificate is given.

===================================  ==========================================================================
``PIC_BANKID_CONTRACT_CERTIFICATE``  PEM: BankID's public test certificate, or one's own for the test host
``PIC_BANKID_CONTRACT_KEY``          PEM, without a password
``PIC_BANKID_CONTRACT_ROOT``         PEM: the root of the test host, from BankID's documentation
===================================  ==========================================================================
"""

import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

TEST_HOST = "https://appapi2.test.bankid.com/rp/v6.0/"
PREFIX = "PIC_BANKID_CONTRACT_"
NAMES = tuple(f"{PREFIX}{name}" for name in ("CERTIFICATE", "KEY", "ROOT"))
TIMEOUT = httpx.Timeout(10, connect=3)
CONNECT_RETRIES = 2
"""The first handshakes with the test host are known to hang."""


@dataclass(frozen=True, slots=True)
class ContractHost:
    """``wait`` lets seconds pass: by waiting, or on the simulator by moving its clock."""

    wire: httpx.AsyncClient
    wait: Callable[[float], Awaitable[None]]


def missing(environment: Mapping[str, str] = os.environ) -> list[str]:
    """What the test host needs and is not given: names of variables, or of files that are not there."""
    return [name for name in NAMES if not Path(environment.get(name) or "/missing").is_file()]


def is_real(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the test host was asked for at all."""
    return any(environment.get(name) for name in NAMES)


def real_wire() -> httpx.AsyncClient:
    certificate, key, root = (os.environ[name] for name in NAMES)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=root)
    context.load_cert_chain(certificate, key)
    transport = httpx.AsyncHTTPTransport(verify=context, retries=CONNECT_RETRIES)
    return httpx.AsyncClient(base_url=TEST_HOST, transport=transport, timeout=TIMEOUT, trust_env=False)
