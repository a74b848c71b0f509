"""The names that settings have, and what is told of a name that is none of them (ADR 0022).

A misspelt name is worse than a wrong value: the setting that was meant keeps its default, and nobody is told.
"""

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "PIC_"
MOST_CHARACTERS: Final = 64

KNOWN: Final = frozenset(
    {
        *("PIC_ENVIRONMENT", "PIC_PUBLIC_URL", "PIC_CLIENT_ADDRESS_HEADER", "PIC_RECORDS", "PIC_BLOB_CONTAINER"),
        *("PIC_STORAGE", "PIC_STORAGE__blobServiceUri", "PIC_STORAGE__queueServiceUri", "PIC_STORAGE__tableServiceUri"),
        *(
            "PIC_JOURNAL_CONTAINER",
            "PIC_AUDIT_CONTAINER",
            "PIC_TABLE",
            "PIC_COSMOS_ENDPOINT",
            "PIC_COSMOS_KEY",
            "PIC_COSMOS_DATABASE",
            "PIC_COSMOS_CONTAINER",
        ),
        *("PIC_KEY_VAULT_URL", "PIC_KEY_VAULT_CA", "PIC_KEY_AGE_DAYS", "PIC_OWN_VAULTS", "PIC_OWN_VAULTS_CLIENT_ID"),
        *("PIC_SUBJECT_PEPPERS", "PIC_ADDRESS_PEPPER", "PIC_PASSWORD_PEPPERS", "PIC_SERVICE_NAME"),
        *("PIC_BANKID_ENVIRONMENT", "PIC_BANKID_URL", "PIC_BANKID_ROOT", "PIC_BANKID_CERTIFICATE", "PIC_BANKID_KEY"),
        *("PIC_BANKID_PASSPHRASE", "PIC_BANKID_VAULT_CERTIFICATE", "PIC_BANKID_APP_LINK", "PIC_BANKID_DESKTOP_LINK"),
        *("PIC_BANKID_ASSURANCE", "PIC_SIGN_IN_PROVIDERS", "PIC_SIGN_IN_RISKS", "PIC_SIGN_IN_ADDRESSES"),
        *("PIC_OIDC_PROVIDERS", "PIC_OIDC_SECRETS", "PIC_SESSION_IDLE_MINUTES", "PIC_SESSION_HOURS"),
        *("PIC_API_ENTRA_TENANTS", "PIC_API_ENTRA_AUDIENCES", "PIC_API_ENTRA_AUTHORITY"),
        *("PIC_ENTRA_CLIENT_ID", "PIC_ENTRA_SECRET", "PIC_ENTRA_CLOUD"),
        *("PIC_LIMIT_STARTS_PER_ADDRESS", "PIC_LIMIT_STARTS_PER_BROWSER", "PIC_LIMIT_POLLS_PER_ADDRESS"),
        *("PIC_LIMIT_POLLS_PER_BROWSER", "PIC_LIMIT_SESSIONS_PER_PERSON", "PIC_LIMIT_CODES_PER_STAFF"),
        *("PIC_LIMIT_STAFF_PER_DEVICE", "PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK", "PIC_LIMIT_STAFF_PER_NETWORK"),
        *("PIC_LIMIT_STAFF_PER_ACCOUNT", "PIC_LIMIT_STAFF_IN_ALL", "PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK"),
        *("PIC_LIMIT_STAFF_LETTERS_PER_ACCOUNT", "PIC_RETENTION_DAYS", "PIC_UNDO_SECONDS"),
        *("PIC_SMTP_HOST", "PIC_SMTP_PORT", "PIC_SMTP_SECURITY", "PIC_SMTP_USER", "PIC_SMTP_PASSWORD", "PIC_MAIL_FROM"),
        *("PIC_DISPATCH_QUEUE", "PIC_NOTIFY_QUEUE", "PIC_UPLOAD_MAX_BYTES", "PIC_CLOCK_FILE", "PIC_METRICS_VIEW"),
        *("PIC_WATCH_FAILURES_PER_ACCOUNT", "PIC_WATCH_FAILURES_PER_NETWORK", "PIC_WATCH_FAILURES_IN_ALL"),
        *("PIC_WATCH_ACCOUNTS_PER_NETWORK", "PIC_WATCH_MISSES", "PIC_WATCH_DOWNLOADS", "PIC_WATCH_NEW_DEVICES"),
        "PIC_WATCH_MAILS_PER_KIND",
        *("PIC_CLAMD_ADDRESS", "PIC_CLAMD_FAILURE", "PIC_CLAMD_SECONDS"),
        *("PIC_RETENTION_SCHEDULE", "PIC_RECOVERY_SCHEDULE", "PIC_KEY_ROTATION_SCHEDULE", "PIC_AUDIT_COPY_SCHEDULE"),
    }
)
"""What the code reads, and what triggers name to the host. Whoever adds a setting adds it here; a test compares."""

OF_THE_PLATFORM: Final = frozenset({"PIC_STORAGE__clientId", "PIC_STORAGE__credential"})
"""What the host reads for queue triggers by identity. Source: Azure Functions, identity-based connections."""

OF_A_LAPTOP: Final = ("PIC_LOCAL_PORT_", "PIC_CONFORMANCE_PYTHON", "PIC_BANKID_CONTRACT_")
"""How names begin that ``make`` reads; they are in the environment of whatever it starts."""

SAME: Final = 0.9
"""So alike (2 common letters / all letters) no two settings are; nor do two differ in one letter."""
ALIKE: Final = 0.75
"""So alike is a slip, where the setting that it is like is not set."""


def name_faults(environment: Mapping[str, str], *, is_local: bool) -> list[str]:
    """What is wrong with the names of the values that are set, one sentence for each.

    Outside of a laptop a name that is like no setting is let be: a template may know more settings than the release
    that still runs while it is applied, and a release that is brought back fewer than its successor left behind.
    """
    unknown = {name for name in environment if name.upper().startswith(PREFIX)} - KNOWN - OF_THE_PLATFORM
    faults = (
        _fault(name, environment, is_local=is_local)
        for name in sorted(unknown)
        if environment[name] and not (is_local and name.startswith(OF_A_LAPTOP))
    )
    return list(dict.fromkeys(fault for fault in faults if fault is not None))


def _fault(name: str, environment: Mapping[str, str], *, is_local: bool) -> str | None:
    if not (name.isascii() and name.isidentifier() and len(name) <= MOST_CHARACTERS):
        return f"a name that begins with {PREFIX} is no name of a setting"
    meant, likeness = max((likeness_of(name, each), each) for each in sorted(KNOWN | OF_THE_PLATFORM))[::-1]
    if likeness >= SAME or (likeness >= ALIKE and (is_local or not environment.get(meant))):
        return f"{name} is not known: {meant} may be meant"
    return f"{name} is not known" if is_local else None


def likeness_of(name: str, other: str) -> float:
    """2 common letters / all letters, or 1 where at most one letter differs. Case and underscores count for nothing."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - a start without a slip does without it

    one, two = _plain(name), _plain(other)
    common = sum(block.size for block in SequenceMatcher(a=one, b=two, autojunk=False).get_matching_blocks())
    longest = max(len(one), len(two))
    return 1.0 if longest - common <= 1 else 2 * common / (len(one) + len(two))


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold().removeprefix(PREFIX.casefold()) if letter.isalnum())
