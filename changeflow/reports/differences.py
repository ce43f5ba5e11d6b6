"""What was added, removed, renamed or changed, by subject, for the terminal and the page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeflow.roadmap.analysis.differences import Altered, How, Topic

SHOWN = 10
"""The most lines of one part on a terminal: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPart:
    """Changes to one kind of thing."""

    title: str
    lines: tuple[str, ...]
    causes: tuple[tuple[str, ...], ...] = ()
    """The causes of each line, the largest first; empty if unknown or not requested."""


def dropped_lines(found: Iterable[Altered]) -> tuple[str, ...]:
    """Return the dropped milestones, gates and deadlines, which are reported first."""
    return tuple(d.sentence for d in found if d.comes_first)


def dropped_warning(found: Iterable[Altered]) -> str:
    """Name the dropped milestones and deadlines in one sentence; empty if there are none."""
    lines = [d.sentence for d in found if d.comes_first and d.topic is Topic.MILESTONES]
    if len(lines) > 1:
        return f"{len(lines)} milestones and deadlines were dropped."
    return lines[0] if lines else ""


def changed_parts(found: Iterable[Altered], *, with_milestones: bool) -> tuple[ChangedPart, ...]:
    """Gather all other differences; without `with_milestones`, leave out milestones of which only the date moved."""
    parts: dict[Topic, list[str]] = {}
    for one in found:
        is_slip = (one.topic, one.how) == (Topic.MILESTONES, How.MOVED)
        if not one.comes_first and (with_milestones or not is_slip):
            parts.setdefault(one.topic, []).append(one.sentence)
    return tuple(ChangedPart(title=p.value, lines=tuple(parts[p])) for p in Topic if p in parts)


def dropped_text(lines: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    if lines:
        yield "Dropped"
        yield from (f"  {line}" for line in lines)


def parts_text(parts: Iterable[ChangedPart]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    for part in parts:
        yield part.title
        for n, line in enumerate(part.lines[:SHOWN]):
            yield f"  {line}"
            yield from (f"    {cause}" for cause in (part.causes[n] if part.causes else ()))
        if len(part.lines) > SHOWN:
            yield f"  … and {len(part.lines) - SHOWN} more"
