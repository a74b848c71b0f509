"""``move`` before it begins: two sets of settings, of which one comes from a file, and what is refused."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.operations.__main__ import main
from shared.operations.move import notes
from shared.operations.move_settings import read_settings_file, source_digest, store_addresses
from shared.settings import SettingsError, read_settings
from tests.support.memory_container import ENVIRONMENT

AZURITE = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=c2VjcmV0"


def account(port: int) -> str:
    """The connection string of an Azurite that listens there and on the two ports after it."""
    host = "http://127.0.0.1"
    return (
        f"{AZURITE};BlobEndpoint={host}:{port}/devstoreaccount1;"
        f"QueueEndpoint={host}:{port + 1}/devstoreaccount1;TableEndpoint={host}:{port + 2}/devstoreaccount1;"
    )


SOURCE = {**ENVIRONMENT, "PIC_STORAGE": account(1)}
COSMOS = {"PIC_RECORDS": "cosmos", "PIC_COSMOS_ENDPOINT": "http://127.0.0.1:9/", "PIC_COSMOS_KEY": "c2VjcmV0"}


def written(folder: Path, values: dict[str, Any], *, mode: int = 0o600) -> str:
    """A file with these values; its name."""
    file = folder / "target.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": values}), encoding="utf-8")
    file.chmod(mode)
    return str(file)


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIC_")]:
        monkeypatch.delenv(name)
    for name, value in SOURCE.items():
        monkeypatch.setenv(name, value)


def test_the_settings_of_the_target_are_read_like_those_of_an_app(tmp_path: Path) -> None:
    """The same checks as at a start."""
    settings, same = read_settings_file(written(tmp_path, {**SOURCE, **COSMOS})), read_settings({**SOURCE, **COSMOS})
    assert replace(settings, peppers=same.peppers, password_peppers=same.password_peppers) == same
    assert settings.peppers.secrets == same.peppers.secrets


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """It holds the peppers."""
    with pytest.raises(SettingsError, match="chmod 600"):
        read_settings_file(written(tmp_path, SOURCE, mode=mode))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"Values": []}', '{"Values": {"PIC_RECORDS": 1}}', "no"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    """In a sentence, without its content."""
    file = tmp_path / "target.json"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(SettingsError):
        read_settings_file(str(file))


@pytest.mark.usefixtures("_environment")
def test_faults_of_the_target_are_told_without_their_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All at once; exit status 2."""
    faulty = {**SOURCE, "PIC_RECORDS": "cosmas", "PIC_SUBJECT_PEPPERS": "1:c2VjcmV0LXBlcHBlcg=="}
    assert main(["move", "--target", written(tmp_path, faulty)]) == 2
    told = capsys.readouterr().out
    assert "PIC_RECORDS" in told
    assert "PIC_SUBJECT_PEPPERS" in told
    assert "c2VjcmV0" not in told
    assert "cosmas" not in told
    assert main(["move", "--target", str(tmp_path / "missing.json")]) == 2


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    "shared",
    [
        {},
        {"PIC_STORAGE": account(1).replace("127.0.0.1", "localhost")},
        {"PIC_STORAGE": account(1).replace("devstoreaccount1;", "devstoreaccount1/;")},
        {**COSMOS},
        {"PIC_BLOB_CONTAINER": "other"},
        {"PIC_TABLE": "Records", "PIC_BLOB_CONTAINER": "other"},
    ],
)
def test_source_and_target_that_share_a_store_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shared: dict[str, str]
) -> None:
    """Both stores or one of them, however their address is spelt."""
    assert main(["move", "--target", written(tmp_path, {**SOURCE, **shared})]) == 2
    assert "share a store" in capsys.readouterr().out


def test_addresses_tell_stores_apart() -> None:
    """By account, by container, by table, by database."""
    changes = [
        {},
        {"PIC_STORAGE": account(5)},
        {"PIC_TABLE": "other"},
        {"PIC_BLOB_CONTAINER": "other"},
        COSMOS,
        {**COSMOS, "PIC_COSMOS_DATABASE": "other"},
        {**COSMOS, "PIC_COSMOS_CONTAINER": "other"},
        {"PIC_STORAGE": f"{AZURITE};EndpointSuffix=core.windows.net"},
    ]
    found = [read_settings({**SOURCE, **change}) for change in changes]
    assert len({store_addresses(settings) for settings in found}) == len(changes)
    assert len({source_digest(settings) for settings in found}) == len(changes)


def test_what_will_be_otherwise_is_noted() -> None:
    """Passkeys belong to a host name; an own vault that is not named opens nothing."""
    vault = {"PIC_OWN_VAULTS": "kommunen.vault.azure.net,regionen.vault.azure.net"}
    source = read_settings({**SOURCE, **vault})
    assert notes(source, source) == []
    (other_host,) = notes(source, read_settings({**SOURCE, **vault, "PIC_PUBLIC_URL": "http://other.test"}))
    assert "passkeys" in other_host
    (fewer,) = notes(source, read_settings({**SOURCE, "PIC_OWN_VAULTS": "kommunen.vault.azure.net"}))
    assert "PIC_OWN_VAULTS" in fewer
    assert notes(source, read_settings({**SOURCE, **vault, "PIC_PUBLIC_URL": "http://portal.test:8080"})) == []


@pytest.mark.parametrize("key", ["", "a=b", "https://a.vault.azure.net/keys/k", "https://a.vault.azure.net/keys/k="])
@pytest.mark.usefixtures("_environment")
def test_a_replacement_of_a_key_names_two_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    """Without version; anything else ends at the command line."""
    with pytest.raises(SystemExit) as ended:
        main(["move", "--target", written(tmp_path, SOURCE), "--own-key", key])
    assert ended.value.code == 2
    assert "--own-key" in capsys.readouterr().err
