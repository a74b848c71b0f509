"""The animated QR code, against BankID's published example."""

import hashlib
import hmac
import uuid

import pytest

from shared.domain.qr import qr_content

TOKEN = "67df3917-fa0d-44e5-b327-edcc928297f8"
SECRET = "d28db9a7-4cde-429e-a983-359be676944c"

OFFICIAL = {
    0: "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8",
    1: "949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2",
    2: "a9e5ec59cb4eee4ef4117150abc58fad7a85439a6a96ccbecc3668b41795b3f3",
    29: "26049f2bc12d5b43ebe8bf701e7725abf015d2d8347aa04c924b5793ee4a196c",
    30: "814d7fd38e2276625b6815152e3554c663acca689260c092203b48ca4e5c09a3",
}


@pytest.mark.parametrize(("seconds", "code"), OFFICIAL.items())
def test_frames_are_those_that_bankid_publishes(seconds: int, code: str) -> None:
    """Text of the secret as key, decimal seconds as message: each other reading gives other codes."""
    assert qr_content(TOKEN, SECRET, seconds) == f"bankid.{TOKEN}.{seconds}.{code}"


def test_the_two_mistakes_that_others_made_give_other_codes() -> None:
    """The seconds as four bytes, and the secret as the bytes of its UUID: no app takes either."""
    as_bytes = hmac.new(SECRET.encode(), (0).to_bytes(4, "big"), hashlib.sha256).hexdigest()
    as_uuid = hmac.new(uuid.UUID(SECRET).bytes, b"0", hashlib.sha256).hexdigest()
    assert (as_bytes[:16], as_uuid[:16]) == ("abc0b3a15fe8faea", "4a3dd0ef244ef421")
    assert not {as_bytes, as_uuid} & {qr_content(TOKEN, SECRET, seconds)[-64:] for seconds in range(31)}


def test_a_frame_is_as_short_as_an_app_expects() -> None:
    """Seconds without padding, digits in lower case."""
    assert len(qr_content(TOKEN, SECRET, 9)) == 110
    assert len(qr_content(TOKEN, SECRET, 10)) == 111
    assert qr_content(TOKEN, SECRET, 7) == qr_content(TOKEN, SECRET, 7).lower()


def test_no_frame_exists_before_the_order() -> None:
    """A clock that went back must not put a minus sign into a code."""
    with pytest.raises(ValueError, match="before the order"):
        qr_content(TOKEN, SECRET, -1)
