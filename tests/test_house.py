"""How the code is laid out: one name for one thing, and every import under the name that the module has."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.sources import tree_of

TOP = Path(__file__).parents[1]
PRODUCT = ("changeflow", "flows")
EVERYTHING = (*PRODUCT, "tests", "bench", "chaos", "disclosure")


CLASS = re.compile(r"^class ([A-Za-z]\w*)", re.MULTILINE)
RENAMED = re.compile(r"\bas \w+[\s,)]*(?:#.*)?$", re.MULTILINE)
"""What ends a line where something is renamed on import: most files have none, and are not parsed for it."""


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    for package in packages:
        yield from found_in(package)


@cache
def found_in(package: str) -> list[tuple[str, Path]]:
    paths = sorted((TOP / package).rglob("*.py"))
    names = (".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return list(zip(names, paths, strict=True))


def test_no_two_public_classes_share_a_name():
    where: dict[str, list[str]] = defaultdict(list)
    for module, path in modules(*PRODUCT):
        for name in CLASS.findall(path.read_text(encoding="utf-8")):
            where[name].append(module)
    assert len(where) > 500
    assert {name: found for name, found in where.items() if len(found) > 1} == {}


def test_no_module_is_renamed_on_import():
    known = {name for name, _ in modules(*EVERYTHING)}
    renamed = []
    for module, path in modules(*EVERYTHING):
        if not RENAMED.search(path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom):
                names = [(f"{node.module}.{a.name}", a.asname) for a in node.names]
            elif isinstance(node, ast.Import):
                names = [(a.name, a.asname) for a in node.names]
            else:
                continue
            renamed += [f"{module}: {full} as {asname}" for full, asname in names if asname and full in known]
    assert renamed == []


LONGEST_FUNCTION = 60
MOST_METHODS = 15
"""Of a class, public and private; tables and models are lists of fields."""
LONGER_CLASSES = {
    # What everything above asks of one programme, and of one set of calendars.
    "Programme": "changeflow.programme.programme",
    "Calendars": "changeflow.programme.assembly.calendars",
    # The door to scores and its tests: one state that nothing else may touch.
    "_Door": "changeflow.adkar.publishing",
    "_Test": "changeflow.adkar.safety",
}


def test_no_function_is_longer_than_a_screen():
    long = []
    for module, path in modules("changeflow"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                long += [f"{module}.{node.name}: {lines}"] if lines > LONGEST_FUNCTION else []
    assert long == []


def test_no_class_has_more_methods_than_one_can_keep_in_mind():
    large = []
    for module, path in modules("changeflow"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ClassDef) or module.startswith("changeflow.storage.tables"):
                continue
            methods = sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)
            is_known = module.startswith(LONGER_CLASSES.get(node.name, "-")) or "Frozen" in map(ast.unparse, node.bases)
            large += [f"{module}.{node.name}: {methods}"] if methods > MOST_METHODS and not is_known else []
    assert large == []
