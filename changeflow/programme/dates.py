"""A plan's dates, as forecasts and baselines keep them, and the differences between two plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from changeflow.values.base import TaskId
from changeflow.values.moments import day_of, last_day_of

if TYPE_CHECKING:
    from changeflow.programme.programme import Programme


@dataclass(frozen=True, slots=True)
class Dates:
    """The early start and finish of one task, in civil minutes."""

    start: int
    finish: int

    @property
    def last_day(self) -> date:
        """The last day, inclusive; for a milestone its day."""
        return max(day_of(self.start), last_day_of(self.finish))


@dataclass(frozen=True, slots=True)
class Moved:
    """A task whose finish differs between two plans; a date is None if the task is not in that plan."""

    task: TaskId
    before: Dates | None
    after: Dates | None

    @property
    def minutes(self) -> int:
        """Civil minutes later (negative if earlier); 0 for a task added or removed."""
        return self.after.finish - self.before.finish if self.before and self.after else 0


def dates_of(programme: "Programme") -> dict[TaskId, Dates]:
    """Return the schedule's early dates by task."""
    timed = (programme.timed(t.id) for t in programme.tasks())
    return {t.task: Dates(t.early_start, t.early_finish) for t in timed}


def compare(before: Mapping[TaskId, Dates], after: Mapping[TaskId, Dates]) -> tuple[Moved, ...]:
    """Return the tasks added, removed or moved, the largest move first."""
    moved = (Moved(t, before.get(t), after.get(t)) for t in sorted({*before, *after}) if before.get(t) != after.get(t))
    return tuple(sorted(moved, key=lambda m: (-abs(m.minutes), m.task)))
