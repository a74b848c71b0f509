"""Whether a record keeps to its declaration: what is not declared, or not sealed as declared, is not stored.

The form of a sealed value is checked, not its seal: whoever reads it verifies that. So a value in clear is never taken
for a sealed one, and a forged one is refused when it is read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from shared.domain.personal_data import PersonalData, personal_data_in
from shared.domain.ports import Body, Json
from shared.domain.record_types import Field, Nested, RecordType, fields_of, type_at
from shared.domain.sensitivity import Form, Kept

_SHAPES: Final = {
    # docs/file-format.md, section 3; the shortest box is 28 bytes, 38 characters.
    Form.SEALED: re.compile(r"f1\.[1-9][0-9]{0,8}\.[0-9A-Za-z_-]{38,}|[mt]1\.[0-9A-Za-z_-]{38,}"),
    Form.WRAPPED: re.compile(r"k1\.[1-9][0-9]{0,8}\.[0-9A-Za-z_-]{38,}|[0-9A-Za-z+/=_-]{64,}"),
    Form.HASHED: re.compile(r"[0-9A-Za-z$+/=,._:-]{32,1024}"),
    # A random id or a word for nobody, a subject, the keyed hash of an address or a browser.
    Form.PSEUDONYM: re.compile(r"[0-9a-z]{1,26}|(?:s[1-9][0-9]{0,8}|[a-z][a-z-]{0,30})-[0-9a-f]{32,64}|[0-9a-f]{64}"),
}
"""What a value looks like in each form that is not clear."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a record is refused. ``field`` is its name as declared or written, never its value."""

    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """A text that somebody typed in clear seems to hold these. No reason to refuse it: it may be wrong."""

    field: str
    kinds: frozenset[PersonalData]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``flaws`` is empty for a record that may be stored; ``declared`` None where nothing is declared for its place."""

    declared: type[RecordType] | None
    flaws: tuple[Flaw, ...]
    noticed: tuple[Noticed, ...]

    @property
    def name(self) -> str:
        """The record type's, for logs."""
        return "none" if self.declared is None else self.declared.__name__


class UndeclaredError(ValueError):
    """A record that its declaration forbids: a fault of ours, never of input. Names type, field and rule, no value."""

    def __init__(self, judgement: Judgement) -> None:
        flaws = ", ".join(f"{flaw.field} {flaw.rule}" for flaw in judgement.flaws)
        super().__init__(f"{judgement.name}: {flaws}")


def judge(partition: str, id: str, body: Body) -> Judgement:  # noqa: A002
    """Hold ``body`` against what is declared for its place."""
    declared = type_at(partition, id)
    if declared is None:
        return Judgement(None, (Flaw("", "no record type"),), ())
    others = None if declared.others is None else Field(declared.others, None, is_list=False, is_map=False)
    found = list(_look(declared, body, "", others))
    flaws = tuple(one for one in found if isinstance(one, Flaw))
    return Judgement(declared, flaws, tuple(one for one in found if isinstance(one, Noticed)))


def _look(
    declared: type[RecordType | Nested], body: Mapping[str, Json], before: str, others: Field | None = None
) -> Iterator[Flaw | Noticed]:
    fields = fields_of(declared)
    for name, value in body.items():
        path, field = f"{before}{name}", fields.get(name.replace("-", "_"), others)  # Names in Python have no hyphen.
        if field is None:
            yield Flaw(path, "not declared")
            continue
        for one in _each(field, value):
            if field.kept is not None:
                yield from _value(path, field.kept, one)
            elif isinstance(one, Mapping) and field.nested is not None:
                yield from _look(field.nested, one, f"{path}.")
            elif one is not None:
                yield Flaw(path, "not a part")


def _each(field: Field, value: Json) -> Iterable[Json]:
    if field.is_map and isinstance(value, Mapping):
        return value.values()
    if field.is_list and isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return (value,)


def _value(path: str, kept: Kept, value: Json) -> Iterator[Flaw | Noticed]:
    if value is None:
        return
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        yield Flaw(path, "not a value")
        return
    text = value if isinstance(value, str) else None
    match kept.form:
        case Form.SEALED | Form.WRAPPED | Form.HASHED | Form.PSEUDONYM:
            if text is None or _SHAPES[kept.form].fullmatch(text) is None or _is_a_number(kept.form, text):
                yield Flaw(path, f"not {kept.form.value}")
        case Form.CLEAR:
            if text is not None and personal_data_in(text) & _NEVER_MADE:
                yield Flaw(path, "personal data in clear")
        case Form.TEXT:
            kinds = frozenset() if text is None else personal_data_in(text) - kept.expected
            if kinds:
                yield Noticed(path, kinds)
        case _:
            assert_never(kept.form)


_NEVER_MADE: Final = frozenset(
    {PersonalData.PERSONAL_NUMBER, PersonalData.COORDINATION_NUMBER, PersonalData.MAIL_ADDRESS}
)
"""What nothing that we make ourselves can look like. Random digits may well look like a telephone number."""


def _is_a_number(form: Form, text: str) -> bool:
    """Twelve digits would do as a random id; those of a person do not."""
    return form is Form.PSEUDONYM and bool(personal_data_in(text) & _NEVER_MADE)
