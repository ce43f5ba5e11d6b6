"""The links of an imported plan between its tasks: links of summaries bind the tasks below them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from changeflow.roadmap.model.tasks import Link, LinkType, Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit


@dataclass(slots=True)
class PlanLinks:
    """The links into each task, and those that no link between tasks can express."""

    into: dict[TaskId, list[Link]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[Link] = field(default_factory=list)


def links_between_tasks(roadmap: Roadmap) -> PlanLinks:
    """Replace the links of summaries with links of their tasks.

    A summary finishes with its last task, and starts when its first task may. A link from its start, or to its finish,
    would need the first or the last of several tasks: it is left out.
    """
    below, found, seen = _below(roadmap), PlanLinks(), set[tuple[TaskId, TaskId, str, Duration]]()
    for link in roadmap.links:
        before, after = link.predecessor in below, link.successor in below
        if (before and not link.type.from_finish) or (after and link.type.to_finish):
            found.left_out.append(link)
            continue
        firsts = _last_of(roadmap, below[link.predecessor]) if before else [link.predecessor]
        seconds = _first_of(roadmap, below[link.successor]) if after else [link.successor]
        for one in firsts:
            for other in seconds:
                key = (one, other, link.type.value, link.lag)
                if one != other and key not in seen:
                    seen.add(key)
                    found.into[other].append(Link(one, other, link.type, link.lag))
    return found


def _below(roadmap: Roadmap) -> dict[TaskId, list[TaskId]]:
    """Return the tasks below each summary, at any depth, without summaries."""
    summaries, found = frozenset(roadmap.parents.values()), defaultdict[TaskId, list[TaskId]](list)
    for task in roadmap.parents:
        if task not in summaries:
            for above in roadmap.above(task):
                found[above].append(task)
    return found


def _inside(roadmap: Roadmap, tasks: list[TaskId]) -> Iterator[Link]:
    """Yield the plain links between some tasks, after which the second can only be later."""
    own = set(tasks)
    for link in roadmap.links:
        is_inside = link.predecessor in own and link.successor in own
        held = roadmap.tasks[link.successor].manual is not None if is_inside else True
        if is_inside and not held and link.type is LinkType.FS and link.lag.amount >= 0:
            yield link


def _last_of(roadmap: Roadmap, tasks: list[TaskId]) -> list[TaskId]:
    """Return the tasks of which the last finish is that of all of them."""
    earlier = {link.predecessor for link in _inside(roadmap, tasks)}
    return [task for task in tasks if task not in earlier]


def _first_of(roadmap: Roadmap, tasks: list[TaskId]) -> list[TaskId]:
    """Return the tasks of which the first start is that of all of them."""
    later = {link.successor for link in _inside(roadmap, tasks)}
    return [task for task in tasks if task not in later]


def length_text(length: Duration, minutes_per_day: int, *, sign: bool = False) -> str:
    """Write a duration or a lag as files have them.

    >>> length_text(Duration(960), 480), length_text(Duration(-90), 480, sign=True), length_text(Duration(90), 480)
    ('2d', '-90m', '90m')
    >>> length_text(Duration(2880, Unit.ELAPSED), 480), length_text(Duration(50, Unit.PERCENT), 480, sign=True)
    ('2ed', '+50%')
    """
    amount = abs(length.amount)
    mark = ("-" if length.amount < 0 else "+") if sign else ""
    if length.unit is Unit.PERCENT:
        return f"{mark}{amount}%"
    letter, day = ("e", 24 * 60) if length.unit is Unit.ELAPSED else ("", minutes_per_day)
    if amount % day == 0:
        return f"{mark}{amount // day}{letter}d"
    return f"{mark}{amount // 60}{letter}h" if amount % 60 == 0 else f"{mark}{amount}{letter}m"
