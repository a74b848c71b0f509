"""One field of a request at a time: its form, its length, and BankID's words when it is wrong.

Source: BankID RP API v6.0, "Request fields". Lengths count after base64.
"""

import base64
import ipaddress
import re

from local.bankid.refusals import invalid_parameters

Members = dict[str, object]

_TWELVE_DIGITS = re.compile(r"[0-9]{12}")


def personal_number(members: Members, *, is_required: bool) -> str | None:
    """Checked for its form alone, as on BankID's test host. Raises ``RefusalError``, as all of these."""
    number = members.get("personalNumber")
    if number is None and not is_required:
        return None
    if not isinstance(number, str) or not _TWELVE_DIGITS.fullmatch(number):
        raise invalid_parameters("Incorrect personalNumber")
    return number


def end_user_ip(body: Members) -> str:
    value = body.get("endUserIp")
    if not isinstance(value, str):
        raise invalid_parameters("Invalid endUserIp")
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise invalid_parameters("Invalid endUserIp") from None


def base64_text(body: Members, name: str, limit: int, *, is_required: bool, is_utf8: bool) -> str | None:
    """As it came. ``is_utf8``: what it stands for is to be read by people."""
    value = body.get(name)
    if value is None and not is_required:
        return None
    fault = invalid_parameters(f"Invalid {name}")
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise fault
    try:
        data = base64.b64decode(value, validate=True)
        if is_utf8:
            data.decode()
    except ValueError:
        raise fault from None
    return value


def members_of(body: Members, name: str, fault: str) -> Members:
    """An object; empty when it is missing."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_parameters(fault)
    return value


def text(body: Members, name: str, limit: int, fault: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise invalid_parameters(fault)
    return value


def one_of(body: Members, name: str, choices: tuple[str, ...], fault: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        raise invalid_parameters(fault)
    return value


def flag(body: Members, name: str, fault: str) -> bool:
    """False when it is missing."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise invalid_parameters(fault)
    return value
