"""Who deletes content: a handful of services that jobs and operators run, and nothing that answers a request."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

OF_THE_JOBS = {"shared/services/clearing.py", "shared/services/erasing.py"}
OF_OPERATORS = {"shared/services/replaying.py", "shared/services/moving/blobs.py"}


def deletions(path: Path) -> Iterator[int]:
    """Lines on which a blob is deleted: a call of ``delete`` on something that is called ``blobs``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == "delete" and ast.unparse(node.value).endswith("blobs"):
            yield node.lineno


def deleting(*folders: str) -> set[str]:
    """Our files that delete content."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix() for path in paths if any(deletions(path))}


def test_few_services_delete_content() -> None:
    """A further one would run in requests some day, where the store refuses it."""
    assert deleting("functions", "shared/services", "shared/operations") == OF_THE_JOBS | OF_OPERATORS


def test_requests_know_none_of_them() -> None:
    """The triggers of HTTP call no service of the jobs."""
    found = set()
    for path in (ROOT / "functions").glob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        if names & {"erasing", "clearing", "replaying", "sweep"}:
            found.add(path.name)
    assert found == {"jobs.py", "queue_messages.py"}
