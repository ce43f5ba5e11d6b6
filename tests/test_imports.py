"""Modules do not import each other in circles, wherever in a file the import is written."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from tests.sources import tree_of

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ("changeflow", "flows")


def modules() -> dict[str, Path]:
    """Return every module's file by its name; a package's is its `__init__`."""
    found = {}
    for package in PACKAGES:
        for path in sorted((TOP / package).rglob("*.py")):
            parts = path.relative_to(TOP).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that are run: those that only type checkers read are left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from imports(other)
        else:
            yield from imports(node)


def names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ...]]:
    """Yield what each part of an import may mean: a module, or a name in one."""
    if isinstance(node, ast.Import):
        yield from ((alias.name,) for alias in node.names)
    elif node.module is not None and node.level == 0:
        yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def graph_of(files: dict[str, Path]) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(files)
    for module, path in files.items():
        for node in imports(tree_of(path)):
            for meanings in names(node):
                imported = next((m for m in meanings if m in files), None)
                if imported is not None and imported != module:
                    graph.add_edge(module, imported)
    return graph


def circles(files: dict[str, Path]) -> list[list[str]]:
    return [sorted(found) for found in nx.strongly_connected_components(graph_of(files)) if len(found) > 1]


def test_no_modules_import_each_other_in_a_circle():
    assert circles(modules()) == []


def test_a_circle_is_found_also_through_an_import_within_a_function(tmp_path: Path):
    texts = {
        "one": "from two import x\n",
        "two": "def later():\n    import three\n",
        "three": "if True:\n    import one\n",
        "apart": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import aside\n",
        "aside": "import apart\n",
    }
    files = {}
    for name, text in texts.items():
        files[name] = tmp_path / f"{name}.py"
        files[name].write_text(text)
    assert circles(files) == [["one", "three", "two"]]
