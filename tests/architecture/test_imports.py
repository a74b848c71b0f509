"""Who may import whom, and what the app has loaded when it has started."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CONTRACTS = {
    "layers point one way",
    "the core knows no vendor, no web framework",
    "only crypto calls cryptography",
    "only a move lists what a store holds",
    "nothing that serves requests moves a deployment",
    "functions knows no adapter",
    "adapters know the domain alone",
}


def test_imports_point_one_way(tmp_path: Path) -> None:
    """The contracts of import-linter, which also sees imports inside functions; none of them may go missing."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert {contract["name"] for contract in configured["contracts"]} == CONTRACTS
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


VENDORS = (
    *("azure.storage", "azure.cosmos", "azure.data", "azure.keyvault", "azure.identity", "azure.core"),
    *("msal", "aiohttp", "httpx", "argon2", "zxcvbn", "smtplib", "shared.adapters", "local", "tests"),
)

PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import function_app
print(json.dumps(sorted(sys.modules)))
"""


def test_starting_the_app_loads_no_adapter() -> None:
    """A cold start is import time: vendors come with the first request that needs them, through the container alone."""
    settings = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ROOT], env=settings, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert "functions.api" in loaded
    assert [name for name in loaded if any(name == v or name.startswith(f"{v}.") for v in VENDORS)] == []
