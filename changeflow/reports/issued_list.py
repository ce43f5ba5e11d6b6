"""The list of issued reports: the headline of each, and what moved since the report before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.programme.programme import Programme
from changeflow.reports.trend import ReportPoint
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

FIRST = "First report"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedHead:
    """What is known of an issued report besides its milestones."""

    number: int
    by: str
    """In words."""
    version: int
    headline: str
    """Its headline, or why there is none."""
    point: ReportPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLine:
    """One issued report."""

    number: int
    on: str
    by: str
    version: int
    headline: str
    late_go_lives: str
    """School go-lives later than announced, as `3 of 42`; a dash if not recorded."""
    moved: str
    """How many milestones moved since the report before it."""


def issued_lines(programme: Programme, heads: Sequence[IssuedHead]) -> tuple[IssuedLine, ...]:
    """Return a line for each report, latest first; `heads` come oldest first."""
    lines = []
    for number, head in enumerate(heads):
        late = head.point.go_lives
        lines.append(
            IssuedLine(
                number=head.number,
                on=format_day(head.point.on),
                by=head.by,
                version=head.version,
                headline=head.headline,
                late_go_lives=f"{late[1]} of {late[0]}" if late else "–",
                moved=_moved(programme, heads[number - 1].point, head.point) if number else FIRST,
            )
        )
    return tuple(reversed(lines))


def _moved(programme: Programme, before: ReportPoint, after: ReportPoint) -> str:
    """Count the milestones that both reports have and that moved by a day or more."""
    then, now = _days(programme, before.milestones), _days(programme, after.milestones)
    days = [(now[task] - then[task]).days for task in now if task in then]
    later, earlier = sum(d > 0 for d in days), sum(d < 0 for d in days)
    said = [f"{counted(n, 'milestone')} {word}" for n, word in ((later, "later"), (earlier, "earlier")) if n]
    return " and ".join(said) or "No milestone moved"


def _days(programme: Programme, points: Mapping[TaskId, tuple[int, int]]) -> dict[TaskId, date]:
    """Return the day of each milestone that the programme still has."""
    tasks = programme.roadmap.tasks
    return {task: programme.timed(task).day_at(finish) for task, (finish, _) in points.items() if task in tasks}
