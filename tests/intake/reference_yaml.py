"""What ruamel.yaml makes of a YAML text, written down apart from the product: an oracle for what composes faster."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

Row = tuple[str, str, int, int, object]
"""Kind, tag, line and column from 0, and what is in it: a value, a number of parts, or the number of an earlier row."""
OF_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")}


def reference_rows(text: str) -> list[Row] | None:
    """Return every node in the order in which it is written; None where ruamel.yaml refuses the text."""
    reader = YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False
    try:
        node = reader.compose(text)
    except (YAMLError, ValueError, LookupError, AttributeError, AssertionError, TypeError):
        return None
    return rows_of(node, reader.constructor.construct_object)


def rows_of(node: Any, construct: Any) -> list[Row]:
    """Write down a tree of nodes, of whichever reader; a node that an alias repeats is written once."""
    rows: list[Row] = []
    seen: dict[int, int] = {}
    waiting = [node] if node is not None else []
    while waiting:
        node = waiting.pop()
        kind, tag, mark = node.id, str(node.tag), node.start_mark
        if id(node) in seen:
            rows.append(("alias", tag, mark.line, mark.column, seen[id(node)]))
            continue
        seen[id(node)] = len(rows)
        parts = list(node.value)
        if kind == "scalar":
            rows.append((kind, tag, mark.line, mark.column, _value(node, tag, construct)))
            continue
        if kind == "mapping":
            parts = [part for pair in parts for part in pair]
        rows.append((kind, tag, mark.line, mark.column, len(parts)))
        waiting += reversed(parts)
    return rows


def _value(node: Any, tag: str, construct: Any) -> str:
    """Return the text of a scalar and, where it has one, its value with its type: 1, 1.0, True and '1' differ."""
    if tag not in OF_SCALARS or len(node.value) > 1000:
        return node.value
    try:
        value = construct(node)
    except (ValueError, ArithmeticError, LookupError, TypeError, YAMLError):
        return f"{node.value!r}: none"
    return f"{node.value!r}: {value!r}"
