"""YAML texts for tests: values of every style, blocks and flow, anchors, comments, line ends; right, odd and broken."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

Part = Callable[[int], str]
"""Writes a value whose lines are indented by that much."""


class Words(NamedTuple):
    """What a text is made of."""

    values: tuple[str, ...]
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    """Keys in braces, with what comes before the value."""
    headers: tuple[str, ...]
    """Of blocks of text."""
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    gaps: tuple[str, ...]
    """After a colon or a dash."""
    indents: tuple[int, ...]
    """Of the lines of a value that has several, counted from where they may begin."""


TIDY = Words(
    values=(
        *(
            "a",
            "b c",
            "Payroll",
            "it's",
            "10:30",
            "http://a/b",
            "50%",
            "R&D",
            "HR & payroll",
            "a#b",
            "-a",
            "é ü",
            "=",
            "<<",
        ),
        *(
            "yes",
            "No",
            "on",
            "~",
            "null",
            "NULL",
            "nULL",
            "true",
            "False",
            "1",
            "-0",
            "017",
            "0o17",
            "0o8",
            "0x1F",
            "0b11",
        ),
        *("1_000", "_1", "-_", "+12", "1e3", "1e+5", "1.5", "1.", ".5", ".inf", "-.Inf", ".nan", "1e999", "9" * 20),
        *(
            "2027-01-08",
            "2027-1-8",
            "2027-02-30",
            "2027-01-08T10:00:00Z",
            "2027-01-08 9:00:00.1234567 -01:30",
            "190:20:30",
        ),
        *("\U0001f600 x", "a\u00a0b", "x" * 60),
    ),
    keys=(
        "a",
        "b",
        "c",
        "d e",
        "'q r'",
        '"d"',
        "1",
        "true",
        "2027-01-01",
        "~",
        "<<",
        "é",
        "\U0001f600",
        "10:30",
        "a-b ",
    ),
    fields=("a: ", "b: ", "'q': ", "1: ", "c d: ", "e:\n "),
    headers=("|", ">", "|-", ">-", "|+", ">+", "|2", "> # c"),
    starts=("", "", "", "---\n", "# c\n\n"),
    ends=("\n", "\n", "\n\n", "\n# c\n", ""),
    gaps=(" ", " ", " ", "  "),
    indents=(1, 1, 2, 3),
)
ODD = Words(
    values=(
        *(
            "---",
            "...",
            "@a",
            "`a",
            "%a",
            "!a",
            "&x",
            "*x",
            "?",
            "-",
            ":a",
            "a:",
            "::",
            "a: b",
            "a #b",
            "#c",
            "[a",
            "a]",
        ),
        *(
            "{",
            "}",
            ">",
            "|",
            "",
            "a\tb",
            "\u2028",
            "\u0085",
            "\ufeff",
            "x" * 1030,
            "what? no",
            "?a",
            "a,b",
            "\\'",
            "\x7f",
        ),
    ),
    keys=("&k z", "*x ", "? x", "[a]", "{a: b}", "- a", "", "!t k", "x" * 1030),
    fields=("'q':", "c:", "? a: ", "a, ", "[a]: ", "a", ":", "-", "{}:", "*x: ", "*x:"),
    headers=("|1-", ">+4", "|#", "> c", "|0", "| \n "),
    starts=("\ufeff", "%YAML 1.1\n---\n", "--- # c\n", "--- "),
    ends=("\n...\n", "\n---\na: 1\n", " ", "\n  "),
    gaps=("", "\n"),
    indents=(0, -1),
)
EITHER = Words(*(tidy + odd for tidy, odd in zip(TIDY, ODD, strict=True)))
ESCAPES = (
    "\\n",
    "\\x41",
    "\\u00e9",
    "\\U0001F600",
    "\\/",
    "\\q",
    "\\'",
    "\\e",
    "\\ud800",
    "a \\\n  b",
    "a\n\n  b",
    "\\\\",
)
PIECES = (
    *" \n:-?#,[]{}'\"|>&*!%@`\\\r\t",
    "\r\n",
    "\n---\n",
    "\n...\n",
    "\n \n",
    ": ",
    "- ",
    " #",
    "&x ",
    "*x",
    "a:\n",
)
"""What makes a text another one, or none, wherever it is put."""
COMMENTS = st.sampled_from(("", "", "", "", " # c", "\n# c", "\n", "  ", "\n  "))


def texts() -> st.SearchStrategy[str]:
    """Return texts of files: most are tidy mappings, some are odd, and some have been edited by a stray hand."""
    tidy, either = _texts(TIDY), _texts(EITHER)
    edits = st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.sampled_from(PIECES)), min_size=1, max_size=3
    )
    return st.one_of(
        tidy,
        tidy.map(lambda text: text.replace("\n", "\r\n")),
        either,
        st.builds(_edited, tidy, edits),
        st.builds(_edited, either, edits),
    )


def _texts(words: Words) -> st.SearchStrategy[str]:
    lines = _scalars(words)
    flow = st.recursive(lines, lambda inner: _flows(inner, words), max_leaves=4)
    named = st.builds(_named, st.sampled_from(("&x", "&y") if words is TIDY else ("&x", "!!str", "!", "&x:")), flow)
    parts = st.recursive(st.one_of(flow, _long(words), named), lambda inner: _blocks(inner, words), max_leaves=6)
    body = st.builds(_mapping, _pairs(parts, words), st.just(0)).map(lambda part: part(0)[1:])
    return st.builds("{}{}{}".format, st.sampled_from(words.starts), body, st.sampled_from(words.ends))


def _scalars(words: Words) -> st.SearchStrategy[Part]:
    """Return values on one line: plain, quoted, aliases, or nothing."""
    return st.one_of(
        st.sampled_from(words.values).map(_plain),
        st.builds(_quoted, st.sampled_from((*words.values, *ESCAPES)), st.sampled_from("'\"")),
        st.sampled_from((*words.values[:8], "*x", "*y", "", "[]", "{}")).map(_plain),
    )


def _long(words: Words) -> st.SearchStrategy[Part]:
    """Return values on several lines: plain ones and both kinds of blocks."""
    values, indents = st.sampled_from(words.values), st.sampled_from(words.indents)
    lines = st.lists(st.tuples(indents, st.one_of(values, st.just(""))), max_size=4)
    return st.one_of(
        st.builds(_folded, values, values, indents), st.builds(_block, st.sampled_from(words.headers), lines)
    )


def _flows(inner: st.SearchStrategy[Part], words: Words) -> st.SearchStrategy[Part]:
    spaces = st.sampled_from(("", "", "", " ", "\n  ", " # c\n  "))
    items = st.lists(st.tuples(st.just(""), inner, spaces), max_size=3)
    fields = st.lists(st.tuples(st.sampled_from(words.fields), inner, spaces), max_size=3)
    return st.one_of(
        st.builds(_flow, items, st.just("[]"), ends=st.booleans()),
        st.builds(_flow, fields, st.just("{}"), ends=st.booleans()),
    )


def _blocks(inner: st.SearchStrategy[Part], words: Words) -> st.SearchStrategy[Part]:
    entries = st.lists(st.tuples(st.sampled_from(words.gaps), inner), min_size=1, max_size=3)
    return st.one_of(
        st.builds(_sequence, entries, st.sampled_from((0, 0, 2))),
        st.builds(_mapping, _pairs(inner, words), st.sampled_from((2, 2, 1, 4))),
        st.builds(_mapping, _pairs(inner, words), st.sampled_from((2, 2, 1, 4))).map(lambda part: _named("&x", part)),
    )


def _pairs(inner: st.SearchStrategy[Part], words: Words) -> st.SearchStrategy[list[tuple[str, str, Part, str]]]:
    pair = st.tuples(st.sampled_from(words.keys), st.sampled_from(words.gaps), inner, COMMENTS)
    return st.lists(pair, min_size=1, max_size=4)


def _plain(text: str) -> Part:
    return lambda _: text


def _quoted(word: str, mark: str) -> Part:
    return _plain(f"'{word.replace(chr(39), chr(39) * 2)}'" if mark == "'" else f'"{word.replace(chr(34), "")}"')


def _folded(first: str, second: str, more: int) -> Part:
    return lambda indent: f"{first}\n{' ' * (indent + more)}{second}"


def _block(header: str, lines: list[tuple[int, str]]) -> Part:
    return lambda indent: header + "".join(f"\n{' ' * max(0, indent + more)}{line}" for more, line in lines)


def _named(name: str, part: Part) -> Part:
    def write(indent: int) -> str:
        text = part(indent)
        return name + ("" if text.startswith("\n") else " ") + text

    return write


def _flow(items: list[tuple[str, Part, str]], marks: str, *, ends: bool) -> Part:
    def write(indent: int) -> str:
        parts = [f"{key}{part(indent + 4)}{space}" for key, part, space in items]
        return marks[0] + ", ".join(parts) + ("," if ends and parts else "") + marks[1]

    return write


def _sequence(parts: list[tuple[str, Part]], more: int) -> Part:
    return lambda indent: "".join(f"\n{' ' * (indent + more)}-{gap}{part(indent + more + 2)}" for gap, part in parts)


def _mapping(pairs: list[tuple[str, str, Part, str]], more: int) -> Part:
    def write(indent: int) -> str:
        lines = (f"{key}:{gap}{part(indent + more)}{comment}" for key, gap, part, comment in pairs)
        return "".join(f"\n{' ' * (indent + more)}{line}" for line in lines)

    return write


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for at, length, piece in edits:
        place = at % (len(text) + 1)
        text = text[:place] + piece + text[place + length :]
    return text
