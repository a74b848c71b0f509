"""What a compiler says of names: everything that is used is declared, everything declared is used, modules fit."""

import re
from pathlib import PurePosixPath

from tree_sitter import Node

from tests.infra.bicep_tree import Templates, body_of, fields, modules, parameters, text_of, tree, walk

FUNCTIONS = {
    *("cidrSubnet", "concat", "environment", "guid", "loadTextContent", "resourceGroup", "resourceId", "split"),
    *("string", "subscription", "subscriptionResourceId", "substring", "tenant", "toLower", "union", "uniqueString"),
}
"""Those of Bicep that the templates may call."""

DECLARATIONS = {
    "parameter_declaration",
    "variable_declaration",
    "resource_declaration",
    "module_declaration",
    "output_declaration",
}
_LATE = re.compile(r"\.(outputs|properties)\b")
_NAMES = {"object_property", *DECLARATIONS}


def syntax_faults(templates: Templates) -> list[str]:
    """What does not parse."""
    return [
        f"{file}:{node.start_point[0] + 1}: syntax"
        for file, text in templates.items()
        for node in walk(tree(text))
        if node.type == "ERROR" or node.is_missing
    ]


def symbol_faults(templates: Templates) -> list[str]:
    """Names that are not declared or not used, and modules that do not fit their files."""
    faults = []
    for file, text in templates.items():
        root = tree(text)
        declared_here, used = _declared(root), _used(root)
        faults += [f"{file}: {name} is not declared" for name in sorted(used - declared_here - FUNCTIONS)]
        needed = _declared(root, {"parameter_declaration", "variable_declaration"})
        faults += [f"{file}: {name} is not used" for name in sorted(needed - used)]
    return faults + _module_faults(templates)


def _declared(root: Node, kinds: set[str] = DECLARATIONS - {"output_declaration"}) -> set[str]:
    names = {text_of(node.named_children[0]) for node in walk(root) if node.type in kinds}
    if kinds >= {"resource_declaration"}:
        for node in walk(root):
            if node.type in {"loop_variable", "loop_enumerator"}:
                names.add(text_of(node))
            elif node.type == "for_statement" and node.named_children[0].type == "identifier":
                names.add(text_of(node.named_children[0]))
    return names


def _used(root: Node) -> set[str]:
    """Identifiers that stand for something declared elsewhere."""
    names = set()
    for node in walk(root):
        parent = node.parent
        if node.type != "identifier" or parent is None:
            continue
        is_name = parent.type in _NAMES and parent.named_children[0] == node
        is_loop = parent.type == "for_statement" and parent.named_children[0] == node
        is_decorator = parent.parent is not None and parent.parent.type == "decorator"
        is_nested = parent.type == "nested_identifier" or (
            parent.type in {"member_expression", "resource_expression"} and parent.named_children[0] != node
        )
        if not (is_name or is_loop or is_decorator or is_nested):
            names.add(text_of(node))
    return names


def start_faults(templates: Templates) -> list[str]:
    """What must be known when a deployment starts, and is not: loops, conditions and names (BCP178, BCP177, BCP120)."""
    faults = []
    for file, text in templates.items():
        root = tree(text)
        late = _late_variables(root)
        for node in walk(root):
            early = _early_parts(node)
            faults += [
                f"{file}:{part.start_point[0] + 1}: {text_of(part)} is known too late"
                for part in early
                if _LATE.search(text_of(part))
                or late & {text_of(each) for each in walk(part) if each.type == "identifier"}
            ]
    return faults


def _late_variables(root: Node) -> set[str]:
    """Variables that depend on what a resource or a module tells."""
    texts = {
        text_of(node.named_children[0]): text_of(node.named_children[-1])
        for node in walk(root)
        if node.type == "variable_declaration"
    }
    late = {name for name, text in texts.items() if _LATE.search(text)}
    while True:
        more = {name for name, text in texts.items() if late & set(re.findall(r"\w+", text))}
        if more <= late:
            return late
        late |= more


def _early_parts(node: Node) -> list[Node]:
    match node.type:
        case "for_statement":
            return [node.named_children[1]]
        case "if_statement":
            return [node.named_children[0]]
        case "resource_declaration" | "module_declaration":
            body = fields(body_of(node))
            return [body[name] for name in ("name", "scope", "location") if name in body]
        case _:
            return []


def _module_faults(templates: Templates) -> list[str]:
    faults = []
    outputs = {
        file: {
            text_of(node.named_children[0]) for node in tree(text).named_children if node.type == "output_declaration"
        }
        for file, text in templates.items()
    }
    for module in modules(templates):
        path = str(PurePosixPath(module.file).parent / module.kind)
        if path not in templates:
            faults.append(f"{module.file}: {module.kind} does not exist")
            continue
        node = fields(module.node).get("params")
        given = set() if node is None else set(fields(node))
        wanted = parameters(templates, path)
        required = {name for name, default in wanted.items() if default is None}
        faults += [f"{module.file}: {module.symbol} gets no {name}" for name in sorted(required - given)]
        faults += [f"{module.file}: {module.symbol} knows no {name}" for name in sorted(given - set(wanted))]
        prefix = f"{module.symbol}.outputs."
        for used in walk(tree(templates[module.file])):
            if used.type == "member_expression" and text_of(used).startswith(prefix):
                name = text_of(used).removeprefix(prefix).partition(".")[0]
                faults += [] if name in outputs[path] else [f"{module.file}: {path} has no output {name}"]
    return faults
