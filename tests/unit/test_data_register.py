"""The data register says what the declarations say."""

from local import data_register
from shared.domain.record_types import kept_fields
from shared.domain.stored import types


def test_the_document_is_what_the_declarations_say() -> None:
    """After a change of declarations: ``make register``."""
    assert data_register.PATH.read_text(encoding="utf-8") == data_register.text()


def test_no_type_and_no_field_is_left_out() -> None:
    """Each stands in its own section."""
    sections = {section.partition(" ")[0]: section for section in data_register.text().split("\n### ")[1:]}
    assert len(sections) == len(types.load())
    for declared in types.load():
        for name, _ in kept_fields(declared):
            assert f"`{name}`" in sections[declared.__name__], (declared.__name__, name)
