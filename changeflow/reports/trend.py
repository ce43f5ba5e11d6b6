"""The trend of milestones and late go-lives, from the first baseline and from report to report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.programme.announcements import go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import TimedTask
from changeflow.roadmap.model.tasks import Milestone
from changeflow.values.base import TaskId
from changeflow.values.duration import days_in_words
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import later_or_earlier

REPORTS_SHOWN = 6
"""The most reports in a trend: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    name: str
    forecasts: tuple[str, ...]
    """One for each report, oldest first and today's last; empty if the milestone did not exist."""
    sentence: str
    first: str = ""
    """The date in the first baseline; empty if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    first: str
    """The name of the first baseline; empty if there is none."""
    days: tuple[str, ...]
    go_lives: TrendLine
    """The number of announced go-lives that were late in each report: `3 of 42`."""
    lines: tuple[TrendLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPoint:
    """What an earlier report contributes to the trend."""

    on: date
    milestones: Mapping[TaskId, tuple[int, int]]
    """Finish and float, as in `points_of`."""
    go_lives: tuple[int, int] | None
    """The number announced and the number of those late; None if not recorded."""


def points_of(programme: Programme) -> dict[TaskId, tuple[int, int]]:
    """Return each milestone's finish and float, to keep with an issued report.

    The finish is in civil minutes; the float is working minutes to the deadline, or total float without one.
    """
    return {m.task: (programme.timed(m.task).early_finish, programme.spare(m)) for m in programme.milestones}


def late_go_lives(programme: Programme) -> tuple[int, int]:
    """Return the number of announced go-lives, and the number of those late."""
    known = [live for live in go_lives(programme) if live.announced is not None]
    return len(known), sum(live.is_late for live in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    """A baseline, as far as reports compare with it."""

    number: int
    on: date
    dates: Mapping[TaskId, Dates]
    milestones: Mapping[TaskId, tuple[str, date | None]]
    """The name and deadline of each, by task."""
    is_latest: bool

    @property
    def name(self) -> str:
        return f"Baseline {self.number} of {format_day(self.on)}"

    def of(self, milestone: Milestone, timed: TimedTask) -> tuple[date | None, date | None]:
        """Return a milestone's day and deadline in the baseline; one whose id changed is found by name.

        `timed` is its forecast now.
        """
        again = (task for task, (name, _) in self.milestones.items() if name == milestone.name)
        task = milestone.task if milestone.task in self.milestones else next(again, milestone.task)
        day = timed.day_at(self.dates[task].finish) if task in self.dates else None
        return day, self.milestones.get(task, ("", None))[1]


def build_trend(
    programme: Programme, earlier: Sequence[ReportPoint], *, first: ApprovedPlan | None = None
) -> Trend | None:
    """Build the trend from earlier reports, oldest first, to today; None if there is nothing earlier.

    `first` is the first baseline.
    """
    looked_at = [e for e in earlier if e.on < programme.on][-REPORTS_SHOWN:]
    if not looked_at:
        return None
    today = ReportPoint(on=programme.on, milestones=points_of(programme), go_lives=late_go_lives(programme))
    reports = [*looked_at, today]
    lines = []
    for milestone in sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id)):
        points = [r.milestones.get(milestone.task) for r in reports]
        seen = [p for p in points if p is not None]
        timed = programme.timed(milestone.task)
        forecasts = tuple(format_day(timed.day_at(p[0])) if p else "" for p in points)
        sentence = _trend_sentence(timed, seen, programme.minutes_per_day)
        approved = first.of(milestone, timed)[0] if first else None
        planned = format_day(approved) if approved else ""
        lines.append(TrendLine(name=milestone.name, forecasts=forecasts, sentence=sentence, first=planned))
    days = tuple(format_day(r.on) for r in reports)
    late = _late_trend([r.go_lives for r in reports])
    return Trend(first=first.name if first else "", days=days, go_lives=late, lines=tuple(lines))


def _late_trend(counts: Sequence[tuple[int, int] | None]) -> TrendLine:
    known = [late for late in counts if late is not None]
    more = known[-1][1] - known[0][1]
    return TrendLine(
        name="School go-lives later than announced",
        forecasts=tuple(f"{late[1]} of {late[0]}" if late else "" for late in counts),
        sentence=f"{abs(more)} {'more' if more > 0 else 'fewer'}" if more else "no change",
    )


def _trend_sentence(timed: TimedTask, points: Sequence[tuple[int, int]], minutes_per_day: int) -> str:
    """Say how the date and the float changed since the first of these reports."""
    (finish_then, spare_then), (finish, spare) = points[0], points[-1]
    days = (timed.day_at(finish) - timed.day_at(finish_then)).days
    moved = later_or_earlier(days) if days else "no change"
    lost = spare_then - spare
    if abs(lost) < minutes_per_day:
        return moved if not days else f"{moved}; float unchanged"
    amount = days_in_words(abs(lost), minutes_per_day).replace("day", "working day")
    return f"{moved}; {amount} of float {'used up' if lost > 0 else 'gained'}"
