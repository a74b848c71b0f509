"""The check digit of personal and card numbers (ISO/IEC 7812-1, annex B)."""


def passes_luhn(digits: str) -> bool:
    """Whether the last of these ASCII digits is the check digit of the others. False for no digits."""
    weighed = (int(c) * (1 + place % 2) for place, c in enumerate(reversed(digits)))
    return bool(digits) and sum(sum(divmod(number, 10)) for number in weighed) % 10 == 0
