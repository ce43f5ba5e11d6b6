"""What was added, removed, renamed or changed, by subject, for the terminal and the page."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from changeflow.roadmap.analysis.differences import Altered, How, Topic
from changeflow.rules.titles import with_titles
from changeflow.values.base import TaskId

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


def changed_parts(
    found: Iterable[Altered],
    *,
    with_milestones: bool,
    causes_of: Callable[[TaskId], tuple[str, ...]] = lambda _: (),
) -> tuple[ChangedPart, ...]:
    """Gather all other differences; without `with_milestones`, leave out milestones of which only the date moved.

    `causes_of` returns the causes of a task's move.
    """
    parts: dict[Topic, list[tuple[str, tuple[str, ...]]]] = {}
    for one in found:
        is_slip = (one.topic, one.how) == (Topic.MILESTONES, How.MOVED)
        if not one.comes_first and (with_milestones or not is_slip):
            causes = causes_of(one.task) if one.task is not None else ()
            parts.setdefault(one.topic, []).append((with_titles(one.sentence), causes))
    return tuple(_part(topic, parts[topic]) for topic in Topic if topic in parts)


def _part(topic: Topic, lines: Iterable[tuple[str, tuple[str, ...]]]) -> ChangedPart:
    sentences, causes = zip(*lines, strict=True)
    return ChangedPart(title=topic.value, lines=sentences, causes=causes if any(causes) else ())


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
