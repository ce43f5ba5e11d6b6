"""How each milestone's forecast and float moved from report to report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.duration import days_in_words
from changeflow.values.moments import day_of, format_day

SHOWN = 6
"""Reports that are looked back on: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    name: str
    forecasts: tuple[str, ...]
    """One a report, the oldest first, and today's last; empty where the milestone did not exist yet."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    days: tuple[str, ...]
    lines: tuple[TrendLine, ...]


def points_of(programme: Programme) -> dict[TaskId, tuple[int, int]]:
    """Return what an issued report keeps of each milestone: its finish, and what is spare after it.

    That are civil minutes, and working minutes to its deadline or else its total float.
    """
    return {m.task: (programme.timed(m.task).early_finish, programme.spare(m)) for m in programme.milestones}


def build_trend(programme: Programme, earlier: Sequence[tuple[date, Mapping[TaskId, tuple[int, int]]]]) -> Trend | None:
    """Build the trend from earlier reports, the oldest first, to today; None where there is none to look back on."""
    looked_at = [e for e in earlier if e[0] < programme.on][-SHOWN:]
    if not looked_at:
        return None
    reports = [*looked_at, (programme.on, points_of(programme))]
    lines = []
    for milestone in sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id)):
        points = [known.get(milestone.task) for _, known in reports]
        seen = [p for p in points if p is not None]
        forecasts = tuple(format_day(day_of(p[0])) if p else "" for p in points)
        sentence = _sentence(seen, programme.minutes_per_day)
        lines.append(TrendLine(name=milestone.name, forecasts=forecasts, sentence=sentence))
    return Trend(days=tuple(format_day(on) for on, _ in reports), lines=tuple(lines))


def _sentence(points: Sequence[tuple[int, int]], minutes_per_day: int) -> str:
    """Say how far the date went and what became of the float since the first of these reports."""
    (finish_then, spare_then), (finish, spare) = points[0], points[-1]
    days = (day_of(finish) - day_of(finish_then)).days
    moved = "no change" if not days else f"{abs(days)} days {'later' if days > 0 else 'earlier'}"
    lost = spare_then - spare
    if abs(lost) < minutes_per_day:
        return moved if not days else f"{moved}; float unchanged"
    amount = days_in_words(abs(lost), minutes_per_day)
    return f"{moved}; {amount} of float {'used up' if lost > 0 else 'gained'}"
