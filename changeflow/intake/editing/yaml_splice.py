"""Splice one change into a YAML text, in the style of its surroundings."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from changeflow.intake.editing.yaml_tree import TextPart, parts_of
from changeflow.intake.yaml import Path_
from changeflow.intake.yaml_nodes import STR, tag_of

_PLAIN = re.compile(r"[A-Za-z0-9_£][\w £().'’/+%&;-]*[\w).%]|[A-Za-z0-9_]")
"""Texts that need no quotation marks, even within brackets, unless they look like a number or a date."""
_REST = re.compile(r"[ \t]*,?[ \t]*(#.*)?\r?\n?")
"""What may follow an item in brackets that is on its own line."""


class UnknownStyleError(Exception):
    """A part is written in a way that the patch does not know."""


def child_of(part: TextPart, step: str | int) -> TextPart | None:
    if part.kind == "sequence":
        return part.items[int(step)] if isinstance(step, int) and step < len(part.items) else None
    return next((value for key, value in part.entries if key.text == step), None)


class Patch:
    """One splice into a text."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        root = parts_of(text)
        if root is None:
            raise UnknownStyleError
        self.root = root
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def set(self, path: Path_, value: object) -> str:
        parent = self._at(path[:-1])
        part = child_of(parent, path[-1])
        if part is None:
            return self._add(parent, str(path[-1]), value)
        is_empty = part.start == part.end
        if is_empty and isinstance(value, Mapping) and parent.kind == "mapping" and not parent.is_flow:
            lines = block_lines("", value, self._column(parent.entries[0][0].start))[1:]
            return self._line_after(part.end, self.newline.join(lines))
        gap = " " if is_empty and self.text[part.start - 1 : part.start] in (":", "-") else ""
        return self._splice(part.start, part.end, gap + flow_text(value))

    def append(self, path: Path_, item: object) -> str:
        part = self._at(path)
        if part.kind != "sequence" or not part.items:
            raise UnknownStyleError
        last = part.items[-1]
        if part.is_flow:
            return self._splice(last.end, last.end, f", {flow_text(item)}")
        column = self._column(self._dash(part, len(part.items) - 1))
        return self._line_after(last.end, f"{' ' * column}- {flow_text(item)}")

    def insert(self, path: Path_, place: int, item: object) -> str:
        part = self._at(path)
        if part.kind != "sequence":
            raise UnknownStyleError
        start = part.items[place].start
        if part.is_flow:
            return self._splice(start, start, f"{flow_text(item)}, ")
        dash = self._dash(part, place)
        line = f"{' ' * self._column(dash)}- {flow_text(item)}"
        if place:
            return self._line_after(part.items[place - 1].end, line)
        start = self._line_start(dash)
        if self.text[start:dash].strip():
            raise UnknownStyleError
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
            raise UnknownStyleError
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
                raise UnknownStyleError
            return self._splice(start, spans[place + 1][0], "")
        return self._splice(self._line_start(start), self._line_end(end), "")

    def _at(self, path: Path_) -> TextPart:
        part = self.root
        for step in path:
            found = child_of(part, step)
            if found is None:
                raise UnknownStyleError
            part = found
        return part

    def _add(self, parent: TextPart, key: str, value: object) -> str:
        if parent.kind != "mapping":
            raise UnknownStyleError
        entry = f"{flow_text(key)}: {flow_text(value)}"
        if not parent.entries:
            if not parent.is_flow:
                raise UnknownStyleError
            return self._splice(parent.start, parent.end, f"{{{entry}}}")
        last = parent.entries[-1][1]
        if parent.is_flow:
            return self._splice(last.end, last.end, f", {entry}")
        column = self._column(parent.entries[0][0].start)
        lines = block_lines(key, value, column)
        return self._line_after(last.end, self.newline.join(lines))

    def _emptied(self, part: TextPart, path: Path_, empty: str) -> str:
        if part.is_flow or not path:
            return self._splice(part.start, part.end, empty)
        above = self._at(path[:-1])
        key = next((key for key, value in above.entries if value is part), None)
        line = self._line_start(part.start)
        if key is None or line <= key.end or self.text[line : part.start].strip():
            raise UnknownStyleError
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
                raise UnknownStyleError
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
            raise UnknownStyleError
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


class LinesPatch(Patch):
    """One splice that moves list items, renames a key, or adds several keys."""

    def reorder(self, path: Path_, order: Sequence[int]) -> str:
        part = self._at(path)
        if part.kind != "sequence" or not part.items:
            raise UnknownStyleError
        if part.is_flow:
            spans = [(item.start, item.end) for item in part.items]
            gaps = [self.text[end:start] for (_, end), (start, _) in pairwise(spans)]
            chunks = [self.text[start:end] for start, end in spans]
            moved = [chunks[place] for place in order]
            new = "".join(piece for pair in zip(moved, [*gaps, ""], strict=True) for piece in pair)
            return self._splice(spans[0][0], spans[-1][1], new)
        starts = [self._item_start(part, place) for place in range(len(part.items))]
        end = self._line_end(part.items[-1].end)
        chunks = [self.text[start:stop] for start, stop in pairwise([*starts, end])]
        lines = [c if c.endswith("\n") else f"{c}{self.newline}" for c in (chunks[place] for place in order)]
        return self._splice(starts[0], end, "".join(lines))

    def rename_key(self, path: Path_, name: str) -> str:
        key = next((key for key, _ in self._at(path[:-1]).entries if key.text == path[-1]), None)
        if key is None:
            raise UnknownStyleError
        return self._splice(key.start, key.end, flow_text(name))

    def add_keys(self, path: Path_, entries: Mapping[str, object]) -> str:
        part = self._at(path)
        if part.kind != "mapping" or not part.entries:
            raise UnknownStyleError
        texts = [f"{flow_text(key)}: {flow_text(value)}" for key, value in entries.items()]
        last = part.entries[-1][1]
        if part.is_flow:
            return self._splice(last.end, last.end, "".join(f", {text}" for text in texts))
        indent = " " * self._column(part.entries[0][0].start)
        return self._line_after(last.end, self.newline.join(f"{indent}{text}" for text in texts))

    def _item_start(self, part: TextPart, place: int) -> int:
        """Return where the lines of a list item begin. Comments above the first item are the whole list's."""
        dash = self._dash(part, place)
        start = self._line_start(dash)
        if self.text[start:dash].strip():
            raise UnknownStyleError
        first = self._line_end(part.items[place - 1].end) if place else start
        while start > first and self.text[self._line_start(start - 1) : start].lstrip().startswith("#"):
            start = self._line_start(start - 1)
        return start


def block_lines(key: str, value: object, column: int) -> list[str]:
    """Return the lines of a new key: a mapping's fields each on a line, everything below in brackets."""
    indent = " " * column
    if isinstance(value, Mapping) and value:
        below = [f"{indent}  {flow_text(k)}: {flow_text(v)}" for k, v in value.items()]
        return [f"{indent}{flow_text(key)}:", *below]
    return [f"{indent}{flow_text(key)}: {flow_text(value)}"]


def block_text(value: object) -> str:
    """Write a mapping as the text of a new file."""
    found = value if isinstance(value, Mapping) else {}
    return "".join(f"{line}\n" for key, below in found.items() for line in block_lines(str(key), below, 0))


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
