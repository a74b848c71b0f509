"""Values that tell whether two deployments have the same peppers, and nothing else of them.

``docs/file-format.md`` section 11. A deployment with other peppers knows none of its persons and staff, and makes new
ones of them without a word: that is found out before anything is moved.
"""

import hmac
from collections.abc import Mapping

from shared.crypto.pseudonyms import Peppers

_LABEL = b"pic/pepper-check/v1"


def pepper_checks(*, subjects: Peppers, addresses: bytes, passwords: Peppers) -> Mapping[str, str]:
    """A value for each pepper and version, and which versions are current."""
    checks = {"address": _check(addresses)}
    for purpose, peppers in (("subject", subjects), ("password", passwords)):
        checks[f"{purpose}-current"] = str(peppers.current)
        checks |= {f"{purpose}-{version}": _check(secret) for version, secret in peppers.secrets.items()}
    return checks


def _check(pepper: bytes) -> str:
    return hmac.digest(pepper, _LABEL, "sha256").hex()
