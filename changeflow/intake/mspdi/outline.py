"""The outline of an MSPDI file: which summary each task is below."""

import re
from collections.abc import Mapping, Sequence

from changeflow.intake.mspdi.fields import code_of
from changeflow.intake.mspdi.records import Record
from changeflow.intake.mspdi.remarks import task_named
from changeflow.roadmap.model.tasks import Link

_NUMBERS = re.compile(r"^\d+(\.\d+)*$")
MOST_LEVELS = 200
"""The most outline levels: every task looks at all the summaries above it."""
MOST_BELOW = 5_000_000
"""The most tasks below summaries, counted once for each summary above them: 250,000 tasks with twenty levels have this
many."""
MOST_BINDINGS = 2_000_000
"""The most tasks bound by links of summaries: each such link binds every task below its summary."""


def parents_of(elements: Mapping[str, Record]) -> dict[str, str]:
    """Return each task's parent: the nearest earlier task of a lower outline level."""
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for uid, element in elements.items():
        level = _level(element)
        while stack and stack[-1][0] >= level:
            stack.pop()
        if stack:
            parents[uid] = stack[-1][1]
        stack.append((level, uid))
        if len(stack) > MOST_LEVELS:
            raise ValueError(f"the outline has more than {MOST_LEVELS} levels")
    return parents


def _level(element: Record) -> int:
    """Return a task's outline level; files without levels have outline numbers or WBS codes, such as 1.2.3."""
    if element.get("OutlineLevel") is None:
        number = element.get("OutlineNumber") or element.get("WBS") or ""
        if _NUMBERS.match(number):
            return number.count(".") + 1
    try:
        return code_of(element, "OutlineLevel")
    except ValueError as error:
        raise ValueError(f"{task_named(element)}: {error}") from None


def check_outline(parents: Mapping[str, str], links: Sequence[Link]) -> None:
    """Raise `ValueError` if summaries are nested, or linked to one another, beyond what can be computed."""
    summaries, below = set(parents.values()), dict.fromkeys(parents.values(), 0)
    # A summary comes before its tasks, so working backwards, each is complete when it is passed up.
    for task, above in reversed(list(parents.items())):
        below[above] += below[task] if task in summaries else 1
    if sum(below.values()) > MOST_BELOW:
        raise ValueError(f"the tasks below all summaries are more than {MOST_BELOW:,}; use fewer levels")
    if sum(below.get(k.predecessor, 1) + below.get(k.successor, 1) for k in links) > MOST_BINDINGS:
        raise ValueError(f"links of summaries bind more than {MOST_BINDINGS:,} tasks; link the tasks themselves")
