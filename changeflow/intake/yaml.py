"""YAML with the position of every key and value, duplicate keys refused, and aliases kept small."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from changeflow.values.problem import Problem

MAX_BYTES = 2_000_000
"""A programme's file has some tens of kilobytes; ten megabytes are a mistake or an attack."""
MAX_NODES = 100_000
"""Counted after aliases are followed: an anchor bomb of a few lines would make billions."""

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, and where each part of it was written."""

    file: str
    data: Any = None
    values: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def position(self, path: Path_, *, on_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at `path`, or of its nearest parent that is written."""
        tables = (self.keys, self.values) if on_key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            for table in tables:
                if (found := table.get(path[:length])) is not None:
                    return found
        return 1, 1

    def problem(self, path: Path_, what: str, remedy: str = "", *, on_key: bool = False) -> Problem:
        line, column = self.position(path, on_key=on_key)
        return Problem(file=self.file, line=line, column=column, what=what, remedy=remedy)


class _TooBigError(Exception):
    pass


def read_text(path: Path, shown: str, problems: list[Problem]) -> str | None:
    """Read a text file as UTF-8 (a BOM is fine), or as Windows-1252 where it is not UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.append(Problem(file=shown, what=f"The file cannot be read: {error.strerror}."))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def read_yaml(path: Path, shown: str, problems: list[Problem]) -> Document | None:
    """Read one YAML file; what is wrong is added to `problems`, and then nothing is returned."""
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        size = f"{path.stat().st_size / 1e6:.0f} MB"
        problems.append(Problem(file=shown, what=f"The file has {size}.", remedy="At most 2 MB are read."))
        return None
    text = read_text(path, shown, problems)
    return None if text is None else parse_yaml(text, shown, problems)


def parse_yaml(text: str, shown: str, problems: list[Problem]) -> Document | None:
    """Parse YAML text of the file `shown`."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        document = Document(shown)
        if node is not None:
            builder = _Builder(document, yaml.constructor)
            document.data = builder.build(node, ())
            problems += builder.problems
            if builder.problems:
                return None
    except _TooBigError:
        problems.append(Problem(file=shown, what="Its aliases unfold to too much.", remedy="Write the values out."))
        return None
    except RecursionError:
        problems.append(Problem(file=shown, what="It is nested too deeply.", remedy="Write it flatter."))
        return None
    except YAMLError as error:
        problems.append(_syntax_problem(error, shown))
        return None
    if not isinstance(document.data, dict):
        problems.append(Problem(file=shown, what="The file is empty.", remedy="It should hold `key: value` lines."))
        return None
    return document


def _syntax_problem(error: YAMLError, shown: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or error).split("\n")[0]
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    remedy = "Check the indentation and the colons around this line."
    return Problem(file=shown, line=line, column=column, what=f"This is not YAML: {what}.", remedy=remedy)


class _Builder:
    def __init__(self, document: Document, constructor: SafeConstructor) -> None:
        self.document = document
        self.constructor = constructor
        self.problems: list[Problem] = []
        self.nodes = 0

    def build(self, node: Node, path: Path_) -> Any:  # noqa: ANN401
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _TooBigError
        self.document.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, n)) for n, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in self._pairs(node):
            name = str(key.value)
            here = (*path, name)
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            if name in out:
                first = self.document.keys[here]
                self.problems.append(
                    Problem(
                        file=self.document.file,
                        line=line,
                        column=column,
                        what=f"'{name}' is written twice, first in line {first[0]}.",
                        remedy="Keep one of them.",
                    )
                )
                continue
            self.document.keys[here] = (line, column)
            out[name] = self.build(value, here)
        return out

    def _pairs(self, node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key, value

    def _scalar(self, node: Node) -> Any:  # noqa: ANN401
        try:
            return self.constructor.construct_object(node)
        except (ValueError, YAMLError):
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
            what = (
                f"'{node.value}' is not a date that exists."
                if "timestamp" in str(node.tag)
                else f"'{node.value}' cannot be read."
            )
            self.problems.append(
                Problem(file=self.document.file, line=line, column=column, what=what, remedy="Write year-month-day.")
            )
            return None
