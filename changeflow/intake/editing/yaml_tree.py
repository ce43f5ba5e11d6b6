"""The parts of a YAML text with their places, so that one part can be changed and all other text kept."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ruamel.yaml
import yaml
from ruamel.yaml.error import YAMLError

from changeflow.intake.yaml_nodes import reads_the_same

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(slots=True)
class TextPart:
    """One value: offsets of its first character and of the end of its content, without the line break."""

    kind: str
    """`scalar`, `mapping`, `sequence` or `alias`."""
    start: int
    end: int
    text: str = ""
    """A scalar's value, or an alias's anchor."""
    is_flow: bool = False
    """Whether it is written in brackets."""
    anchor: str = ""
    entries: list[tuple["TextPart", "TextPart"]] = field(default_factory=list)
    """The keys and values of a mapping."""
    items: list["TextPart"] = field(default_factory=list)

    def below(self) -> Iterator["TextPart"]:
        """Yield this part and every part within it."""
        yield self
        for key, value in self.entries:
            yield from key.below()
            yield from value.below()
        for item in self.items:
            yield from item.below()


def parts_of(text: str) -> TextPart | None:
    """Return the root of a YAML text; None if it is empty or cannot be read."""
    if reads_the_same(text):
        # What the fast library refuses, the other one may still read.
        with suppress(yaml.YAMLError):
            return _Tree(text, yaml.parse(text, Loader=_LOADER)).root()
    try:
        return _Tree(text, ruamel.yaml.YAML(typ="safe", pure=True).parse(text)).root()
    except (YAMLError, ValueError, LookupError, AttributeError, AssertionError):
        return None


class _Tree:
    """Builds parts from the events of either library."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self.text, self.events = text, events

    def root(self) -> TextPart | None:
        for event in self.events:
            if type(event).__name__ in _MADE:
                return self._part(event, 0)
        return None

    def _part(self, event: Any, after: int) -> TextPart:  # noqa: ANN401
        """Return the part that begins with an event; `after` is where an empty value is placed."""
        return _MADE[type(event).__name__](self, event, after)

    def _alias(self, event: Any, after: int) -> TextPart:  # noqa: ANN401
        return TextPart("alias", event.start_mark.index, event.end_mark.index, text=event.anchor)

    def _scalar(self, event: Any, after: int) -> TextPart:  # noqa: ANN401
        start, end = event.start_mark.index, event.end_mark.index
        if start == end:
            start = end = after
        elif event.style in ("|", ">"):
            end = len(self.text[:end].rstrip("\r\n \t"))
        return TextPart("scalar", start, end, text=event.value, anchor=event.anchor or "")

    def _mapping(self, event: Any, after: int) -> TextPart:  # noqa: ANN401
        part = TextPart(
            "mapping",
            event.start_mark.index,
            0,
            is_flow=bool(event.flow_style),
            anchor=event.anchor or "",
        )
        end = part.start
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            key = self._part(event, end)
            colon = self.text.find(":", key.end)
            value = self._part(next(self.events), colon + 1 if colon >= 0 else key.end)
            part.entries.append((key, value))
            end = value.end
        part.end = event.end_mark.index if part.is_flow else end
        return part

    def _sequence(self, event: Any, after: int) -> TextPart:  # noqa: ANN401
        start, is_flow = event.start_mark.index, bool(event.flow_style)
        part = TextPart("sequence", start, 0, is_flow=is_flow, anchor=event.anchor or "")
        end = part.start
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            part.items.append(self._part(event, self._after_dash(end) if not is_flow else end))
            end = part.items[-1].end
        part.end = event.end_mark.index if part.is_flow else end
        return part

    def _after_dash(self, place: int) -> int:
        dash = self.text.find("-", place)
        return dash + 1 if dash >= 0 else place


_MADE: dict[str, Callable[[_Tree, Any, int], TextPart]] = {
    "AliasEvent": _Tree._alias,
    "ScalarEvent": _Tree._scalar,
    "MappingStartEvent": _Tree._mapping,
    "SequenceStartEvent": _Tree._sequence,
}
