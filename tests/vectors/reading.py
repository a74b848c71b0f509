"""Reading the committed vectors: cases by group, and the sealed bytes that a case is made of."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

DIRECTORY = Path(__file__).parent / "pic-v1"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"


@dataclass(frozen=True, slots=True)
class Case:
    """One case. The accessors raise ``AssertionError`` when a vector has no such value."""

    members: dict[str, Json]

    def text(self, name: str) -> str:
        value = self.members[name]
        assert isinstance(value, str)
        return value

    def whole(self, name: str) -> int:
        value = self.members[name]
        assert isinstance(value, int)
        return value

    def raw(self, name: str) -> bytes:
        return bytes.fromhex(self.text(name))

    def nested(self, name: str) -> "Case":
        value = self.members[name]
        assert isinstance(value, dict)
        return Case(value)

    def pieces(self, name: str) -> bytes:
        return spliced(self.members[name])

    def many_pieces(self, name: str) -> list[bytes]:
        value = self.members[name]
        assert isinstance(value, list)
        return [spliced(item) for item in value]

    @property
    def is_ok(self) -> bool:
        return self.text("expect") == "ok"


def cases(group: str) -> list[Case]:
    """The cases of ``pic-v1/<group>.json``."""
    found = json.loads((DIRECTORY / f"{group}.json").read_text())
    return [Case(members) for members in found]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listed() -> dict[str, Case]:
    """What ``cases.json`` says of every group."""
    return {group: Case(members) for group, members in json.loads((DIRECTORY / "cases.json").read_text()).items()}


@cache
def bases() -> dict[str, bytes]:
    found = json.loads((DIRECTORY / "bases.json").read_text())
    return {name: base64.urlsafe_b64decode(text + "==") for name, text in found.items()}


def spliced(pieces: Json) -> bytes:
    """The bytes that ``[[base, from, to], hexadecimal, ...]`` stands for."""
    assert isinstance(pieces, list)
    sealed = b""
    for piece in pieces:
        if isinstance(piece, str):
            sealed += bytes.fromhex(piece)
            continue
        match piece:
            case [str(base), int(start), int(end)]:
                sealed += bases()[base][start:end]
            case _:
                raise AssertionError(piece)
    return sealed
