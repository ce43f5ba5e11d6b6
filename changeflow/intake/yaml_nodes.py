"""Compose YAML text into nodes with positions, with libyaml if it reads the text as ruamel.yaml does.

libyaml is about thirty times faster, but it follows YAML 1.1 and its messages differ. So ruamel.yaml composes every
text that the two might read differently, and every text that libyaml refuses (docs/decisions/0015).

Plain scalars have their type and value by the rules of YAML 1.2: `no` is text, `0o17` a number, `~` nothing.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, NamedTuple, Protocol

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

_TAG = "tag:yaml.org,2002:"
STR, NULL, BOOL, INT, FLOAT, TIMESTAMP = (_TAG + kind for kind in ("str", "null", "bool", "int", "float", "timestamp"))
_RULES: tuple[tuple[str, str, str], ...] = (
    (BOOL, "tTfF", "true|True|TRUE|false|False|FALSE"),
    (
        FLOAT,
        "-+0123456789.",
        (
            r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|"
            r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    (INT, "-+0123456789", "[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"),
    (_TAG + "merge", "<", "<<"),
    (NULL, "~nN", "~|null|Null|NULL"),
    (
        TIMESTAMP,
        "0123456789",
        (
            "[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
        ),
    ),
    (_TAG + "value", "=", "="),
    (_TAG + "yaml", "!&*", "[!&*]"),
)
"""For each tag: the characters that may come first, and the form. The first rule that matches counts."""
_BY_FIRST: dict[str, list[tuple[str, Callable[[str], object]]]] = {"": [(NULL, lambda _: True)]}
for _tag, _first, _form in _RULES:
    for _character in _first:
        _BY_FIRST.setdefault(_character, []).append((_tag, re.compile(_form).fullmatch))
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_MOMENT = re.compile(
    "([0-9]{4})-([0-9]+)-([0-9]+)(?:(?:[Tt]|[ \t]+)([0-9]+):([0-9]+):([0-9]+)(?:[.]([0-9]*))?"
    "[ \t]*(Z|([-+][0-9]+)(?::([0-9]+))?)?)?"
)


def tag_of(text: str) -> str:
    """Name the type of a plain scalar by its tag."""
    for tag, fits in _BY_FIRST.get(text[:1], ()):
        if fits(text):
            return tag
    return STR


def value_of(tag: str, text: str) -> object:
    """Return the value of a scalar with one of these tags; raise `ValueError` if it has none, such as 30 February.

    >>> value_of(tag_of("1_000"), "1_000"), value_of(tag_of("yes"), "yes"), value_of(tag_of("0o17"), "0o17")
    (1000, 'yes', 15)
    """
    if tag == STR:
        return text
    return _READERS[tag](text)


def _int(text: str) -> int:
    digits = text.replace("_", "")
    return int(digits, _BASES.get(digits.lstrip("+-")[:2], 10))


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".", "") if digits.endswith(("inf", "nan")) else digits)


def _timestamp(text: str) -> date:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone, hours, minutes = found.groups()
    if hour is None:
        return date(int(year), int(month), int(day))
    away = timedelta(hours=int(hours or 0), minutes=int(f"{(hours or '+')[0]}{minutes or 0}"))
    day_of = date(int(year), int(month), int(day))
    time_of = time(int(hour), int(minute), int(second), tzinfo=timezone(away, zone) if zone else None)
    seventh = f"{fraction or ''}0000000"[:7]
    return datetime.combine(day_of, time_of) + timedelta(microseconds=int(seventh[:6]) + (seventh[6] > "4"))


_READERS: dict[str, Callable[[str], object]] = {
    NULL: lambda _: None,
    BOOL: lambda text: text.lower() == "true",
    INT: _int,
    FLOAT: _float,
    TIMESTAMP: _timestamp,
}


MAX_NODES = 300_000
"""The most keys and values of a file: more would take too much time and memory."""
MAX_DEPTH = 50
TOO_MANY = f"It has more than {MAX_NODES:,} keys and values.", "Split it into several files."
_SEQ, _MAP = "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"
_DOUBTFUL = re.compile(
    # Look for one set of characters first, because that is quick; the rest of the pattern looks back from there.
    r"""[\t\x85\u2028\u2029\ufeff\r!?&*:.\-|>](?:
        # Tabs, line breaks that YAML 1.2 does not know, and byte order marks.
        (?<=[\t\x85\u2028\u2029\ufeff]) | (?<=\r)(?!\n)
        # Where a word may begin: tags, complex keys, a colon before text, anchors of other characters than libyaml's.
        | (?<![^\s\[{,].)(?:
            (?<=[!?]) | (?<=:)(?=\S) | (?<=[&*])(?![ ]|[A-Za-z0-9_-]+(?:[\s,\]}]|\Z))
        )
        # A colon right after a quotation or a bracket, or right before a bracket.
        | (?<=[\]}"']:)(?=\S) | (?<=:)(?=[\[\]{},])
        # Ends of documents; further documents, and directives, after which there is one.
        | (?<![^\n].)(?<=[.])[.][.] | (?<=\n-)--
        # A block of text whose header has a comment without a space, or that begins with a line of spaces.
        | (?<=[|>])(?:[-+0-9]*\# | [^|>\n]*\n[ ]+\r?\n)
    )""",
    re.VERBOSE | re.ASCII,
)
"""Text that libyaml may read differently from ruamel.yaml."""


class Node(Protocol):
    """A scalar, sequence or mapping, from either library."""

    id: str
    tag: Any
    value: Any
    start_mark: Any
    """Has a line and a column, from 0."""


Construct = Callable[[Any], object]
"""Makes the value of a scalar node."""
Composed = tuple[Node | None, Construct]


class TooBigError(Exception):
    """Something is too big. The arguments say what it is, and what to do about it."""


class SyntaxMistakeError(Exception):
    """The text is not valid YAML."""

    def __init__(self, what: str, *, line: int, column: int) -> None:
        """`line` and `column` count from 1."""
        super().__init__(what)
        self.what, self.line, self.column = what, line, column


class TooDeepError(SyntaxMistakeError):
    """Values are nested too deeply."""


class _DoubtError(Exception):
    """Raised if ruamel.yaml should read the text."""


def reads_the_same(text: str) -> bool:
    """Return whether libyaml reads a text as ruamel.yaml does, if it reads it at all."""
    return _DOUBTFUL.search(text) is None


def compose_by_libyaml(text: str, *, reader: Callable[[str], Any] | None = None) -> Composed | None:
    """Compose the one document of a text; None if ruamel.yaml should read it. See `yaml.compose`."""
    if reads_the_same(text):
        # No mistake is lost: ruamel.yaml reads the same text next, and raises its mistakes.
        with suppress(yaml.YAMLError, _DoubtError, ValueError):
            return _compose_fast((reader or READER)(text), text), _construct
    return None


def _compose_fast(reader: Any, text: str) -> Node | None:  # noqa: ANN401
    node: Node | None = reader.get_single_node()
    if node is not None and node.id == "scalar":
        # A file with a single scalar is refused anyway, and YAML 1.2 lets its text begin at the margin.
        raise _DoubtError
    # Aliases are not counted as they are made, but each has an asterisk.
    if reader.made + text.count("*") > MAX_NODES and _count(node) > MAX_NODES:
        raise TooBigError(*TOO_MANY)
    if reader.gaps and not text.endswith("\n"):
        # libyaml places an empty value at the end of the file on the next line.
        raise _DoubtError
    for mapping in reader.gaps.values():
        _place_gaps(mapping)
    return node


def _count(node: Any) -> int:  # noqa: ANN401
    """Count a node and those below it; each alias counts as one more."""
    seen: set[int] = set()
    waiting, count = [node] if node is not None else [], 1
    while waiting:
        node = waiting.pop()
        if node.id == "scalar" or id(node) in seen:
            continue
        seen.add(id(node))
        parts = node.value if node.id == "sequence" else [part for pair in node.value for part in pair]
        count += len(parts)
        waiting += parts
    return count


def _construct(node: Node) -> object:
    return value_of(node.tag, node.value)


def _place_gaps(mapping: MappingNode) -> None:
    """Place empty values where ruamel.yaml does: at the next key, or at what follows the mapping."""
    after = [key.start_mark for key, _ in mapping.value[1:]]
    for (_, value), place in zip(mapping.value, [*after, mapping.end_mark], strict=True):
        here = value.start_mark
        # A value with an anchor already has its place and a length.
        if value.value == "" and value.style in ("", None) and here.column == value.end_mark.column:
            if (place.line, place.column) < (here.line, here.column):
                # If the next key is an alias, its place is that of its original.
                raise _DoubtError
            value.start_mark = place


class _Counts:
    """Replaces PyYAML's resolver, and counts what is made, so that a file cannot fill the memory."""

    def __init__(self, text: str) -> None:
        super().__init__(text)  # type: ignore[call-arg]  # a loader comes next
        self.made = self.depth = 0
        self.parent: yaml.Node | None = None
        self.key: Any = None
        self.gaps: dict[int, MappingNode] = {}
        """Mappings with empty values."""

    def descend_resolver(self, parent: yaml.Node | None, key: Any) -> None:  # noqa: ANN401
        self.parent, self.key = parent, key
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _DoubtError

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        self.made += 1
        if self.made > MAX_NODES:
            raise TooBigError(*TOO_MANY)
        if kind is not ScalarNode:
            return _SEQ if kind is SequenceNode else _MAP
        if not implicit[0]:
            return STR
        if value == "":
            self._note_gap()
        return tag_of(value)

    def _note_gap(self) -> None:
        parent = self.parent
        if isinstance(parent, MappingNode):
            if parent.flow_style or self.key is None:
                raise _DoubtError
            self.gaps[id(parent)] = parent


class _Place(NamedTuple):
    """A place in the text: line and column, from 0."""

    line: int
    column: int


class PureReader(_Counts, yaml.BaseLoader):
    """PyYAML in Python, for installations without libyaml: about three times as fast as ruamel.yaml."""

    def get_mark(self) -> Any:  # noqa: ANN401
        """Return a mark without the text, which PyYAML would keep with each place."""
        return _Place(self.line, self.column)


READER: Callable[[str], Any] = PureReader
if yaml.__with_libyaml__:

    class FastReader(_Counts, yaml.CBaseLoader):
        """PyYAML with libyaml."""

    READER = FastReader
