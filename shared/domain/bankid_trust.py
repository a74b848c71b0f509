"""Which root and which certificate of ours belong to which of BankID's environments.

Fail closed: every environment accepts what is known to be its own, and whatever is not is a fault. Roots are pinned
by fingerprint; no other authority, the system's included, is ever trusted. Source: BankID, "RP API: TLS", and the
certificates themselves.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from shared.domain.client_certificates import CertificateFacts

BankIdEnvironment = Literal["simulator", "test", "production"]

PINNED_ROOTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "test": "f3d0740ebfb3700e3b81aa791fee451472698c84e199c2eb48a443ff1d5b405c",
        "production": "e6a2d45c0a1051c959428649f86a09a9b2152cd551993cc2eb4cf094bdacbecb",
    }
)
"""``CN=Test BankID SSL Root CA v1 Test`` and ``CN=BankID SSL Root CA v1``, both valid to the end of 2034."""

PUBLIC_TEST_CERTIFICATE: Final = "ef15b3e1837bd4ade7e4bfa1d0a07e9be936e0389c10806077d0eb51271ad5f5"
"""``FP Testcert 5``: anyone can download it, with its key."""

PUBLIC_TEST_BUNDLES: Final = frozenset(
    {
        "0453c963ed432c1b9d6f96d6938684d47b79ffe94fa76fc8d94cc96ffa8840ac",
        "814e73aa115d4fe1771f1f0ffc7a8fdf9cd83f7b316a40ce5556b697dfa1e759",
    }
)
"""Files with it and its key (PKCS #12), as client libraries carry them."""

SIMULATOR_WORD: Final = "SIMULATOR"
"""In the names of everything that the simulator makes."""

TEST_ROOT_WORD: Final = "Test BankID"
"""In the name of the root of that environment."""

TEST_ISSUER_WORD: Final = "for BankID Test"
"""In the names of the authorities that certify relying parties for BankID's test environment."""


_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
"""RFC 7468 section 2."""


class SetupFault(StrEnum):
    """What is wrong, in words for operators. None of them repeats anything of a certificate."""

    ROOT_UNREADABLE = "the root cannot be read"
    ROOT_NOT_ALONE = "the file of the root must hold one certificate and no other"
    ROOT_FOREIGN = "the root is not the one of this environment"
    ROOT_ENDED = "the root is not valid now"
    CERTIFICATE_UNREADABLE = "the certificate, or what opens it, cannot be read"
    KEY_UNREADABLE = "the key cannot be read"
    KEY_FOREIGN = "the key does not belong to the certificate"
    NOT_YET_VALID = "the certificate is not valid yet"
    ENDED = "the certificate has ended"
    PUBLIC_TEST = "the certificate is the public one for tests"
    ISSUER_FOREIGN = "the certificate was issued for another environment"


def faults_of_root(
    environment: BankIdEnvironment, roots: Sequence[CertificateFacts], now: datetime
) -> list[SetupFault]:
    """What is wrong with a root file that holds ``roots``."""
    if len(roots) != 1:
        return [SetupFault.ROOT_NOT_ALONE]
    (root,) = roots
    if environment == "simulator":
        is_own = _says(root.subject_words, SIMULATOR_WORD)
    else:
        is_own = root.fingerprint == PINNED_ROOTS[environment]
    faults = [] if is_own else [SetupFault.ROOT_FOREIGN]
    if not root.starts_at <= now < root.ends_at:
        faults.append(SetupFault.ROOT_ENDED)
    return faults


def faults_of_certificate(
    environment: BankIdEnvironment, chain: Sequence[CertificateFacts], now: datetime
) -> list[SetupFault]:
    """What is wrong with our certificate, the first of ``chain``; whoever issued it, and those above, count too."""
    own = chain[0]
    faults = []
    if now < own.starts_at:
        faults.append(SetupFault.NOT_YET_VALID)
    if now >= own.ends_at:
        faults.append(SetupFault.ENDED)
    is_simulated = any(_says(one.issuer_words, SIMULATOR_WORD) for one in chain)
    is_for_tests = any(_says(one.issuer_words, TEST_ISSUER_WORD) for one in chain)
    is_own = {
        "simulator": is_simulated,
        "test": is_for_tests and not is_simulated,
        "production": not is_for_tests and not is_simulated,
    }
    if environment == "production" and own.fingerprint == PUBLIC_TEST_CERTIFICATE:
        faults.append(SetupFault.PUBLIC_TEST)
    if not is_own[environment]:
        faults.append(SetupFault.ISSUER_FOREIGN)
    return faults


def is_of_another_environment(environment: BankIdEnvironment, file: bytes) -> bool:
    """Whether a file holds, in PEM, what is of the simulator or, for production, of BankID's test environment.

    A quick look that opens no certificate, so that a start can take it: names stand in a certificate as they are
    written (X.690 section 8.23). False tells nothing; what is used is judged by ``faults_of_certificate``.
    """
    words = [SIMULATOR_WORD]
    if environment == "production":
        if hashlib.sha256(file).hexdigest() in PUBLIC_TEST_BUNDLES:
            return True
        words += [TEST_ISSUER_WORD, TEST_ROOT_WORD]
    for found in _PEM.finditer(file):
        try:
            der = base64.b64decode(b"".join(found[1].split()), validate=True)
        except binascii.Error:
            continue
        if environment == "production" and hashlib.sha256(der).hexdigest() == PUBLIC_TEST_CERTIFICATE:
            return True
        if any(word.lower().encode() in der.lower() for word in words):
            return True
    return False


def _says(words: Sequence[str], word: str) -> bool:
    return any(word.casefold() in each.casefold() for each in words)
