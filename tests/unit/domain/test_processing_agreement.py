"""The processing agreement: what was accepted never changes, and when an organisation is bound by it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.agreement.versions import CURRENT, GRACE, Acceptance, Agreement, check_bound, due_at
from shared.domain.errors import AgreementRequiredError, IntegrityError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NEXT = Agreement(version="2027-1", swedish="Nytt", english="New")
ACCEPTED = Acceptance(version=CURRENT.version, digest=CURRENT.digest, by="staff", at=NOW)

DIGESTS = {"2026-1": "88cf90a54562f0adcfef3b5c2b1e10f7afcdfe0dc30673d69dfa7aded8883bed"}
"""Of every version that was ever offered. None of them is changed: what was accepted must be what is shown."""


def test_a_version_that_was_offered_is_never_changed() -> None:
    """A comma is a new version, or nobody knows any more what was agreed."""
    assert CURRENT.digest == DIGESTS[CURRENT.version]


def test_the_digest_is_of_version_and_both_texts() -> None:
    """A word that moves from one text to the other is another agreement."""
    one = Agreement(version="1", swedish="a", english="bc")
    others = [replace(one, version="2"), replace(one, swedish="ab", english="c"), replace(one, english="bd")]
    assert len({one.digest, *(other.digest for other in others)}) == 4


@pytest.mark.parametrize("language", ["swedish", "english"])
def test_the_text_says_what_article_28_asks_for(language: str) -> None:
    """Eleven points in both languages, and its own version."""
    text: str = getattr(CURRENT, language)
    assert CURRENT.version in text.splitlines()[0]
    assert [line.split(".")[0] for line in text.split("\n\n") if line[0].isdigit()] == [str(n) for n in range(1, 12)]


def test_nobody_is_bound_before_they_accept() -> None:
    """Whether or not they were told: the first acceptance has no grace."""
    for told_at in (None, NOW, NOW + GRACE):
        with pytest.raises(AgreementRequiredError):
            check_bound([], CURRENT, told_at=told_at, now=NOW)


def test_who_accepted_is_bound() -> None:
    """For as long as the version is current."""
    check_bound([ACCEPTED], CURRENT, told_at=None, now=NOW + timedelta(days=10_000))
    check_bound([ACCEPTED], CURRENT, told_at=NOW, now=NOW + 2 * GRACE)
    assert due_at([ACCEPTED], CURRENT, told_at=NOW) is None


def test_a_new_version_has_to_be_accepted_within_the_grace() -> None:
    """To the microsecond after the admins were told; before that, nothing is due."""
    check_bound([ACCEPTED], NEXT, told_at=None, now=NOW + 10 * GRACE)
    check_bound([ACCEPTED], NEXT, told_at=NOW, now=NOW + GRACE - TICK)
    assert due_at([ACCEPTED], NEXT, told_at=NOW) == NOW + GRACE
    with pytest.raises(AgreementRequiredError):
        check_bound([ACCEPTED], NEXT, told_at=NOW, now=NOW + GRACE)


def test_another_text_under_the_same_version_is_not_what_was_accepted() -> None:
    """The digest counts."""
    forged = replace(ACCEPTED, digest="0" * 64)
    with pytest.raises(AgreementRequiredError):
        check_bound([forged], CURRENT, told_at=NOW, now=NOW + GRACE)


def test_an_acceptance_reads_back() -> None:
    """And a damaged one is none."""
    assert Acceptance.of(ACCEPTED.body()) == ACCEPTED
    for name in ACCEPTED.body():
        with pytest.raises(IntegrityError):
            Acceptance.of({**ACCEPTED.body(), name: None})
