"""Declarations of records: what they may say, and what a record that breaks one is told."""

from typing import Annotated

import pytest

from shared.domain.personal_data import PersonalData
from shared.domain.ports import Body
from shared.domain.record_judgement import Flaw, UndeclaredError, judge
from shared.domain.record_types import Nested, RecordType, fields_of, kept_fields
from shared.domain.sensitivity import PLAIN, Form, Kept, Sensitivity
from shared.domain.stored import types
from shared.domain.stored.organisations import Organisation

TYPES = types.load()

ID = "01kjmma2g0ssdc9egfkrgk4yw6"
SEALED = "f1.1.ze3gW6pqXFrK7rW2J0Pq-KCJ5S0CiKdNHixAbbShsDklldEhZZAOTJkV"
NUMBER = "199006022397"


def flaws_of(body: Body, partition: str = f"thread|{ID}", id: str = "thread") -> set[tuple[str, str]]:  # noqa: A002
    return {(flaw.field, flaw.rule) for flaw in judge(partition, id, body).flaws}


@pytest.mark.parametrize("sensitivity", [Sensitivity.PERSONAL, Sensitivity.SENSITIVE, Sensitivity.SECRET])
@pytest.mark.parametrize("form", [Form.CLEAR, Form.TEXT])
def test_nothing_personal_can_be_declared_in_clear(sensitivity: Sensitivity, form: Form) -> None:
    """The import of such a declaration fails, and with it every test and every start."""
    with pytest.raises(ValueError, match="never kept"):
        Kept(sensitivity, form)


def test_what_is_shared_has_no_form_but_sealed() -> None:
    """A pseudonym or a hash of a personal number or a text would still tell who or what."""
    for form in set(Form) - {Form.SEALED}:
        with pytest.raises(ValueError, match="never kept"):
            Kept(Sensitivity.SENSITIVE, form)


def test_every_type_says_all_that_a_register_asks() -> None:
    """What, why, how long, who; and what is more than internal says what it is."""
    assert len(TYPES) > 25
    for declared in TYPES:
        entry = declared.entry
        assert all((declared.__doc__, entry.why, entry.how_long, entry.who)), declared
        unsaid = [name for name, kept in kept_fields(declared) if not kept.what and kept != _plain()]
        assert unsaid == [], declared


def _plain() -> Kept:
    return PLAIN


def test_a_field_that_does_not_say_how_it_is_kept_is_no_declaration() -> None:
    """A plain ``str`` would let anything through."""

    class Careless(Nested):
        name: str

    with pytest.raises(TypeError, match="name"):
        fields_of(Careless)


def test_two_types_of_one_place_are_refused() -> None:
    """The second would silently stand in for the first."""
    with pytest.raises(ValueError, match="two record types"):

        class Again(RecordType, partition="thread", id="thread", entry=Organisation.entry):
            """Another thread."""

            thread: Annotated[str, _plain()]


def test_a_record_as_declared_has_no_flaw() -> None:
    """Parts, lists, empty values and instants too."""
    body: Body = {
        "thread": ID,
        "subject": SEALED,
        "participants": [
            {"recipient": ID, "subject": "s1-" + "a" * 64, "personal_number": SEALED, "mail_address": None}
        ],
        "created_at": "2026-03-01T12:00:00.000000Z",
        "required_assurance": None,
    }
    assert flaws_of(body) == set()


@pytest.mark.parametrize(
    ("body", "flaw"),
    [
        ({"subject": "Beslut om bistånd"}, ("subject", "not sealed")),
        ({"subject": "f1.1.kort"}, ("subject", "not sealed")),
        ({"subject": f"{SEALED} och mer"}, ("subject", "not sealed")),
        ({"subject": SEALED.replace("f1.", "f2.")}, ("subject", "not sealed")),
        ({"subject": SEALED.replace("f1.1", "f1.01")}, ("subject", "not sealed")),
        ({"subject": 7}, ("subject", "not sealed")),
        ({"subject": [SEALED]}, ("subject", "not a value")),
        ({"subject": {"text": SEALED}}, ("subject", "not a value")),
        ({"participants": [{"personal_number": NUMBER}]}, ("participants.personal_number", "not sealed")),
        ({"participants": [{"subject": NUMBER}]}, ("participants.subject", "not pseudonym")),
        ({"participants": [{"subject": "Anna Svensson"}]}, ("participants.subject", "not pseudonym")),
        ({"participants": [{"former": [NUMBER]}]}, ("participants.former", "not pseudonym")),
        ({"participants": [{"name": SEALED}]}, ("participants.name", "not declared")),
        ({"participants": [SEALED]}, ("participants", "not a part")),
        ({"thread": f"{NUMBER[:8]}-{NUMBER[8:]}"}, ("thread", "personal data in clear")),
        ({"unit": "anna@exempel.se"}, ("unit", "personal data in clear")),
        ({"note": ID}, ("note", "not declared")),
    ],
)
def test_what_breaks_the_declaration_is_told_by_field_and_rule(body: Body, flaw: tuple[str, str]) -> None:
    """Whatever a service might come to write by mistake."""
    assert flaws_of(body) == {flaw}


@pytest.mark.parametrize(
    ("partition", "id", "body", "flaw"),
    [
        ("login|x", "login", {"password": "sommar"}, ("password", "not hashed")),
        (f"organisation|{ID}", "key|000001", {"wrapped": "short"}, ("wrapped", "not wrapped")),
        ("nowhere|x", "y", {}, ("", "no record type")),
        (f"thread|{ID}", "diary|1", {}, ("", "no record type")),
    ],
)
def test_secrets_and_places_are_judged_too(partition: str, id: str, body: Body, flaw: tuple[str, str]) -> None:  # noqa: A002
    """A password in clear, a key that is not wrapped, a kind of record that nobody declared."""
    assert flaws_of(body, partition, id) == {flaw}


def test_the_error_repeats_no_value() -> None:
    """It ends in logs."""
    error = UndeclaredError(judge(f"thread|{ID}", "thread", {"subject": "Beslut", "thread": "anna@exempel.se"}))
    assert str(error) == "Thread: subject not sealed, thread personal data in clear"


def test_a_typed_text_is_noticed_and_not_refused() -> None:
    """It may be wrong, and names of units are the organisation's to choose; its function address is expected."""
    body: Body = {"name": "Anna 19900602-2397", "mail_address": "enheten@exempel.se"}
    judgement = judge(f"organisation|{ID}", f"unit|{ID}", body)
    assert judgement.flaws == ()
    assert [(one.field, one.kinds) for one in judgement.noticed] == [
        ("name", frozenset({PersonalData.PERSONAL_NUMBER}))
    ]


def test_a_flaw_holds_names_alone() -> None:
    """So that whoever shows one shows nothing of the record."""
    assert judge(f"thread|{ID}", "thread", {"subject": "hemligt"}).flaws == (Flaw("subject", "not sealed"),)
