"""Which root and which certificate belong to which of BankID's environments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.bankid_trust import (
    PINNED_ROOTS,
    PUBLIC_TEST_CERTIFICATE,
    BankIdEnvironment,
    SetupFault,
    faults_of_certificate,
    faults_of_root,
)
from shared.domain.client_certificates import CertificateFacts, ClientCertificate

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ENVIRONMENTS: tuple[BankIdEnvironment, ...] = ("simulator", "test", "production")


def facts(fingerprint: str = "ab" * 32, subject: str = "subject", issuer: str = "issuer") -> CertificateFacts:
    return CertificateFacts(
        fingerprint=fingerprint,
        subject_words=("SE", subject),
        issuer_words=("SE", issuer),
        starts_at=NOW - DAY,
        ends_at=NOW + DAY,
    )


ROOTS = {
    "simulator": facts(subject="SIMULATOR - NOT REAL"),
    "test": facts(PINNED_ROOTS["test"], "Test BankID SSL Root CA v1 Test"),
    "production": facts(PINNED_ROOTS["production"], "BankID SSL Root CA v1"),
    "a look-alike of production": facts(subject="BankID SSL Root CA v1"),
    "any other": facts(),
}
CERTIFICATES = {
    "simulator": facts(issuer="SIMULATOR - NOT REAL"),
    "test": facts(PUBLIC_TEST_CERTIFICATE, issuer="Testbank A RP CA v1 for BankID Test"),
    "production": facts(issuer="Riksbanken RP CA v1 for BankID"),
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("which", ROOTS)
def test_every_environment_trusts_its_own_root_and_no_other(environment: BankIdEnvironment, which: str) -> None:
    """By fingerprint where the root is real: names can be copied."""
    expected = [] if which == environment else [SetupFault.ROOT_FOREIGN]
    assert faults_of_root(environment, [ROOTS[which]], NOW) == expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_root_stands_alone_and_is_valid(environment: BankIdEnvironment) -> None:
    """A second one in the file would be trusted just as much."""
    own = ROOTS[environment]
    for roots in ([], [own, own], [own, ROOTS["any other"]]):
        assert faults_of_root(environment, roots, NOW) == [SetupFault.ROOT_NOT_ALONE]
    for now in (own.ends_at, own.starts_at - timedelta(seconds=1)):
        assert faults_of_root(environment, [own], now) == [SetupFault.ROOT_ENDED]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("which", CERTIFICATES)
def test_every_environment_takes_its_own_certificate_and_no_other(environment: BankIdEnvironment, which: str) -> None:
    """Test identities sign nobody in to production, whichever file was mixed up."""
    found = faults_of_certificate(environment, [CERTIFICATES[which]], NOW)
    if which == environment:
        assert found == []
    else:
        assert SetupFault.ISSUER_FOREIGN in found
        assert (SetupFault.PUBLIC_TEST in found) == (environment == "production" and which == "test")


def test_production_refuses_the_public_certificate_under_any_issuer() -> None:
    """Anyone has its key."""
    disguised = facts(PUBLIC_TEST_CERTIFICATE, issuer="Riksbanken RP CA v1 for BankID")
    assert faults_of_certificate("production", [disguised], NOW) == [SetupFault.PUBLIC_TEST]


def test_those_above_count_too() -> None:
    """A simulator's or a test's authority anywhere in the chain."""
    for word in ("SIMULATOR - NOT REAL", "Testbank A CA v1 for BankID Test", "testbank a for bankid test"):
        chain = [CERTIFICATES["production"], facts(issuer=word)]
        assert faults_of_certificate("production", chain, NOW) == [SetupFault.ISSUER_FOREIGN]
    mixed = [CERTIFICATES["test"], CERTIFICATES["simulator"]]
    assert faults_of_certificate("test", mixed, NOW) == [SetupFault.ISSUER_FOREIGN]


def test_a_certificate_is_valid_from_its_first_moment_to_its_last() -> None:
    """Its last moment is the one before it ends."""
    own = CERTIFICATES["production"]
    cases = {
        own.starts_at - timedelta(seconds=1): [SetupFault.NOT_YET_VALID],
        own.starts_at: [],
        own.ends_at - timedelta(seconds=1): [],
        own.ends_at: [SetupFault.ENDED],
    }
    for now, expected in cases.items():
        assert faults_of_certificate("production", [own], now) == expected


def test_everything_wrong_is_told_at_once() -> None:
    """And in words that hold nothing of the certificate."""
    wrong = replace(CERTIFICATES["test"], ends_at=NOW)
    assert faults_of_certificate("production", [wrong], NOW) == [
        SetupFault.ENDED,
        SetupFault.PUBLIC_TEST,
        SetupFault.ISSUER_FOREIGN,
    ]
    assert "Testbank" not in repr(wrong)


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=60), 60),
        (timedelta(days=59, seconds=1), 60),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-3), 0),
    ],
)
def test_the_begun_day_counts(left: timedelta, days: int) -> None:
    """0 means that it is over, and nothing else."""
    assert ClientCertificate(fingerprint="", ends_at=NOW + left).days_left(NOW) == days
