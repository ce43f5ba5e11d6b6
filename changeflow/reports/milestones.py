"""Milestones in words: forecast against baseline and deadline, odds and float."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.reports.trend import ApprovedPlan
from changeflow.roadmap.analysis.assumed import mark_assumed
from changeflow.roadmap.analysis.lengths import float_in_words
from changeflow.roadmap.model.tasks import Milestone
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import later_or_earlier

NOT_KNOWN = "not known"
"""The day by which a milestone is likely, if too little of the work before it has a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneLine:
    name: str
    forecast: str
    baseline: str
    deadline: str
    state: str
    """`done`, `on time`, `earlier`, `later`, `too late` or `dropped`."""
    sentence: str
    first_baseline: str
    """Its day in the first baseline; a dash if it has none."""
    sure_by: str = ""
    """The day that 80 of 100 simulated programmes meet, with the odds; empty if not simulated."""
    sure_on: str = ""
    """The same day alone; empty if unknown."""
    spare: str = ""
    """Float before its deadline, or total float if it has none."""


def milestones_in_time(programme: Programme) -> list[Milestone]:
    """Return the milestones by date."""
    return sorted(programme.milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))


def milestone_lines(
    programme: Programme, baseline: Mapping[str, Dates] | None = None, first: ApprovedPlan | None = None
) -> tuple[MilestoneLine, ...]:
    """Return a line for each milestone by date, then for those dropped since the first baseline."""
    lines = (_milestone(programme, m, baseline, first) for m in milestones_in_time(programme))
    return (*lines, *_dropped(programme, baseline, first))


def _milestone(
    programme: Programme, milestone: Milestone, baseline: Mapping[str, Dates] | None, first: ApprovedPlan | None
) -> MilestoneLine:
    timed = programme.timed(milestone.task)
    forecast = timed.last_day
    planned = timed.day_at(baseline[milestone.task].finish) if baseline and milestone.task in baseline else None
    spare = float_in_words(programme.roadmap, milestone.task, abs(programme.spare(milestone)))
    state, words = "on time", ["no change from the baseline"] if planned else []
    if milestone.task in programme.roadmap.progress:
        state, words = "done", ["reached"]
    elif milestone.deadline is not None and forecast > milestone.deadline:
        state, words = (
            "too late",
            [f"{counted((forecast - milestone.deadline).days, 'day')} after its deadline ({spare} too late)"],
        )
    elif planned is not None and forecast != planned:
        days = (forecast - planned).days
        state = "later" if days > 0 else "earlier"
        words = [f"{counted(abs(days), 'day')} {state} than the baseline"]
    if state in ("on time", "earlier", "later") and milestone.deadline is not None:
        words.append(f"{spare} before its deadline")
    approved, deadline = first.of(milestone, timed) if first else (None, None)
    if approved is not None and first is not None and approved not in (planned, forecast):
        days = (forecast - approved).days
        words.append(f"{later_or_earlier(days)} than baseline {first.number}")
    if deadline is not None and first is not None and deadline != milestone.deadline:
        words.append(f"its deadline was {format_day(deadline)} in baseline {first.number}")
    shown = mark_assumed(format_day(forecast), programme.required_schedule, milestone.task)
    message = f"{shown}{', ' if words else ''}{', '.join(words)}"
    return MilestoneLine(
        first_baseline=format_day(approved) if approved else "–",
        name=milestone.name,
        forecast=shown,
        baseline=format_day(planned) if planned else "–",
        deadline=format_day(milestone.deadline) if milestone.deadline else "–",
        state=state,
        sentence=f"{milestone.name}: {message}.",
        sure_by=_sure_by(programme, milestone) if state != "done" else "",
        sure_on=_sure_on(programme, milestone) if state != "done" else "",
        spare=_spare(programme, milestone) if state != "done" else "",
    )


def _spare(programme: Programme, milestone: Milestone) -> str:
    spare = programme.spare(milestone)
    words = float_in_words(programme.roadmap, milestone.task, abs(spare))
    return f"{words} too late" if spare < 0 else words


def _sure_on(programme: Programme, milestone: Milestone) -> str:
    odds = programme.facts.odds_of(milestone.id)
    return format_day(odds.p80) if odds is not None and odds.is_known else ""


def _sure_by(programme: Programme, milestone: Milestone) -> str:
    odds = programme.facts.odds_of(milestone.id)
    if odds is None:
        return ""
    if not odds.is_known:
        return f"{NOT_KNOWN} (too few estimates)"
    is_same = odds.is_known and odds.deadline is not None and odds.deadline == milestone.deadline
    held = odds.deadline_odds if is_same else None
    of = "" if held is None else f"; {held}% chance of meeting the deadline"
    return f"{odds.sure_by}{of} (calculated on {format_day(odds.on)}, plan version {odds.version})"


def _dropped(
    programme: Programme, baseline: Mapping[str, Dates] | None, first: ApprovedPlan | None
) -> Iterator[MilestoneLine]:
    """Yield the milestones dropped since the first baseline."""
    if first is None:
        return
    kept = {m.task for m in programme.milestones} | {m.name for m in programme.milestones}
    for task, (name, deadline) in first.milestones.items():
        if task in first.dates and not {task, name} & kept:
            day = format_day(first.dates[task].last_day)
            planned = format_day(baseline[task].last_day) if baseline and task in baseline else "–"
            yield MilestoneLine(
                name=name,
                forecast="–",
                baseline=planned,
                deadline=format_day(deadline) if deadline else "–",
                state="dropped",
                sentence=f"{name}: dropped; baseline {first.number} had it on {day}.",
                first_baseline=day,
            )
