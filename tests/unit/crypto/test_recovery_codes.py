"""Recovery codes: too many to guess, and kind to whoever types one."""

import secrets

import pytest

from shared.crypto.recovery_codes import code_hash, new_code, new_codes
from shared.domain.errors import FactorRefusedError


def test_a_code_has_120_random_bits_in_six_groups() -> None:
    """More than the 64 that were asked for: from 112 on a plain hash is enough (ASVS 5.0, 6.5.2)."""
    assert new_code(lambda count: b"\xff" * count) == "zzzz-zzzz-zzzz-zzzz-zzzz-zzzz"
    assert new_code(lambda count: bytes(count - 1) + b"\x01") == "0000-0000-0000-0000-0000-0001"
    sets = [new_codes(secrets.token_bytes) for _ in range(20)]
    assert {len(codes) for codes in sets} == {10}
    assert len({code for codes in sets for code in codes}) == 200


def test_however_it_is_typed_it_is_the_same_code() -> None:
    """Case, groups, and the letters that look like digits."""
    written = "1o0l-abcd-efgh-jkmn-pqrs-tvwx".replace("o", "0").replace("l", "1")
    spellings = [written, written.upper(), written.replace("-", ""), written.replace("-", " "), f" {written} "]
    spellings += ["IO0l-abcd-efgh-jkmn-pqrs-tvwx", "lOoi-ABCD-efgh jkmn-pqrs-tvwx"]
    assert len({code_hash(text) for text in spellings}) == 1
    assert code_hash(written) != code_hash(written[:-1] + "y")


@pytest.mark.parametrize("text", ["", "abcd", "u" * 24, "1" * 23, "1" * 25, "1" * 65, "\ud800" * 24, "1" * 23 + "½"])
def test_what_can_be_no_code_is_refused(text: str) -> None:
    """And costs no hash."""
    with pytest.raises(FactorRefusedError):
        code_hash(text)
