"""Conflicts in words: what cannot all hold, and what giving one of it up would do."""

from collections.abc import Iterator, Sequence

from changeflow.roadmap.analysis.conflicts import Conflict, ConflictItem, Wish
from changeflow.roadmap.analysis.why import CONSTRAINT_WORDS
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of


def conflicts_text(roadmap: Roadmap, conflicts: Sequence[Conflict]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    if not conflicts:
        yield "Nothing conflicts: every deadline, set date and rule can hold together."
    for conflict in conflicts:
        days = counted(conflict.days, "day")
        yield f"{_format_item(roadmap, conflict.limit)}: it is missed by {days}. These cannot all hold:"
        for item in conflict.items:
            yield f"  - {_format_item(roadmap, item)}"
        yield "  Any one of them given up, all else as it is:"
        for relaxation in conflict.relaxations:
            yield f"    {_given_up(roadmap, conflict, relaxation.item, relaxation.days_left)}"
        yield ""


def _format_item(roadmap: Roadmap, item: ConflictItem) -> str:
    name = f"“{roadmap.tasks[item.task].name}”"
    if item.link is not None:
        rule = item.link.origin.removeprefix("rule:")
        return f"rule {rule}: {name} waits for “{roadmap.tasks[item.link.predecessor].name}”"
    if item.constraint is not None:
        is_start = "start" in item.constraint.bound.value
        day = format_day(day_of(item.constraint.at) if is_start else last_day_of(item.constraint.at))
        words = CONSTRAINT_WORDS[item.constraint.bound.value].split(",")[0].removeprefix("somebody set that it ")
        return f"{name} {words.replace(' than this', f' than {day}').replace(' then', f' on {day}')}"
    return f"the deadline of {name}, {format_day(last_day_of(item.limit or 0))}"


def _given_up(roadmap: Roadmap, conflict: Conflict, item: ConflictItem, left: int) -> str:
    if item == conflict.limit:
        later = counted(conflict.days, "day")
        return f"{'move the deadline' if item.wish is Wish.DEADLINE else 'move that date'} by {later}: then all holds"
    what = "waive the rule" if item.wish is Wish.RULE else "lift the date"
    name = roadmap.tasks[item.task].name
    outcome = "then it is kept" if not left else f"it is still missed by {counted(left, 'day')}"
    return f"{what} for “{name}”: {outcome}"
