"""Function keys: made once, kept, and asked for."""

import json
from pathlib import Path

import pytest

from local.host.errors import HostError
from local.host.functions import Level
from local.host.keys import load_keys


def stored(folder: Path) -> dict[str, str]:
    document = json.loads((folder / "keys.json").read_text())
    return {
        "master": document["masterKey"],
        "host": document["functionKeys"]["default"],
        **{name: keys["default"] for name, keys in document["functions"].items()},
    }


def test_keys_are_kept_and_those_of_new_functions_added(tmp_path: Path) -> None:
    """A developer's curl line works again after a restart."""
    load_keys(tmp_path, ["one"])
    first = stored(tmp_path)
    load_keys(tmp_path, ["one", "two"])
    second = stored(tmp_path)

    assert {"master", "host", "one"} == first.keys()
    assert first.items() <= second.items()
    assert len(set(second.values())) == 4


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    """Also when somebody loosened the file in between."""
    load_keys(tmp_path / "deep" / "er", ["one"])
    path = tmp_path / "deep" / "er" / "keys.json"
    path.chmod(0o644)
    load_keys(tmp_path / "deep" / "er", ["one"])

    assert path.stat().st_mode & 0o777 == 0o600


LEVELS = [
    (Level.ANONYMOUS, {"master", "host", "one", "two", "wrong", None}),
    (Level.FUNCTION, {"master", "host", "one"}),
    (Level.ADMIN, {"master"}),
]


@pytest.mark.parametrize(("level", "opening"), LEVELS)
def test_a_level_opens_for_its_keys_alone(tmp_path: Path, level: Level, opening: set[str | None]) -> None:
    """Core Tools would let everything pass locally; here a forgotten level shows before it is deployed."""
    ring = load_keys(tmp_path, ["one", "two"])
    keys: list[tuple[str | None, str | None]] = [*stored(tmp_path).items(), ("wrong", "x" * 54), (None, None)]

    assert opening == {name for name, key in keys if ring.admits(level, "one", key)}
    assert {"master"} == {name for name, key in keys if ring.is_master(key)}


@pytest.mark.parametrize("content", ["{", "[]", '{"functions": {"one": {}}}'])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: str) -> None:
    """Making new ones in its place would lock its owner out without a word."""
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(HostError, match="not a key file"):
        load_keys(tmp_path, ["one"])
