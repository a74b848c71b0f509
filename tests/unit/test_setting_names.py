"""Names of settings: a slip in one stops the start, and what a later release will know does not."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from shared.setting_names import KNOWN, MOST_CHARACTERS, OF_THE_PLATFORM, SAME, likeness_of, name_faults
from shared.settings import SettingsError, read_settings
from tests.support.memory_container import ENVIRONMENT
from tests.unit.test_settings import PRODUCTION

SAMPLE = json.loads((Path(__file__).resolve().parents[2] / "local.settings.sample.json").read_text(encoding="utf-8"))

SLIPS = {
    "PIC_RETENTION_DAY": "PIC_RETENTION_DAYS",
    "PIC_RETENTIONDAYS": "PIC_RETENTION_DAYS",
    "PIC_RETENTION__DAYS": "PIC_RETENTION_DAYS",
    "PIC_RETETNION_DAYS": "PIC_RETENTION_DAYS",
    "pic_retention_days": "PIC_RETENTION_DAYS",
    "PIC_TABEL": "PIC_TABLE",
    "PIC_TABL": "PIC_TABLE",
    "PIC_SMPT_HOST": "PIC_SMTP_HOST",
    "PIC_CLAMD_ADRESS": "PIC_CLAMD_ADDRESS",
    "PIC_SESSION_IDLE_MINUTE": "PIC_SESSION_IDLE_MINUTES",
    "PIC_SIGNIN_RISKS": "PIC_SIGN_IN_RISKS",
    "PIC_STORAGE_blobServiceUri": "PIC_STORAGE__blobServiceUri",
    "PIC_STORAGE__blobserviceuri": "PIC_STORAGE__blobServiceUri",
    "PIC_SUBJECT_PEPPER": "PIC_SUBJECT_PEPPERS",
    "PIC_STORAGE__credentials": "PIC_STORAGE__credential",
}


def faults_in(*names: str, is_local: bool) -> list[str]:
    """Of an environment in which these have a value."""
    return name_faults(dict.fromkeys(names, "x"), is_local=is_local)


def test_the_known_names_are_those_of_the_sample() -> None:
    """Which holds every setting that the code reads and no other (test_settings)."""
    assert {name for name in SAMPLE["Values"] if name.startswith("PIC_")} == KNOWN


@pytest.mark.parametrize(("slip", "meant"), SLIPS.items())
@pytest.mark.parametrize("base", [ENVIRONMENT, PRODUCTION], ids=["local", "production"])
def test_a_misspelt_name_stops_the_start_and_the_right_one_is_told(base: dict[str, str], slip: str, meant: str) -> None:
    """Also where the right one is set as well: two values, and nobody knows which was meant. The value is not told."""
    for others in ({}, {meant: base.get(meant, "")}):
        with pytest.raises(SettingsError) as refused:
            read_settings({**base, **others, slip: "kanarie-5b1f"})
        assert refused.value.faults == (f"{slip} is not known: {meant} may be meant",)


@pytest.mark.parametrize("slip", ["PIC_RETENTION", "PIC_UPLOAD_MAX", "PIC_BANKID_CERT", "PIC_MAIL_FROM_ADDRESS"])
def test_a_name_that_is_half_right_is_a_slip_where_the_right_one_is_missing(slip: str) -> None:
    """A deployment sets every setting; one that is not set was meant."""
    meant = {"PIC_UPLOAD_MAX": "PIC_UPLOAD_MAX_BYTES", "PIC_RETENTION": "PIC_RETENTION_DAYS"}
    right = meant.get(slip)
    given = KNOWN - {right} if right else KNOWN
    assert faults_in(*given, slip, is_local=False) == ([f"{slip} is not known: {right} may be meant"] if right else [])


@pytest.mark.parametrize("name", ["PIC_FOO", "PIC_PORTAL_THEME", "PIC_", "PIC_LIMIT_PASSWORDS_PER_ADDRESS"])
def test_what_a_later_release_knows_does_not_stop_this_one(name: str) -> None:
    """A template is applied before the package that it is for, and a release may be brought back. On a laptop it is a slip."""
    assert faults_in(*KNOWN, name, is_local=False) == []
    (fault,) = faults_in(*KNOWN, name, is_local=True)
    assert fault.startswith(f"{name} is not known")


def test_no_two_settings_are_so_alike_that_one_would_be_a_slip_of_the_other() -> None:
    """Otherwise the release before a new setting would refuse it."""
    pairs = combinations(sorted(KNOWN | OF_THE_PLATFORM), 2)
    assert [(one, other) for one, other in pairs if likeness_of(one, other) >= SAME] == []


@pytest.mark.parametrize(
    "name", ["PIC_é", "PIC_a b", "PIC_\x1b[31m", "PIC_\r\nINFO", "PIC_" + "X" * MOST_CHARACTERS, "PIC_$(id)"]
)
def test_a_name_that_is_no_name_is_not_repeated(name: str) -> None:
    """It would write into the log."""
    for is_local in (True, False):
        assert faults_in(name, is_local=is_local) == ["a name that begins with PIC_ is no name of a setting"]


def test_names_of_others_are_theirs() -> None:
    """What the platform and this machine have in the environment."""
    others = ["PATH", "PICTURE", "AzureWebJobsStorage", "WEBSITE_SITE_NAME", "pictures_dir", *OF_THE_PLATFORM]
    assert faults_in(*others, is_local=False) == faults_in(*others, is_local=True) == []


@pytest.mark.parametrize("name", ["PIC_LOCAL_PORT_API", "PIC_CONFORMANCE_PYTHON", "PIC_BANKID_CONTRACT_KEY"])
def test_what_make_reads_is_let_be_on_a_laptop(name: str) -> None:
    """The stack is started with the environment of whoever starts it."""
    assert read_settings({**ENVIRONMENT, name: "1"}).environment == "local"


def test_an_empty_value_is_no_setting() -> None:
    """As everywhere."""
    assert read_settings({**ENVIRONMENT, "PIC_RETENTION_DAY": ""}).retention_days == 365


def test_slips_are_told_together_with_everything_else() -> None:
    """One start, one message."""
    with pytest.raises(SettingsError) as refused:
        read_settings(
            {**PRODUCTION, "PIC_SMTP_PORT": "x", "PIC_SMTP_PROT": "25", "PIC_UNDO_SECOND": "1", "PIC_STORAGE": "x"}
        )
    assert refused.value.faults == (
        "PIC_SMTP_PORT must be a whole number from 1 to 65535",
        "PIC_SMTP_PROT is not known: PIC_SMTP_PORT may be meant",
        "PIC_UNDO_SECOND is not known: PIC_UNDO_SECONDS may be meant",
        "PIC_STORAGE is only for PIC_ENVIRONMENT=local",
    )
