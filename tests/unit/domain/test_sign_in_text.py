"""What a person reads before they identify."""

import base64

import pytest

from shared.domain.sign_in_text import SERVICE_NAME_CHARACTERS, VISIBLE_CHARACTERS, check_service_name, visible_text


def test_it_names_the_service_and_the_act_and_warns() -> None:
    """Whoever is talked into it on the phone reads here that they must stop."""
    text = visible_text("Exempelkommunens post")
    assert "*Exempelkommunens post*" in text
    assert "läsa meddelanden" in text
    assert "Avbryt om någon har ringt" in text


def test_the_longest_name_fits() -> None:
    """In the characters that take most room."""
    text = visible_text(check_service_name("\N{CJK UNIFIED IDEOGRAPH-4E00}" * SERVICE_NAME_CHARACTERS))
    assert len(base64.b64encode(text.encode())) <= VISIBLE_CHARACTERS


@pytest.mark.parametrize("name", ["", "a*b", "# a", "a\nb", "a\u202eb", "x" * (SERVICE_NAME_CHARACTERS + 1), "<b>"])
def test_a_name_cannot_change_the_text(name: str) -> None:
    """It stands in the middle of a text that people trust."""
    with pytest.raises(ValueError, match="no plain name"):
        check_service_name(name)
