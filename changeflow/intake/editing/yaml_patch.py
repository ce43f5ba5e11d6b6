"""Change one value of a YAML text, and keep all other lines as they are.

Each change is checked: the new text is read again, and must differ from the old one in that value alone. So a text in
an unusual style is changed correctly or not at all.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.yaml_tree import TextPart, parts_of
from changeflow.intake.yaml import Path_, parse_yaml
from changeflow.intake.yaml_nodes import STR, tag_of
from changeflow.values.problem import Problem

_PLAIN = re.compile(r"[A-Za-z0-9_£][\w £().'’/+%&;-]*[\w).%]|[A-Za-z0-9_]")
"""Texts that need no quotation marks, even within brackets, unless they look like a number or a date."""
_REST = re.compile(r"[ \t]*,?[ \t]*(#.*)?\r?\n?")
"""What may follow an item in brackets that has a line of its own."""
MISSING = object()
"""No value is written there."""


def data_of(text: str, file: str) -> dict[str, Any]:
    """Return the plain data of a YAML text; raise `EditRefusedError` if it cannot be read. Do not change it."""
    found = _data(text)
    if found is None:
        raise EditRefusedError(f"{file} cannot be read.")
    return found


@lru_cache(maxsize=256)
def _data(text: str) -> dict[str, Any] | None:
    problems: list[Problem] = []
    document = parse_yaml(text, "", problems)
    return document.data if document is not None and not problems else None


def value_at(data: Any, path: Path_) -> Any:  # noqa: ANN401
    """Return the value at a path, or `MISSING`."""
    try:
        for part in path:
            data = data[part]
    except (LookupError, TypeError):
        return MISSING
    return data


def set_value(text: str, path: Path_, value: object, *, file: str) -> str:
    """Write a value at a path. A missing key becomes the last of its mapping, and missing mappings are added."""
    data, value = data_of(text, file), _plain(value)
    if value_at(data, path) == value:
        return text
    missing = next((n for n in range(1, len(path)) if value_at(data, path[:n]) in (MISSING, None)), None)
    if missing is not None:
        for part in reversed(path[missing:]):
            value = {part: value}
        path = path[:missing]

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path[:-1])[path[-1]] = value

    def splice(text: str) -> str:
        return _Patch(text, file).set(path, value)

    return _checked(text, path, expect, splice, file=file)


def remove(text: str, path: Path_, *, file: str) -> str:
    """Remove the key or list item at a path; a comment above it stays."""

    def expect(data: Any) -> None:  # noqa: ANN401
        del value_at(data, path[:-1])[path[-1]]

    return _checked(text, path, expect, lambda text: _Patch(text, file).remove(path), file=file)


def append(text: str, path: Path_, item: object, *, file: str) -> str:
    """Add an item to the end of the list at a path."""
    data, item = data_of(text, file), _plain(item)
    if value_at(data, path) in (MISSING, None, []):
        return set_value(text, path, [item], file=file)

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path).append(item)

    return _checked(text, path, expect, lambda text: _Patch(text, file).append(path, item), file=file)


def insert(text: str, path: Path_, place: int, item: object, *, file: str) -> str:
    """Add an item to the list at a path, before the item at a place."""
    data, item = data_of(text, file), _plain(item)
    known = value_at(data, path)
    if not isinstance(known, list) or place >= len(known):
        return append(text, path, item, file=file)

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path).insert(place, item)

    return _checked(text, path, expect, lambda text: _Patch(text, file).insert(path, place, item), file=file)


def _plain(value: object) -> Any:  # noqa: ANN401
    """Return a value as reading its text gives it: lists for tuples, texts for words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(below) for below in value]
    return str(value) if isinstance(value, str) else value


def _checked(text: str, path: Path_, expect: Callable[[Any], None], splice: Callable[[str], str], *, file: str) -> str:
    """Splice a change into a text; if it would also change another place, first write out what the two share."""
    wanted = copy.deepcopy(data_of(text, file))
    try:
        expect(wanted)
    except (LookupError, TypeError, AttributeError):
        raise _refused(file) from None
    for attempt in (text, _unshared(text, path, file)):
        try:
            changed = splice(attempt)
        except _StyleError:
            continue
        if _data(changed) == wanted:
            return changed
    raise _refused(file)


def _refused(file: str) -> EditRefusedError:
    return EditRefusedError(
        f"This part of {file} is written in a way that cannot be changed without changing other lines. Change it in "
        "the file itself."
    )


class _StyleError(Exception):
    """A part is written in a way that the patch does not know."""


def _unshared(text: str, path: Path_, file: str) -> str:
    """Return the text with each alias of what is at a path, or above or within it, written out."""
    root = parts_of(text)
    if root is None:
        return text
    anchors, part = set[str](), root
    for step in path:
        anchors.add(part.anchor)
        found = _child(part, step)
        if found is None:
            break
        part = found
    anchors |= {below.anchor for below in part.below()}
    if part.kind == "alias":
        anchors.add(part.text)
    places = sorted(_aliases(root, ()), key=lambda at: at[1].start, reverse=True)
    data = data_of(text, file)
    for where, alias in places:
        if alias.text in anchors:
            text = f"{text[: alias.start]}{flow_text(value_at(data, where))}{text[alias.end :]}"
    return text


def _aliases(part: TextPart, path: Path_) -> list[tuple[Path_, TextPart]]:
    if part.kind == "alias":
        return [(path, part)]
    below: list[tuple[str | int, TextPart]] = [(key.text, value) for key, value in part.entries]
    below += enumerate(part.items)
    return [found for step, value in below for found in _aliases(value, (*path, step))]


def _child(part: TextPart, step: str | int) -> TextPart | None:
    if part.kind == "sequence":
        return part.items[int(step)] if isinstance(step, int) and step < len(part.items) else None
    return next((value for key, value in part.entries if key.text == step), None)


class _Patch:
    """One splice into a text."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        root = parts_of(text)
        if root is None:
            raise _StyleError
        self.root = root
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def set(self, path: Path_, value: object) -> str:
        parent = self._at(path[:-1])
        part = _child(parent, path[-1])
        if part is None:
            return self._add(parent, str(path[-1]), value)
        is_empty = part.start == part.end
        if is_empty and isinstance(value, Mapping) and parent.kind == "mapping" and not parent.is_flow:
            lines = _block_lines("", value, self._column(parent.entries[0][0].start))[1:]
            return self._line_after(part.end, self.newline.join(lines))
        gap = " " if is_empty and self.text[part.start - 1 : part.start] in (":", "-") else ""
        return self._splice(part.start, part.end, gap + flow_text(value))

    def append(self, path: Path_, item: object) -> str:
        part = self._at(path)
        if part.kind != "sequence" or not part.items:
            raise _StyleError
        last = part.items[-1]
        if part.is_flow:
            return self._splice(last.end, last.end, f", {flow_text(item)}")
        column = self._column(self._dash(part, len(part.items) - 1))
        return self._line_after(last.end, f"{' ' * column}- {flow_text(item)}")

    def insert(self, path: Path_, place: int, item: object) -> str:
        part = self._at(path)
        if part.kind != "sequence":
            raise _StyleError
        start = part.items[place].start
        if part.is_flow:
            return self._splice(start, start, f"{flow_text(item)}, ")
        dash = self._dash(part, place)
        line = f"{' ' * self._column(dash)}- {flow_text(item)}"
        if place:
            return self._line_after(part.items[place - 1].end, line)
        start = self._line_start(dash)
        if self.text[start:dash].strip():
            raise _StyleError
        return self._splice(start, start, f"{line}{self.newline}")

    def remove(self, path: Path_) -> str:
        parent, step = self._at(path[:-1]), path[-1]
        count = len(parent.entries) or len(parent.items)
        if parent.kind == "mapping":
            place = next((n for n, (key, _) in enumerate(parent.entries) if key.text == step), None)
            spans = [(key.start, value.end) for key, value in parent.entries]
        else:
            place, spans = int(step), [(item.start, item.end) for item in parent.items]
        if place is None or place >= count:
            raise _StyleError
        if count == 1:
            empty = "{}" if parent.kind == "mapping" else "[]"
            return self._emptied(parent, path[:-1], empty)
        if parent.is_flow:
            return self._out_of_flow(spans, place)
        if parent.kind == "sequence":
            spans = [(self._dash(parent, n), end) for n, (_, end) in enumerate(spans)]
        start, end = spans[place]
        before = self.text[self._line_start(start) : start]
        if before.strip():
            # The first of several, behind a dash: the next one takes its place.
            if place + 1 == count:
                raise _StyleError
            return self._splice(start, spans[place + 1][0], "")
        return self._splice(self._line_start(start), self._line_end(end), "")

    def _at(self, path: Path_) -> TextPart:
        part = self.root
        for step in path:
            found = _child(part, step)
            if found is None:
                raise _StyleError
            part = found
        return part

    def _add(self, parent: TextPart, key: str, value: object) -> str:
        if parent.kind != "mapping":
            raise _StyleError
        entry = f"{flow_text(key)}: {flow_text(value)}"
        if not parent.entries:
            if not parent.is_flow:
                raise _StyleError
            return self._splice(parent.start, parent.end, f"{{{entry}}}")
        last = parent.entries[-1][1]
        if parent.is_flow:
            return self._splice(last.end, last.end, f", {entry}")
        column = self._column(parent.entries[0][0].start)
        lines = _block_lines(key, value, column)
        return self._line_after(last.end, self.newline.join(lines))

    def _emptied(self, part: TextPart, path: Path_, empty: str) -> str:
        if part.is_flow or not path:
            return self._splice(part.start, part.end, empty)
        above = self._at(path[:-1])
        key = next((key for key, value in above.entries if value is part), None)
        line = self._line_start(part.start)
        if key is None or line <= key.end or self.text[line : part.start].strip():
            raise _StyleError
        colon = self.text.index(":", key.end) + 1
        return f"{self.text[:colon]} {empty}{self.text[colon:line]}{self.text[self._line_end(part.end) :]}"

    def _out_of_flow(self, spans: Sequence[tuple[int, int]], place: int) -> str:
        start, end = spans[place]
        line = self._line_start(start), self._line_end(end)
        if not self.text[line[0] : start].strip() and _REST.fullmatch(self.text[end : line[1]]):
            return self._splice(*line, "")
        if place + 1 < len(spans):
            comma = self.text.find(",", end, spans[place + 1][0])
            if comma < 0:
                raise _StyleError
            end = comma + 1
            while self.text[end : end + 1] == " ":
                end += 1
            return self._splice(start, end, "")
        before = spans[place - 1][1]
        return self._splice(before, end, "") if "\n" not in self.text[before:start] else self._splice(start, end, "")

    def _dash(self, part: TextPart, place: int) -> int:
        """Return the offset of a list item's dash."""
        first = part.items[place - 1].end if place else max(self._line_start(part.start), 0)
        dash = self.text.rfind("-", first, part.items[place].start)
        if dash < 0:
            dash = part.start if self.text[part.start] == "-" else -1
        if dash < 0:
            raise _StyleError
        return dash

    def _column(self, place: int) -> int:
        return place - self._line_start(place)

    def _line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        """Return the offset after the line break of the line that a place is in."""
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1

    def _line_after(self, place: int, line: str) -> str:
        end = self._line_end(place)
        if end == len(self.text) and not self.text.endswith("\n"):
            return f"{self.text}{self.newline}{line}"
        return self._splice(end, end, f"{line}{self.newline}")

    def _splice(self, start: int, end: int, new: str) -> str:
        return f"{self.text[:start]}{new}{self.text[end:]}"


def _block_lines(key: str, value: object, column: int) -> list[str]:
    """Return the lines of a new key: a mapping's fields each on a line, everything below in brackets."""
    indent = " " * column
    if isinstance(value, Mapping) and value:
        below = [f"{indent}  {flow_text(k)}: {flow_text(v)}" for k, v in value.items()]
        return [f"{indent}{flow_text(key)}:", *below]
    return [f"{indent}{flow_text(key)}: {flow_text(value)}"]


def block_text(value: object) -> str:
    """Write a mapping as the text of a new file."""
    found = value if isinstance(value, Mapping) else {}
    return "".join(f"{line}\n" for key, below in found.items() for line in _block_lines(str(key), below, 0))


def flow_text(value: object) -> str:
    """Write a value on one line, as it may be written anywhere in a YAML text.

    >>> flow_text({"name": "Year end: 2027", "first_day": date(2027, 3, 22), "open": False, "at": ["a", "1"]})
    '{name: "Year end: 2027", first_day: 2027-03-22, open: false, at: [a, "1"]}'
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow_text(k)}: {flow_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(flow_text, value))}]"
    text = str(value)
    if _PLAIN.fullmatch(text) and tag_of(text) == STR:
        return text
    return json.dumps(text, ensure_ascii=False)
