"""The files of a programme as strangers write them: other layouts of the same content, with comments everywhere."""

import csv
import io
from collections.abc import Mapping
from random import Random
from typing import Any

from changeflow.intake.editing.yaml_patch import data_of
from changeflow.intake.editing.yaml_splice import flow_text


def in_other_hands(sources: Mapping[str, str], chance: Random) -> dict[str, str]:
    """Write the same content in another style, each file in its own."""
    return {
        name: _Hand(chance).yaml(data_of(text, name)) if name.endswith(".yaml") else _table(text, chance)
        for name, text in sources.items()
    }


class _Hand:
    """One person's style."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.newline = chance.choice(["\n", "\n", "\r\n"])
        self.step = chance.choice([2, 2, 3, 4])
        self.dash = chance.choice([0, 2])
        self.flow, self.comment = chance.random(), chance.choice([0.0, 0.2, 0.6])
        self.anchored: dict[str, str] = {}

    def yaml(self, data: Mapping[str, Any]) -> str:
        lines = ["# Ours", ""] if self.maybe(0.5) else []
        lines += self.mapping(data, 0)
        text = self.newline.join([*lines, *(["", "# The end"] if self.maybe(0.3) else [])])
        return text + (self.newline if self.maybe(0.8) else "")

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def mapping(self, data: Mapping[str, Any], column: int) -> list[str]:
        indent, lines = " " * column, list[str]()
        for key, value in data.items():
            if self.maybe(self.comment):
                lines += ([""] if self.maybe(0.3) else []) + [f"{indent}# about: {key}, [as] {{agreed}}"]
            lines += self.entry(f"{indent}{self.scalar(key, is_key=True)}:", value, column)
        return lines

    def entry(self, head: str, value: Any, column: int) -> list[str]:
        if isinstance(value, dict) and value and not self.maybe(self.flow):
            return [self.noted(head), *self.mapping(value, column + self.step)]
        if isinstance(value, list) and value and not self.maybe(self.flow):
            return [self.noted(head), *self.sequence(value, column + self.dash)]
        if isinstance(value, str) and " " in value and value.isascii() and ":" not in value and self.maybe(0.15):
            return [f"{head} >-", f"{' ' * (column + self.step)}{value}"]
        lines = self.inline(value, column + self.step)
        return (
            [f"{head} {lines[0]}", *lines[1:-1], self.noted(lines[-1])]
            if len(lines) > 1
            else [self.noted(f"{head} {lines[0]}")]
        )

    def sequence(self, items: list[Any], column: int) -> list[str]:
        indent, lines = " " * column, list[str]()
        for item in items:
            lines += [f"{indent}# next"] if self.maybe(self.comment) else []
            if isinstance(item, dict) and item and not self.maybe(self.flow):
                first, *rest = self.mapping(item, column + 2)
                if first.lstrip().startswith("#") or not first.strip():
                    first, *rest = self.mapping_plain(item, column + 2)
                lines += [f"{indent}- {first.lstrip()}", *rest]
            else:
                lines.append(self.noted(f"{indent}- {self.inline(item, 0, whole=True)[0]}"))
        return lines

    def mapping_plain(self, data: Mapping[str, Any], column: int) -> list[str]:
        return [f"{' ' * column}{key}: {flow_text(value)}" for key, value in data.items()]

    def inline(self, value: Any, column: int, *, whole: bool = False) -> list[str]:
        """Write a value in brackets: on one line, or a list on several."""
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            known = self.anchored.get(repr(value))
            if known is not None and self.maybe(0.7):
                return [f"*{known}"]
            if not whole and self.maybe(0.2):
                indent = " " * column
                return ["[", *(self.noted(f"{indent}{self.scalar(item)},") for item in value), f"{indent}]"]
            text = f"[{', '.join(self.scalar(item) for item in value)}]"
            if known is None and self.maybe(0.3):
                self.anchored[repr(value)] = name = f"list-{len(self.anchored)}"
                return [f"&{name} {text}"]
            return [text]
        if isinstance(value, list):
            return [f"[{', '.join(self.inline(item, 0, whole=True)[0] for item in value)}]"]
        if isinstance(value, dict):
            space = self.chance.choice(["", " "]) if value else ""
            inner = ", ".join(f"{k}: {self.inline(v, 0, whole=True)[0]} ".rstrip(" ") for k, v in value.items())
            return [f"{{{space}{inner}{space}}}"]
        return [self.scalar(value)]

    def scalar(self, value: Any, *, is_key: bool = False) -> str:
        text = flow_text(value)
        if isinstance(value, str) and not is_key and "'" not in text and '"' not in text and self.maybe(0.2):
            return self.chance.choice([f"'{text}'", f'"{text}"'])
        return text

    def noted(self, line: str) -> str:
        return (
            f"{line}{self.chance.choice([' ', '   '])}# {self.chance.choice(['ok', 'see: minutes', '[x]'])}"
            if (self.maybe(self.comment))
            else line
        )


def _table(text: str, chance: Random) -> str:
    """Write a table with other separators, quotation marks and line breaks, and with a column of its own."""
    rows = [[*row, "Note" if n == 0 else f"note, {n}"] for n, row in enumerate(csv.reader(io.StringIO(text)))]
    out = io.StringIO()
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    ending = chance.choice(["\n", "\r\n"])
    csv.writer(out, delimiter=chance.choice([",", ";", "\t"]), quoting=quoting, lineterminator=ending).writerows(rows)
    return out.getvalue() if chance.random() < 0.7 else out.getvalue().removesuffix(ending)
