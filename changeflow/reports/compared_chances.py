"""The chances of deadlines and announced dates in the current plan and in drafts of it, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil

from changeflow.phrases import listed
from changeflow.planning.plan_chances import PlanChances
from changeflow.programme.facts import Odds
from changeflow.programme.programme import Programme
from changeflow.reports.milestones import NOT_KNOWN
from changeflow.reports.plan_comparison import (
    ALIKE,
    NONE,
    NOT_PLANNED,
    ComparedCell,
    ComparedRow,
    ComparedTable,
    Difference,
    Sign,
    date_cells,
    table_of,
)
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

NOT_CALCULATED = "not calculated"
TOO_FEW = "too few estimates"
SURE = 1.96
"""Standard deviations on each side that contain 95% of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedChances:
    """The chances of several plans; the first is the current plan."""

    tables: tuple[ComparedTable, ...]
    how_sure: str


def compare_chances(programme: Programme, chances: Sequence[PlanChances | None], *, iterations: int) -> ComparedChances:
    """Put the chances of each plan side by side; None for a draft that has not been calculated.

    `programme` is the current plan, which provides the names of things.
    """
    deadlines = table_of(
        "deadlines", "Chance of meeting each deadline", "Milestone", "Deadline", _milestones(programme, chances)
    )
    announced = table_of(
        "days", "Chance of meeting each announced date", "Go-live", "Announced day", _go_lives(programme, chances)
    )
    return ComparedChances(
        tables=tuple(table for table in (deadlines, announced) if table.rows or table.alike),
        how_sure=how_sure(iterations),
    )


def how_sure(iterations: int) -> str:
    """Say how exact the chances are, and what they depend on.

    >>> how_sure(10_000)[107:183]
    'Each chance is within 1 percentage point of what more simulations would show'
    """
    points = ceil(100 * SURE * (0.25 / iterations) ** 0.5)
    return (
        f"Each plan was simulated {iterations:,} times with the same random numbers, so any difference comes from the "
        f"plans. Each chance is within {counted(points, 'percentage point')} of what more simulations would show. All "
        "chances depend on the shortest, likely and longest durations that people have estimated. A chance is not "
        "known if every simulation meets the date but some of the work leading up to it has no estimate."
    )


def _milestones(programme: Programme, chances: Sequence[PlanChances | None]) -> Iterator[ComparedRow]:
    own = [{o.milestone: o for o in found.milestones} if found else {} for found in chances]
    missing = _words_for_none(chances)
    for id_ in dict.fromkeys(id_ for known in own for id_ in known):
        milestone = programme.milestone(id_)
        found = [known.get(id_) for known in own]
        deadline = next((o.deadline for o in found if o is not None and o.deadline), None)
        cells = _chance_cells(found, deadline, missing) if deadline is not None else _sure_cells(found, missing)
        detail = format_day(deadline) if deadline is not None else NONE
        yield ComparedRow(name=milestone.name if milestone else id_, detail=detail, cells=cells)


def _words_for_none(chances: Sequence[PlanChances | None]) -> tuple[str, ...]:
    """Return, for each plan, the words for a date whose chance it lacks."""
    return tuple(NOT_CALCULATED if found is None else NOT_PLANNED for found in chances)


def _chance_cells(found: Sequence[Odds | None], deadline: date, missing: Sequence[str]) -> tuple[ComparedCell, ...]:
    notes = [_sure_by(odds, deadline) if odds is not None else "" for odds in found]
    texts = [NOT_KNOWN if odds is not None else words for odds, words in zip(found, missing, strict=True)]
    return _percent_cells([odds.deadline_odds if odds is not None else None for odds in found], texts, notes)


def _sure_by(odds: Odds, shown: date) -> str:
    other = f"deadline {format_day(odds.deadline)}; " if odds.deadline is not None and odds.deadline != shown else ""
    return f"{other}80% likely by {odds.sure_by}" if odds.is_known else f"{other}{TOO_FEW}"


def _sure_cells(found: Sequence[Odds | None], missing: Sequence[str]) -> tuple[ComparedCell, ...]:
    """Return the days that are 80% likely, for a milestone without a deadline."""
    days = [odds.p80 if odds is not None and odds.is_known else None for odds in found]
    cells = []
    for cell, odds, words in zip(date_cells(days), found, missing, strict=True):
        if odds is None or not odds.is_known:
            cells.append(ComparedCell(text=words if odds is None else NOT_KNOWN, note=TOO_FEW if odds else ""))
        elif days[0] is None:
            cells.append(ComparedCell(text=f"80% likely by {cell.text}"))
        else:
            cells.append(replace(cell, text=f"80% likely by {cell.text}"))
    return tuple(cells)


def _percent_cells(
    percents: Sequence[int | None], texts: Sequence[str], notes: Sequence[str]
) -> tuple[ComparedCell, ...]:
    """Return a chance of each plan, with its difference from the first in percentage points.

    `texts` are the words if it is not known.
    """
    was = percents[0]
    cells = []
    for percent, text, note in zip(percents, texts, notes, strict=True):
        change, sign = _changed((was, texts[0]), (percent, text))
        shown = f"{percent}%" if percent is not None else text
        cells.append(ComparedCell(text=shown, note=note, change=change, sign=sign))
    return tuple(cells)


def _changed(was: tuple[int | None, str], now: tuple[int | None, str]) -> Difference:
    """Compare two chances, each with the words for one that is not known.

    A chance is not known if every simulation meets the date, so it is higher than any that is known.
    """
    percents = [100 if percent is None and words == NOT_KNOWN else percent for percent, words in (was, now)]
    if percents[0] is None or percents[1] is None or percents[0] == percents[1]:
        return ALIKE
    more = percents[1] - percents[0]
    points = f"{counted(abs(more), 'point')} " if was[0] is not None and now[0] is not None else ""
    return f"{points}{'higher' if more > 0 else 'lower'}", Sign.BETTER if more > 0 else Sign.WORSE


def _go_lives(programme: Programme, chances: Sequence[PlanChances | None]) -> Iterator[ComparedRow]:
    """Yield the chance of each announced go-live; schools with the same day and chances share a row."""
    own = [{(c.service, c.school): c for c in found.go_lives} if found else {} for found in chances]
    missing = _words_for_none(chances)
    groups: dict[tuple[str, date, tuple[ComparedCell, ...]], list[str]] = {}
    for key in dict.fromkeys(key for known in own for key in known):
        found = [known.get(key) for known in own]
        day = next(one.announced for one in found if one is not None)
        texts = [NOT_KNOWN if one is not None else words for one, words in zip(found, missing, strict=True)]
        percents = [one.percent if one is not None else None for one in found]
        cells = _percent_cells(percents, texts, [""] * len(found))
        groups.setdefault((key[0], day, cells), []).append(programme.school_name(key[1]))
    for (service, day, cells), schools in groups.items():
        name = f"{programme.service_name(service)}: {listed(sorted(schools))}"
        yield ComparedRow(name=name, detail=format_day(day), count=len(schools), cells=cells)
