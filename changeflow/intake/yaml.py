"""Read YAML with the position of every key and value; refuse duplicate keys and aliases that unfold to too much."""

import gc
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from changeflow.intake.opening import read_text
from changeflow.intake.yaml_nodes import (
    INT,
    MAX_DEPTH,
    MAX_NODES,
    TIMESTAMP,
    TOO_MANY,
    Composed,
    Construct,
    Node,
    SyntaxMistakeError,
    TooBigError,
    TooDeepError,
    compose_by_libyaml,
)
from changeflow.values.limits import is_supported, no_day, out_of_range
from changeflow.values.problem import Problem

MAX_BYTES = 2_000_000
"""The largest file. A programme's file has tens of kilobytes; one with twenty thousand tasks has one and a half
megabytes."""
MAX_UNFOLDED = 100_000
"""The most keys and values that aliases may repeat: a few malicious lines could make billions."""
MAX_SCALAR = 100_000
"""The most characters of one value or one line: longer ones are slow to read."""
_DIGITS = 18
_CORE = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")

Path_ = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, and where each part of it was written."""

    file: str
    data: Any = None
    text: str = ""
    values: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    wrong: list[Path_] = field(default_factory=list)
    """The places of values that could not be read, in a document that is read in part."""
    lost: list[str] = field(default_factory=list)
    """The words of what was not read, such as the second of two equal keys."""

    def position(self, path: Path_, *, on_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at `path`, or of its nearest parent that is written."""
        tables = (self.keys, self.values) if on_key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            for table in tables:
                if (found := table.get(path[:length])) is not None:
                    return found
        return 1, 1

    def rename(self, path: Path_, name: str) -> None:
        """Rename the key at `path`, as if it had been written with the new name."""
        parent = self.data
        for part in path[:-1]:
            parent = parent[part]
        parent[name] = parent.pop(path[-1])
        for table in (self.keys, self.values):
            below = [p for p in table if p[: len(path)] == path]
            table.update({(*path[:-1], name, *p[len(path) :]): table.pop(p) for p in below})

    def leave_out(self, wrong: Iterable[Path_]) -> Iterator[str]:
        """Remove parts, as if they had not been written; yield their words. Later items of a list move up."""
        gone = {path for path in set(wrong) if path and (path in self.values or path in self.keys)}
        gone = {path for path in gone if not any(path[:n] in gone for n in range(1, len(path)))}
        shifts: dict[Path_, list[int]] = {}
        # Remove the last item of a list first, so that the other places stay valid.
        for path in sorted(gone, key=lambda p: p[-1] if isinstance(p[-1], int) else 0, reverse=True):
            parent = self._at(path[:-1])
            yield from words_of(path[-1] if isinstance(parent, dict) else "", parent[path[-1]])
            if isinstance(parent, list):
                shifts.setdefault(path[:-1], []).insert(0, int(path[-1]))
            del parent[path[-1]]
        for table in (self.keys, self.values):
            moved = {new: place for path, place in table.items() if (new := _moved(path, gone, shifts)) is not None}
            table.clear()
            table.update(moved)

    def put(self, path: Path_, value: object) -> None:
        """Set the key at `path`, as if it had been written at the beginning of its parent."""
        self._at(path[:-1])[path[-1]] = value
        self.keys[path] = self.values[path] = self.values[path[:-1]]

    def _at(self, path: Path_) -> Any:  # noqa: ANN401
        found = self.data
        for part in path:
            found = found[part]
        return found

    def problem(self, path: Path_, what: str, remedy: str = "", *, on_key: bool = False) -> Problem:
        line, column = self.position(path, on_key=on_key)
        return Problem(file=self.file, line=line, column=column, what=what, remedy=remedy)


def _moved(path: Path_, gone: Collection[Path_], shifts: Mapping[Path_, Sequence[int]]) -> Path_ | None:
    """Return where a path is after the parts `gone` are removed; None if it was within one of them."""
    out: list[str | int] = []
    for n, part in enumerate(path):
        if path[: n + 1] in gone:
            return None
        out.append(part - bisect_left(shifts.get(path[:n], ()), part) if isinstance(part, int) else part)
    return tuple(out)


def words_of(*values: object) -> Iterator[str]:
    """Yield every key and value in some data, as text."""
    for value in values:
        if isinstance(value, dict):
            yield from words_of(*value, *value.values())
        elif isinstance(value, list):
            yield from words_of(*value)
        elif value is not None:
            yield str(value)


def compose(text: str, *, reader: Callable[[str], Any] | None = None) -> Composed:
    """Compose the one document of a text; return its node, if any, and a function that makes values of its scalars.

    Mistakes are raised as `SyntaxMistakeError` or `TooBigError`. On some broken files ruamel.yaml itself fails, with
    errors such as `ValueError` or `LookupError`.
    """
    found = compose_by_libyaml(text, reader=reader)
    if found is not None:
        return found
    # Imported here because few files need it.
    from changeflow.intake.yaml_by_ruamel import compose_by_ruamel

    return compose_by_ruamel(text)


def read_yaml(path: Path, shown: str, problems: list[Problem], *, inside: Path | None = None) -> Document | None:
    """Read one YAML file; add mistakes to `problems`, and then return None."""
    text = read_text(path, shown, problems, most=MAX_BYTES, inside=inside)
    return None if text is None else parse_yaml(text, shown, problems)


def parse_yaml(
    text: str,
    shown: str,
    problems: list[Problem],
    *,
    composed_by: Callable[[str], Composed] = compose,
    in_part: bool = False,
) -> Document | None:
    """Parse the YAML text of the file `shown`: one document, a mapping, with plain values.

    `in_part` also returns a document that has some mistakes: see `Document.wrong`.
    """
    if (line := next((n for n, each in enumerate(text.split("\n"), 1) if len(each) > MAX_SCALAR), 0)) > 0:
        what = f"The line has more than {MAX_SCALAR:,} characters."
        problems.append(Problem(file=shown, line=line, what=what, remedy="Write it shorter, or on several lines."))
        return None
    if text.count(",") + text.count("\n") > MAX_NODES:
        problems.append(Problem(file=shown, what=TOO_MANY[0], remedy=TOO_MANY[1]))
        return None
    document = Document(shown, text=text)
    try:
        with _collector_paused():
            node, construct = composed_by(text)
            if node is not None:
                builder = _Builder(document, construct)
                document.data = builder.build(node, ())
                problems += builder.problems
                if builder.problems and not in_part:
                    return None
    except TooBigError as error:
        what, remedy = error.args
        problems.append(Problem(file=shown, what=what, remedy=remedy))
        return None
    except SyntaxMistakeError as error:
        problems.append(_syntax_problem(error, shown))
        return None
    except (RecursionError, ValueError, ArithmeticError, LookupError, AttributeError, AssertionError, TypeError):
        # The library itself fails on some broken files.
        problems.append(
            Problem(file=shown, what="This is not valid YAML.", remedy="Check the file against an example.")
        )
        return None
    if not isinstance(document.data, dict):
        if document.wrong:
            return None
        if node is None or document.data is None:
            what, remedy = "The file is empty.", "It needs `key: value` lines."
        else:
            form = "a list" if isinstance(document.data, list) else "plain text"
            what, remedy = f"The file is {form}.", "It needs `key: value` lines instead."
        problems.append(Problem(file=shown, what=what, remedy=remedy))
        return None
    return document


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause garbage collection: searching everything that was read, again and again, takes longer than reading it."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _syntax_problem(error: SyntaxMistakeError, shown: str) -> Problem:
    what = error.what
    if isinstance(error, TooDeepError):
        what, remedy = f"It is nested more than {MAX_DEPTH} levels deep.", "Write it flatter."
    elif "another document" in what:
        what, remedy = "A second document begins here.", "Put it into a file of its own."
    else:
        what = "the file ends in the middle of a value" if "<stream end>" in what else what
        what, remedy = f"This is not valid YAML: {what}.", "Check the indentation and the colons around this line."
    return Problem(file=shown, line=error.line, column=error.column, what=what, remedy=remedy)


def _scalars(node: Node) -> Iterator[str]:
    """Yield the scalars in a node, each once."""
    seen, waiting = set[int](), [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.id == "scalar":
            yield str(one.value)
        else:
            waiting += [part for each in one.value for part in (each if one.id == "mapping" else (each,))]


class _Builder:
    def __init__(self, document: Document, construct: Construct) -> None:
        self.document = document
        self.construct = construct
        self.problems: list[Problem] = []
        self.built: set[int] = set()
        self.repeated = 0
        """Nodes that an alias has built again."""

    def build(self, node: Node, path: Path_) -> Any:  # noqa: ANN401
        if id(node) in self.built:
            self.repeated += 1
            if self.repeated > MAX_UNFOLDED or len(path) > MAX_DEPTH:
                raise TooBigError("Its aliases unfold to too much.", "Write the values out.")
        self.built.add(id(node))
        self.document.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if str(node.tag) not in _CORE:
            return self._add(
                node, path, f"The tag '{node.tag}' is not read.", "Write plain text, numbers, dates and lists."
            )
        if node.id == "mapping":
            return self._mapping(node, path)
        if node.id == "sequence":
            return [self.build(child, (*path, n)) for n, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: Node, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in node.value:
            if key.id != "scalar":
                self._report(key, "A key is a list or a mapping.", "Use a word.")
                continue
            name = str(key.value)
            here = (*path, name)
            if name in out:
                first = self.document.keys[here]
                self._report(key, f"'{name}' is written twice, first on line {first[0]}.", "Keep one of them.")
                self.document.lost += [name, *_scalars(value)]
                continue
            if control := _CONTROL.search(name):
                self._add(key, here, f"A key contains the control character U+{ord(control[0]):04X}.", "Remove it.")
            self.document.keys[here] = (key.start_mark.line + 1, key.start_mark.column + 1)
            out[name] = self.build(value, here)
        return out

    def _scalar(self, node: Node, path: Path_) -> Any:  # noqa: ANN401
        tag, text = str(node.tag), str(node.value)
        if len(text) > MAX_SCALAR:
            return self._add(node, path, f"The value has more than {MAX_SCALAR:,} characters.", "Write it shorter.")
        if tag == INT and len(text) > _DIGITS:
            return self._add(node, path, f"'{text[:60]}' is too large.", f"Use at most {_DIGITS} digits.")
        try:
            value = self.construct(node)
        except (ValueError, ArithmeticError, LookupError, TypeError):
            if tag == TIMESTAMP:
                return self._add(node, path, *no_day(text))
            return self._add(node, path, f"'{text[:60]}' cannot be read.", "Put text in quotation marks.")
        if isinstance(value, str) and (control := _CONTROL.search(value)):
            return self._add(
                node, path, f"The text contains the control character U+{ord(control[0]):04X}.", "Remove it."
            )
        if isinstance(value, date) and not is_supported(value):
            what, _, remedy = out_of_range(text[:60]).partition(". ")
            return self._add(node, path, f"{what}.", f"{remedy}.")
        if isinstance(value, float) and not math.isfinite(value):
            return self._add(node, path, f"'{text[:60]}' is not a finite number.", "Write one in digits, such as 0.5.")
        return value

    def _add(self, node: Node, path: Path_, what: str, remedy: str) -> None:
        self.document.wrong.append(path)
        self._report(node, what, remedy)

    def _report(self, node: Node, what: str, remedy: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.problems.append(Problem(file=self.document.file, line=line, column=column, what=what, remedy=remedy))
