"""The trend of each milestone, and of late go-lives, from the first baseline and from report to report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.programme.announcements import go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import TimedTask
from changeflow.roadmap.model.tasks import Milestone
from changeflow.values.base import TaskId
from changeflow.values.duration import days_in_words, later_or_earlier
from changeflow.values.moments import format_day

REPORTS_SHOWN = 6
"""Reports that are looked back on: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    name: str
    forecasts: tuple[str, ...]
    """One a report, the oldest first, and today's last; empty where the milestone did not exist yet."""
    sentence: str
    first: str = ""
    """In the first baseline; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    first: str
    """What the first baseline is called; empty without one."""
    days: tuple[str, ...]
    go_lives: TrendLine
    """How many announced go-lives each report found late: `3 of 42`."""
    lines: tuple[TrendLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPoint:
    """What is kept of an earlier report for the trend."""

    on: date
    milestones: Mapping[TaskId, tuple[int, int]]
    """Finish and what was spare, as in `points_of`."""
    go_lives: tuple[int, int] | None
    """Announced go-lives, and those of them that were late; None where that was not kept."""


def points_of(programme: Programme) -> dict[TaskId, tuple[int, int]]:
    """Return what an issued report keeps of each milestone: its finish, and what is spare after it.

    That are civil minutes, and working minutes to its deadline or else its total float.
    """
    return {m.task: (programme.timed(m.task).early_finish, programme.spare(m)) for m in programme.milestones}


def late_go_lives(programme: Programme) -> tuple[int, int]:
    """Return how many go-lives were announced, and how many of them are late."""
    known = [live for live in go_lives(programme) if live.announced is not None]
    return len(known), sum(live.is_late for live in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    """A baseline as reports look back on it."""

    number: int
    on: date
    dates: Mapping[TaskId, Dates]
    milestones: Mapping[TaskId, tuple[str, date | None]]
    """Name and deadline of each, by its task."""
    is_latest: bool

    @property
    def name(self) -> str:
        return f"Baseline {self.number} of {format_day(self.on)}"

    def of(self, milestone: Milestone, timed: TimedTask) -> tuple[date | None, date | None]:
        """Return the day and the deadline that a milestone had; one under another id is known by its name.

        `timed` is the milestone as it is forecast now.
        """
        again = (task for task, (name, _) in self.milestones.items() if name == milestone.name)
        task = milestone.task if milestone.task in self.milestones else next(again, milestone.task)
        day = timed.day_at(self.dates[task].finish) if task in self.dates else None
        return day, self.milestones.get(task, ("", None))[1]


def build_trend(
    programme: Programme, earlier: Sequence[ReportPoint], *, first: ApprovedPlan | None = None
) -> Trend | None:
    """Build the trend from earlier reports, the oldest first, to today; None where there is none to look back on.

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
    """Say how far the date went and what became of the float since the first of these reports."""
    (finish_then, spare_then), (finish, spare) = points[0], points[-1]
    days = (timed.day_at(finish) - timed.day_at(finish_then)).days
    moved = later_or_earlier(days) if days else "no change"
    lost = spare_then - spare
    if abs(lost) < minutes_per_day:
        return moved if not days else f"{moved}; float unchanged"
    amount = days_in_words(abs(lost), minutes_per_day).replace("day", "working day")
    return f"{moved}; {amount} of float {'used up' if lost > 0 else 'gained'}"
