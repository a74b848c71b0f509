"""The settings of the scanner: where it is, and what a wrong one is told."""

import pytest

from shared.scanner_settings import ScannerSettings
from shared.settings import SettingsError, read_settings
from tests.support.memory_container import ENVIRONMENT


def read(**own: str) -> ScannerSettings | None:
    return read_settings({**ENVIRONMENT, **own}).scanner


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("clamd.internal:3310", ("clamd.internal", 3310, "")),
        ("10.0.0.4:1", ("10.0.0.4", 1, "")),
        ("[fd00::4]:3310", ("fd00::4", 3310, "")),
        ("unix:/run/clamav/clamd.ctl", ("", 0, "/run/clamav/clamd.ctl")),
    ],
)
def test_a_scanner_is_at_an_address_or_a_socket(address: str, expected: tuple[str, int, str]) -> None:
    """A file is not stored without a verdict unless that is asked for."""
    found = read(PIC_CLAMD_ADDRESS=address)
    assert found is not None
    assert (found.host, found.port, found.path) == expected
    assert (found.is_required, found.step_seconds) == (True, 60)


def test_without_an_address_there_is_none() -> None:
    """Whatever else is said of it."""
    assert read() is None
    assert read(PIC_CLAMD_ADDRESS="", PIC_CLAMD_FAILURE="pass") is None
    passing = read(PIC_CLAMD_ADDRESS="a:1", PIC_CLAMD_FAILURE="pass")
    assert passing is not None
    assert not passing.is_required


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("PIC_CLAMD_ADDRESS", text)
            for text in ("clamd", ":1", "a:0", "a:65536", "a:x", "unix:run", "tcp://a:1", "a b:1")
        ),
        ("PIC_CLAMD_FAILURE", "ignore"),
        ("PIC_CLAMD_SECONDS", "0"),
        ("PIC_CLAMD_SECONDS", "201"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    """A slip must not turn a scanner off."""
    with pytest.raises(SettingsError) as refused:
        read(**{"PIC_CLAMD_ADDRESS": "a:1", name: value})
    assert [fault for fault in refused.value.faults if fault.startswith(name)]
