"""The error tree: drawn in the docstring of its module, and drawn as it is."""

import inspect
import re

from shared.domain import errors


def drawn() -> dict[str, str]:
    """Child to parent, read from the drawing. A line without a class groups what stands below it."""
    found: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    ((?:[│ ]   )*)(?:[├└]── )?(\S.*)$", line)
        if match is None:
            continue
        depth = len(match[1]) // 4 + ("── " in line)
        name = match[2].split()[0]
        path[depth:] = [name if name.endswith("Error") else path[depth - 1]]
        if name.endswith("Error") and depth:
            found[name] = path[depth - 1]
    return found


def classes() -> dict[str, str]:
    """Child to parent, as the classes are."""
    made = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, Exception)]
    return {cls.__name__: cls.__mro__[1].__name__ for cls in made if cls is not errors.PicError}


def test_the_tree_is_drawn_as_it_is() -> None:
    """Readers trust the drawing; what answers to clients is mapped by it."""
    assert drawn() == classes()
    assert len(drawn()) > 10


def test_every_error_says_what_it_means() -> None:
    """One line each."""
    for name in [*classes(), "PicError"]:
        assert inspect.getdoc(getattr(errors, name))


def test_errors_carry_a_rule_or_a_number_and_no_prose() -> None:
    """Their texts end in logs and answers."""
    assert str(errors.InvalidInputError("subject")) == errors.InvalidInputError("subject").rule == "subject"
    assert errors.TooLargeError(5).args == (5,)
    assert errors.TooManyRequestsError(7).retry_after_seconds == 7
    assert str(errors.NotFoundError()) == str(errors.IntegrityError()) == ""
