"""Each team's people and needs, minute by minute, in tenths of a person; without slots."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from changeflow.calendar.working import WorkingCalendar, union
from changeflow.roadmap.engine.pace import work_of
from changeflow.roadmap.model.requests import WaveTeam
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, day_of, minute_of

TENTHS = 10
"""How many units make one person; a team's days a week are fifths of a person."""


class Capacity:
    """The capacity of teams, day by day. Days are counted from 1970-01-01."""

    def __init__(self, teams: Mapping[str, WaveTeam]) -> None:
        self.known = dict(teams)
        self.teams = tuple(sorted(teams))
        self.names = {key: team.name or key.replace("-", " ") for key, team in teams.items()}
        self._cache: dict[tuple[str, int], int] = {}

    def on(self, team: str, day: int) -> int:
        """Return a team's tenths of a person on a day."""
        key = (team, day)
        if key not in self._cache:
            self._cache[key] = round(self.known[team].left_on(day_of(day * DAY)) * TENTHS / 5)
        return self._cache[key]

    def changes(self, team: str) -> list[int]:
        """Return the midnights at which a team may have more or fewer people, in civil minutes."""
        away = self.known[team].away
        return [minute_of(day) for a in away for day in (a.first_day, a.last_day + timedelta(days=1))]

    def most(self, team: str) -> int:
        """Return a team's tenths of a person on a day without absences."""
        return round((self.known[team].days_per_week - self.known[team].backfill) * TENTHS / 5)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time `[start, end)` with a constant need for a team, in tenths of a person."""

    team: str
    start: int
    end: int
    asked: int
    has: int

    @property
    def over(self) -> int:
        return max(0, self.asked - self.has)


Spans = Mapping[TaskId, tuple[int, int]]
"""Start and finish of every task, in civil minutes."""


def loads(
    roadmap: Roadmap, dates: Spans, capacity: Capacity, *, teams: Iterable[str] | None = None
) -> Iterator[Stretch]:
    """Yield every stretch in which a team is needed, day by day; for all teams if none are named."""
    for team in capacity.teams if teams is None else teams:
        changes: Counter[int] = Counter()
        for task in roadmap.tasks.values():
            if amount := task.needs.get(team):
                for start, end in stretches(task, roadmap, *dates[task.id]):
                    changes[start] += amount
                    changes[end] -= amount
        asked = 0
        for start, end in pairwise(sorted({*changes, *capacity.changes(team)})):
            asked += changes[start]
            if asked:
                yield Stretch(team, start, end, asked, capacity.on(team, start // DAY))


def overloads(
    roadmap: Roadmap, dates: Spans, capacity: Capacity, *, teams: Iterable[str] | None = None
) -> tuple[Stretch, ...]:
    """Return the stretches in which a team's need exceeds its people."""
    return tuple(s for s in loads(roadmap, dates, capacity, teams=teams) if s.over)


def everybody(roadmap: Roadmap) -> WorkingCalendar:
    """Return the hours in which anyone works: no one is needed at night, or on a day without work on any task."""
    return union("everybody", *in_use(roadmap))


def in_use(roadmap: Roadmap) -> list[WorkingCalendar]:
    """Return the calendars in which tasks are worked on."""
    used = {t.placed_on or t.calendar for t in roadmap.tasks.values()}
    used |= {t.term_calendar for t in roadmap.tasks.values() if t.term_calendar}
    return [roadmap.calendars[key] for key in sorted(used)]


def stretches(task: Task, roadmap: Roadmap, start: int, finish: int) -> Iterator[tuple[int, int]]:
    """Yield the times when a task takes its people: while its calendar works or, for clock time and for tasks that keep
    their people, in all working hours."""
    work = work_of(task, roadmap)
    calendar = everybody(roadmap) if task.holds_people or work is None else work[0]
    for opens, closes in calendar.intervals_within(start, finish):
        yield max(opens, start), min(closes, finish)
