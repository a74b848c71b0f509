"""No secret in the repository: nothing looks like one that nobody explained, and what is planted is found."""

import json
import subprocess
from pathlib import Path

import pytest

from local.secret_scan import BASELINE, Suspect, scan, suspects, tracked
from tests.support.worker import ROOT

_A_WORD = "a word of the protocol or of ours, beside a name that sounds like a secret"
_PUBLIC_DIGEST = "the digest of something that is public"
_AZURITE = "the key of Azurite's account, which is the same everywhere and published"
_ALPHABET = "the letters that ids or codes are made of"
_EXAMPLE = "an example that holds no key"

EXPLAINED = {
    ("bench/passwords.py", "Secret Keyword"): "made up, to be measured",
    ("Makefile", "Secret Keyword"): "the name of a target",
    ("docs/adr/0026-passwords.md", "Secret Keyword"): _A_WORD,
    ("docs/configuration.md", "Private Key"): _EXAMPLE,
    ("functions/oauth.py", "Secret Keyword"): _A_WORD,
    ("infra/main.bicep", "Secret Keyword"): "the name of a secret in the vault",
    ("local.settings.sample.json", "Azure Storage Account access key"): _AZURITE,
    ("local.settings.sample.json", "Base64 High Entropy String"): "peppers that settings refuse outside of a laptop",
    ("local.settings.sample.json", "Secret Keyword"): "peppers that settings refuse outside of a laptop",
    ("local/azurite.py", "Base64 High Entropy String"): _AZURITE,
    ("local/azurite.py", "Secret Keyword"): _AZURITE,
    ("local/password_lists.py", "Hex High Entropy String"): _PUBLIC_DIGEST,
    ("shared/broker_settings.py", "Secret Keyword"): _A_WORD,
    ("shared/crypto/recovery_codes.py", "Base64 High Entropy String"): _ALPHABET,
    ("shared/domain/audit_events.py", "Secret Keyword"): _A_WORD,
    ("shared/domain/bankid_trust.py", "Hex High Entropy String"): _PUBLIC_DIGEST,
    ("shared/domain/content_checks.py", "Secret Keyword"): _A_WORD,
    ("shared/domain/ids.py", "Base64 High Entropy String"): _ALPHABET,
    ("shared/domain/organisation_settings.py", "Secret Keyword"): _A_WORD,
    ("shared/domain/sensitivity.py", "Secret Keyword"): _A_WORD,
    ("shared/domain/sign_in_methods.py", "Secret Keyword"): _A_WORD,
    ("shared/domain/staff_notices.py", "Secret Keyword"): _A_WORD,
    ("shared/services/administering_clients.py", "Secret Keyword"): _A_WORD,
    ("tests/http/test_client_tokens.py", "JSON Web Token"): "made up, and signed by nobody",
    ("tests/package/test_package_refuses.py", "Private Key"): "the first line of a key, and no key",
    ("tests/unit/test_broker_settings.py", "Private Key"): "the first line of a key, and no key",
    ("tests/unit/test_entra_settings.py", "Private Key"): "the first line of a key, and no key",
    ("tests/vectors/pic-v1/bases.json", "GitHub Token"): "64 letters of base64 that look like one by chance",
}
"""By file and kind. What is explained and no longer found has to go as well."""


@pytest.fixture(scope="module")
def found() -> set[Suspect]:
    return suspects(scan(ROOT, tracked(ROOT)))


@pytest.fixture(scope="module")
def known() -> set[Suspect]:
    return suspects(json.loads(BASELINE.read_text(encoding="utf-8")))


def test_nothing_new_looks_like_a_secret(found: set[Suspect], known: set[Suspect]) -> None:
    """If it is none, `make secrets` notes it, and a reason goes in above. If it is one, it is burnt: change it first."""
    assert sorted(found - known) == []


def test_nothing_is_noted_that_is_no_longer_there(found: set[Suspect], known: set[Suspect]) -> None:
    """A baseline that only grows hides what comes back."""
    assert sorted(known - found) == []


def test_every_entry_has_a_reason(known: set[Suspect]) -> None:
    """And every reason an entry."""
    assert {(each.file, each.kind) for each in known} == set(EXPLAINED)


def parts(*pieces: str) -> str:
    """Put together here, so that this file holds none of them."""
    return "".join(pieces)


PLANTED = {
    "a key of Azure Storage": ("functions/api.py", parts("KEY = 'AccountKey=", "Zm9vYmFy" * 10, "abcdef==", "'")),
    "a private key": ("docs/how.md", parts("-----BEGIN RSA PRIVATE", " KEY-----")),
    "a password in settings": ("infra/main.bicep", parts("var password = 'Tr0ub4dor&3", "xyzzy'")),
    "a random secret": (
        "shared/domain/places.py",
        parts("PEPPER = '", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd", "'"),
    ),
    "a token of GitHub, in a test": (
        "tests/unit/test_it.py",
        parts("TOKEN = 'gh", "p_0123456789abcdefghijABCDEFGHIJ012345", "'"),
    ),
    "a private key, in a test": ("tests/data/key.pem", parts("-----BEGIN EC PRIVATE", " KEY-----")),
    "a key of Azure Storage, in a test": (
        "tests/e2e/a.py",
        parts("x = 'AccountKey=", "Zm9vYmFy" * 10, "abcdef==", "'"),
    ),
    "a new file that is not added yet": ("shared/new.py", parts("aws = 'AKIA", "IOSFODNN7ABCDEFG", "'")),
}


def test_a_planted_secret_is_found(tmp_path: Path) -> None:
    """In every part of the repository, and before it is committed."""
    for name, text in PLANTED.values():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with (tmp_path / name).open("a") as file:
            file.write(f"{text}\n")
    (tmp_path / "tests/unit/test_made_up.py").write_text("PASSWORD = 'correct horse battery staple'\n")
    git = ["git", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([*git, "add", "functions", "docs", "infra", "tests", "shared/domain"], cwd=tmp_path, check=True)
    seen = {each.file for each in suspects(scan(tmp_path, tracked(tmp_path)))}
    assert seen == {name for name, _ in PLANTED.values()}


def test_locks_are_left_out_and_nothing_else() -> None:
    """They hold digests by the thousand, written by programs."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    left_out = {name for name in set(listed) - set(tracked(ROOT)) if (ROOT / name).exists()}
    locks = {".secrets.baseline", "package-lock.json", "requirements.txt", "requirements-dev.txt"}
    assert {name for name in left_out - locks if not name.startswith("local/requirements/")} == set()
    assert locks & set(listed) == left_out & locks
