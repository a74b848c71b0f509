"""Which message a person reads for which code."""

import pytest

from shared.domain.user_messages import (
    WORDINGS,
    StartedBy,
    UserMessage,
    error_message,
    failed_message,
    pending_message,
)

QR, COMPUTER, MOBILE = StartedBy.QR, StartedBy.THIS_COMPUTER, StartedBy.THIS_MOBILE


@pytest.mark.parametrize(
    ("hint", "started_by", "message"),
    [
        ("outstandingTransaction", QR, "RFA1"),
        ("outstandingTransaction", COMPUTER, "RFA13"),
        ("outstandingTransaction", MOBILE, "RFA13"),
        ("noClient", QR, "RFA1"),
        ("started", COMPUTER, "RFA15A"),
        ("started", MOBILE, "RFA15B"),
        ("userSign", QR, "RFA9"),
        ("processing", QR, "RFA21"),
        ("userCallConfirm", QR, "RFA21"),
        ("userMrtd", QR, "RFA23"),
        ("userFace", QR, "RFA24"),
        ("userStepUp", QR, "RFA25"),
        ("awaitingReturn", MOBILE, "return"),
        ("inventedTomorrow", QR, "RFA21"),
    ],
)
def test_a_running_order_says_what_bankid_recommends(hint: str, started_by: StartedBy, message: str) -> None:
    """BankID adds hints without notice: the unknown one must not stop a sign-in."""
    assert pending_message(hint, started_by).value == message


@pytest.mark.parametrize(
    ("hint", "started_by", "message"),
    [
        ("startFailed", QR, "RFA17B"),
        ("startFailed", MOBILE, "RFA17A"),
        ("expiredTransaction", QR, "RFA8"),
        ("certificateErr", QR, "RFA16"),
        ("userCancel", QR, "RFA6"),
        ("cancelled", QR, "RFA3"),
        ("mrtdVerificationFailed", QR, "RFA26"),
        ("facialRecognitionFailed", QR, "RFA27"),
        ("nfcNotSupportedByDevice", QR, "RFA28"),
        ("multipleBankIdsOnDevice", QR, "RFA29"),
        ("stepUpFailed", QR, "RFA30"),
        ("notSupportedByUserApp", QR, "update-app"),
        ("userDeclinedCall", QR, "declined-call"),
        ("transactionRiskBlocked", QR, "risk"),
        ("addressChanged", MOBILE, "address-changed"),
        ("otherBrowser", MOBILE, "other-browser"),
        ("unresolved", QR, "unresolved"),
        ("inventedTomorrow", QR, "RFA22"),
    ],
)
def test_an_ended_order_says_what_bankid_recommends(hint: str, started_by: StartedBy, message: str) -> None:
    """A hint that is pending for one order and failed for another has its own message in each table."""
    assert failed_message(hint, started_by).value == message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("alreadyInProgress", "RFA4"),
        ("maintenance", "RFA5"),
        ("Maintenance", "RFA5"),
        ("internalError", "RFA5"),
        ("requestTimeout", "RFA5"),
        ("invalidParameters", "RFA22"),
        ("unauthorized", "RFA22"),
        ("inventedTomorrow", "RFA22"),
        ("timeout", "RFA5"),
        ("internal", "RFA5"),
        ("unreachable", "RFA5"),
        ("too-many-requests", "RFA22"),
        ("invalid", "RFA22"),
        ("unfit", "RFA22"),
        ("setup", "RFA22"),
        ("unknown", "RFA22"),
    ],
)
def test_a_refusal_says_what_bankid_recommends(code: str, message: str) -> None:
    """The case of ``maintenance`` differs between versions of the API."""
    assert error_message(code).value == message


def test_every_message_has_words_in_both_languages() -> None:
    """An id without words would show as an empty line."""
    assert set(WORDINGS) == set(UserMessage)
    for wording in WORDINGS.values():
        assert wording.swedish.endswith((".", "?", ")."))
        assert wording.english.endswith((".", "?", ")."))
        assert wording.swedish != wording.english
