"""Figures: a closed list, with labels that are words of closed sets."""

import pytest

from shared.domain.metrics import LABELS, MEANINGS, Counter, Timing, check

FIGURES = (*Counter, *Timing)


def test_every_figure_has_its_labels_and_a_meaning() -> None:
    """And no other."""
    assert set(LABELS) == set(MEANINGS) == set(FIGURES)


@pytest.mark.parametrize("figure", FIGURES)
def test_names_are_those_that_prometheus_takes(figure: Counter | Timing) -> None:
    """A counter ends in ``_total``, a timing in its unit."""
    assert figure.value.startswith("pic_")
    assert figure.value.endswith("_total" if isinstance(figure, Counter) else "_seconds")
    assert figure.value.replace("_", "").isalpha()


@pytest.mark.parametrize(
    "value",
    ["", "Anna", "anna exempel", "anna@example.com", "198211632388" * 6, "a/b", "å", 'a"b', "a\n", "-", "x" * 65],
)
def test_what_is_no_word_is_no_label(value: str) -> None:
    """Names, addresses and whatever could break out of a line of text."""
    with pytest.raises(ValueError, match="labels"):
        check(Counter.SENT, {"side": value})


@pytest.mark.parametrize("labels", [{}, {"side": "unit", "route": "x"}, {"route": "x"}])
def test_other_labels_are_refused(labels: dict[str, str]) -> None:
    """A label that is misspelt would be a figure that nobody finds."""
    with pytest.raises(ValueError, match="labels"):
        check(Counter.SENT, labels)
