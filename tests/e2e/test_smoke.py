"""``make smoke`` against a whole stack behind TLS: a message with a file is sent, opened with a test e-ID, taken back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import free_ports
from local.seed import Seed, seed
from local.smoke import tls
from local.smoke.__main__ import main
from local.smoke.journey import NAMES, SIMULATOR
from local.stack import Stack, running_stack
from tests.support.tls_front import Front, tls_front

PERSON = "199006022397"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, Stack, Seed]]:
    data: Path = tmp_path_factory.mktemp("stack")
    with (
        running_stack(
            ports=free_ports(),
            data=data,
            prepare=lambda environment: asyncio.run(seed(environment, data)),
            overrides={"PIC_UNDO_SECONDS": "0", "PIC_METRICS_VIEW": "off"},
        ) as (stack, seeded),
        tls_front(tmp_path_factory.mktemp("front"), stack.ports.api) as front,
    ):
        yield front, stack, seeded


def configure(monkeypatch: pytest.MonkeyPatch, stack: Stack, seeded: Seed, **changed: str) -> None:
    """Who sends and who opens, in the environment; ``changed`` by the name without ``PIC_SMOKE_``."""
    member = seeded.staff[0]
    values = (member.mail_address, member.password, PERSON, "rokprov@example.se")
    for name, value in zip((*NAMES, *SIMULATOR), (*values, stack.bankid_url, stack.control_token), strict=True):
        monkeypatch.setenv(name, changed.get(name.removeprefix("PIC_SMOKE_"), value))
    # TLS has its tests (tests/smoke); the scan would only be repeated here.
    monkeypatch.setattr(tls, "faults_of", lambda *_, **__: [])


def test_the_whole_way_passes_and_leaves_nothing(
    deployed: tuple[Front, Stack, Seed], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the host, the queue functions, the stores, the vault and the simulator of BankID."""
    front, stack, seeded = deployed
    configure(monkeypatch, stack, seeded)
    status = main([front.url, "--ca", str(front.ca_file)])
    said = capsys.readouterr().out
    assert status == 0, said
    assert said.splitlines()[-1] == "ok send and open"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"PASSWORD": "wrong password, long enough"}, "POST gave 401"),
        ({"PERSON": "191212121212"}, ""),
        ({"PERSON": "1912121212"}, "POST gave"),
    ],
)
def test_what_does_not_work_is_said(
    deployed: tuple[Front, Stack, Seed],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str],
    word: str,
) -> None:
    """A wrong password, a number that is none; any test person will do."""
    front, stack, seeded = deployed
    configure(monkeypatch, stack, seeded, **changed)
    status = main([front.url, "--ca", str(front.ca_file)])
    said = capsys.readouterr().out
    assert status == (1 if word else 0), said
    assert word in said
    assert "Traceback" not in said
