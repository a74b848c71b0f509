"""The portal's pages for passwords, run as they are in Node with a stand-in for the browser around them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.portal_sources import WEB, names

SCENARIOS = Path(__file__).parent / "passwords.mjs"


def run(folder: Path, *chosen: str) -> str:
    """What Node says. An assertion that fails is this one's."""
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: see make setup"
    done = subprocess.run([node, SCENARIOS, folder, *chosen], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


ALL: list[str] = json.loads(run(WEB))


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portal's modules, where Node takes them for what browsers do."""
    folder = tmp_path_factory.mktemp("portal")
    for name in names(".js"):
        shutil.copy(WEB / name, folder / name)
    (folder / "package.json").write_text('{"type": "module"}', encoding="ascii")
    return folder


@pytest.mark.parametrize("scenario", ALL)
def test_the_page_does_what_it_should(modules: Path, scenario: str) -> None:
    """Each scenario is a sentence that says it."""
    run(modules, scenario)


def test_a_scenario_can_fail(modules: Path, tmp_path: Path) -> None:
    """A page that leaves the token in the address is found out."""
    broken = shutil.copytree(modules, tmp_path / "broken")
    page = broken / "choose_password.js"
    page.write_text(page.read_text(encoding="utf-8").replace("if (token) history", "if (!token) history"), "utf-8")
    with pytest.raises(AssertionError, match="the token leaves the address"):
        run(broken, "the token leaves the address at once and goes with the password")
