"""Bicep templates as values: files, their declarations, and what their objects hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"

_PARSER = Parser(Language(tree_sitter_bicep.language()))

Templates = Mapping[str, str]
"""The text of each template, by its path below ``infra``."""


class Code(str):
    """What is no literal: an expression, as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource or a module. ``kind`` is its type, or the path of its file; ``body`` what it holds."""

    file: str
    symbol: str
    kind: str
    version: str
    node: Node
    body: Mapping[str, Any]
    is_existing: bool

    def at(self, path: str) -> Any:
        """What stands at a path of names with dots between them; None where nothing does."""
        value: Any = self.body
        for name in path.split("."):
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
        return value


def read_templates() -> dict[str, str]:
    """All templates as they are."""
    found = {path.relative_to(INFRA).as_posix(): path.read_text(encoding="utf-8") for path in INFRA.rglob("*.bicep")}
    assert len(found) > 15
    return found


@lru_cache(maxsize=256)
def tree(text: str) -> Node:
    """The root of a text's syntax tree."""
    return _PARSER.parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def text_of(node: Node) -> str:
    """As it is written."""
    return (node.text or b"").decode()


def literal(node: Node) -> str | None:
    """A string without interpolation, else None."""
    if node.type == "string" and not any(child.type == "interpolation" for child in node.named_children):
        return "".join(text_of(child) for child in node.named_children)
    return None


def fields(node: Node) -> dict[str, Node]:
    """Name and value of each property of an object."""
    found = {}
    for pair in node.named_children:
        parts = [part for part in pair.named_children if part.type != "comment"]
        if pair.type == "object_property" and len(parts) == 2:
            key, value = parts
            name = literal(key) if key.type == "string" else text_of(key)
            found[text_of(key) if name is None else name] = value
    return found


def value(node: Node) -> Any:
    """The literal value of a node; ``Code`` where it is none."""
    match node.type:
        case "object":
            return {name: value(inner) for name, inner in fields(node).items()}
        case "array":
            return [value(inner) for inner in node.named_children if inner.type != "comment"]
        case "boolean":
            return text_of(node) == "true"
        case "number":
            return int(text_of(node))
        case "string":
            plain = literal(node)
            return Code(text_of(node)) if plain is None else plain
        case _:
            return Code(text_of(node))


def body_of(node: Node) -> Node:
    """The object of a declaration, behind its loop and its condition."""
    inner = node.named_children[-1]
    while inner.type != "object":
        inner = inner.named_children[-1]
    return inner


def declared(templates: Templates) -> list[Declared]:
    """Every resource and module, nested ones with their full type."""
    return [each for file, text in sorted(templates.items()) for each in _of_file(file, text)]


@lru_cache(maxsize=512)
def _of_file(file: str, text: str) -> tuple[Declared, ...]:
    return tuple(_declared(file, tree(text), "", ""))


def _declared(file: str, node: Node, parent: str, version: str) -> Iterator[Declared]:
    for child in node.named_children:
        if child.type not in {"resource_declaration", "module_declaration"}:
            yield from _declared(file, child, parent, version)
            continue
        kind, _, own = (literal(next(part for part in child.named_children if part.type == "string")) or "").partition(
            "@"
        )
        if parent and "." not in kind:
            kind, own = f"{parent}/{kind}", own or version
        body = body_of(child)
        yield Declared(
            file=file,
            symbol=text_of(child.named_children[0]),
            kind=kind,
            version=own,
            node=body,
            body=value(body),
            is_existing=any(part.type == "existing" or part.text == b"existing" for part in child.children),
        )
        if child.type == "resource_declaration":
            yield from _declared(file, body, kind, own)


def resources(templates: Templates, kind: str | None = None) -> list[Declared]:
    """The resources that are made, of one type or of all."""
    return [
        each
        for each in declared(templates)
        if each.kind.startswith("Microsoft.") and not each.is_existing and kind in {None, each.kind}
    ]


def modules(templates: Templates, path: str | None = None) -> list[Declared]:
    """The modules, of one file or of all."""
    return [each for each in declared(templates) if each.kind.endswith(".bicep") and path in {None, each.kind}]


def variables(templates: Templates, file: str) -> dict[str, Any]:
    """The variables of one file."""
    return {
        text_of(node.named_children[0]): value(node.named_children[-1])
        for node in tree(templates[file]).named_children
        if node.type == "variable_declaration"
    }


def parameters(templates: Templates, file: str) -> dict[str, Node | None]:
    """The parameters of one file with their defaults."""
    found: dict[str, Node | None] = {}
    for node in tree(templates[file]).named_children:
        if node.type == "parameter_declaration":
            name, *rest = node.named_children
            found[text_of(name)] = rest[-1] if len(rest) > 1 else None
    return found


def one(templates: Templates, kind: str) -> Declared:
    """The only resource of a type."""
    (found,) = resources(templates, kind)
    return found


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The properties of an item by its name."""
    return next((item["properties"] for item in items if item["name"] == name), {})
