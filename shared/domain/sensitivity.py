"""How sensitive a stored value is, in what form it is kept, and how a type declares both.

A record type (``shared.domain.record_types``) annotates each of its fields with a ``Kept``. What is personal or worse
has no form in clear: a declaration that says otherwise is refused when it is imported, and a record that does not keep
to its declaration is refused before it is stored.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

from shared.domain.personal_data import PersonalData


class Sensitivity(StrEnum):
    """Five classes, least first."""

    PUBLIC = "public"
    """May stand on a web page: the name of an organisation."""
    INTERNAL = "internal"
    """Ours and the organisation's: ids, instants, states, counts. Tells nothing of a person without more."""
    PERSONAL = "personal"
    """Tells of a person who can be found out: a name, an address, a pseudonym."""
    SENSITIVE = "sensitive"
    """What is shared, and what would harm a person if the wrong one read it: contents, subjects, personal numbers."""
    SECRET = "secret"  # noqa: S105 - a class, not a secret
    """Opens something: keys, what passwords and tokens are checked by."""


class Form(StrEnum):
    """How a value stands in the store."""

    CLEAR = "in clear"
    """Made by us, never typed by anyone: an id, an instant, a word of a closed list, a number."""
    TEXT = "in clear, typed"
    """Typed by somebody and needed in clear. Looked through for what should not stand there."""
    SEALED = "sealed"
    """Under a key of the organisation, the platform or the content itself (``docs/file-format.md`` section 3)."""
    PSEUDONYM = "pseudonym"
    """A random id, or one that only our pepper makes of a personal number or an address."""
    WRAPPED = "wrapped"
    """A key under another key."""
    HASHED = "hashed"
    """What a secret is recognised by and cannot be had from."""


_FORMS: Final = {
    Sensitivity.PUBLIC: frozenset({Form.CLEAR, Form.TEXT}),
    Sensitivity.INTERNAL: frozenset({Form.CLEAR, Form.TEXT}),
    Sensitivity.PERSONAL: frozenset({Form.SEALED, Form.PSEUDONYM}),
    Sensitivity.SENSITIVE: frozenset({Form.SEALED}),
    Sensitivity.SECRET: frozenset({Form.SEALED, Form.WRAPPED, Form.HASHED}),
}
"""In which forms a value of each class may be kept at all."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A field's declaration; ``what`` says what it holds where its name does not.

    ``expected`` are the findings that a typed text is there for, such as the address of a function mailbox.
    Raises ``ValueError`` for a form that its class forbids.
    """

    sensitivity: Sensitivity
    form: Form
    what: str = ""
    expected: frozenset[PersonalData] = frozenset()

    def __post_init__(self) -> None:
        if self.form not in _FORMS[self.sensitivity]:
            raise ValueError(f"{self.sensitivity} is never kept {self.form}")


def sealed_personal(what: str) -> Kept:
    """Of a person, and only for who has the key."""
    return Kept(Sensitivity.PERSONAL, Form.SEALED, what)


def sealed_sensitive(what: str) -> Kept:
    """What would harm somebody in the wrong hands."""
    return Kept(Sensitivity.SENSITIVE, Form.SEALED, what)


def sealed_secret(what: str) -> Kept:
    """What opens something, and is needed in clear to do so."""
    return Kept(Sensitivity.SECRET, Form.SEALED, what)


def pseudonym(what: str) -> Kept:
    """Who it is, for whoever can look it up."""
    return Kept(Sensitivity.PERSONAL, Form.PSEUDONYM, what)


def hashed(what: str) -> Kept:
    """What a secret is recognised by."""
    return Kept(Sensitivity.SECRET, Form.HASHED, what)


def wrapped(what: str) -> Kept:
    """A key under another key."""
    return Kept(Sensitivity.SECRET, Form.WRAPPED, what)


def typed(what: str, *, sensitivity: Sensitivity = Sensitivity.INTERNAL, expected: PersonalData | None = None) -> Kept:
    """Written by somebody of an organisation, and needed in clear."""
    return Kept(sensitivity, Form.TEXT, what, frozenset() if expected is None else frozenset({expected}))


PLAIN: Final = Kept(Sensitivity.INTERNAL, Form.CLEAR)
"""How most fields are kept."""

Id: TypeAlias = Annotated[str, PLAIN]
Instant: TypeAlias = Annotated[str, PLAIN]
Word: TypeAlias = Annotated[str, PLAIN]
"""Of a closed list, or a name that we gave."""
Count: TypeAlias = Annotated[int, PLAIN]
Fact: TypeAlias = Annotated[bool, PLAIN]
