"""The current plan beside drafts of it: dates, chances, workload, cost and findings, with the differences in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from changeflow.phrases import listed
from changeflow.programme.announcements import GoLive, go_lives
from changeflow.programme.programme import Programme
from changeflow.reports.dual_running import dual_running_costs
from changeflow.reports.effects import short_days
from changeflow.reports.findings import finding_lines, findings_beyond
from changeflow.roadmap.levelling.teams import Capacity
from changeflow.rules.engine import Judged
from changeflow.values.duration import counted
from changeflow.values.finding import Finding
from changeflow.values.moments import format_day, format_days, last_day_of
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.words import Kind

NOT_PLANNED = "not in this plan"
NONE = "–"
END = "End of the programme"


class Sign(StrEnum):
    """How a draft differs from the current plan."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCell:
    """One thing in one plan."""

    text: str
    note: str = ""
    is_late: bool = False
    """Whether it misses a deadline."""
    change: str = ""
    """The difference from the current plan, in words; empty if there is none."""
    sign: Sign = Sign.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One thing in every plan; the first cell is for the current plan."""

    name: str
    detail: str = ""
    count: int = 1
    """How many dates it shows: schools with equal dates share a row."""
    cells: tuple[ComparedCell, ...]

    @property
    def differs(self) -> bool:
        return any(cell.sign is not Sign.SAME for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTable:
    """Rows of one kind. Rows that are alike in every plan are kept apart."""

    key: str
    title: str
    heading: str
    """The heading of the first column."""
    detail: str
    """The heading of the second column; empty without one."""
    rows: tuple[ComparedRow, ...]
    alike: tuple[ComparedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFindings:
    """Findings of one draft that the current plan does not have, and the other way round."""

    plan: str
    new: tuple[str, ...]
    resolved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComparison:
    """Plans side by side; the first is the current plan."""

    plans: tuple[str, ...]
    headlines: tuple[str, ...]
    """One sentence for each draft."""
    tables: tuple[ComparedTable, ...]
    findings: tuple[ComparedFindings, ...]


Plans = Sequence[tuple[str, Judged]]


def compare_plans(plans: Plans) -> PlanComparison:
    """Compare the current plan, which is first, with drafts of it."""
    programmes = [judged.programme for _, judged in plans]
    lives = [{(g.school, g.service): g for g in go_lives(p)} for p in programmes]
    announced = {key for own in lives for key, live in own.items() if live.announced is not None}
    others = {key for own in lives for key in own} - announced
    tables = (
        table_of("milestones", "Milestones and deadlines", "Milestone", "Deadline", _milestones(programmes)),
        table_of("announced", "Announced dates", "Go-live", "Announced day", _go_lives(programmes, lives, announced)),
        table_of("decisions", "Decisions", "Decision", "", _decisions(programmes)),
        table_of("go-lives", "Go-lives not announced yet", "Go-live", "", _go_lives(programmes, lives, others)),
        table_of("load", "Weeks in which a team is overloaded", "Team", "", _load(programmes)),
        table_of("cost", "Cost of dual running", "Service", "", _cost(programmes)),
    )
    findings = tuple(_findings(name, plans[0][1], judged) for name, judged in plans[1:])
    return PlanComparison(
        plans=tuple(name for name, _ in plans),
        headlines=tuple(_headline(n, tables, found) for n, found in enumerate(findings, start=1)),
        tables=tuple(table for table in tables if table.rows or table.alike),
        findings=findings,
    )


def table_of(key: str, title: str, heading: str, detail: str, rows: Iterable[ComparedRow]) -> ComparedTable:
    """Return a table with the rows that differ apart from the others."""
    every = tuple(rows)
    return ComparedTable(
        key=key,
        title=title,
        heading=heading,
        detail=detail,
        rows=tuple(row for row in every if row.differs),
        alike=tuple(row for row in every if not row.differs),
    )


Difference = tuple[str, Sign]
"""What differs, in words, and whether it is better."""
ALIKE: Difference = "", Sign.SAME


def date_cells(
    days: Sequence[date | None], notes: Sequence[str] = (), others: Sequence[Difference] = ()
) -> tuple[ComparedCell, ...]:
    """Return a day of each plan, with its difference from the first in words; None if a plan lacks it.

    `others` are differences to show for days that are the same.
    """
    cells = []
    for n, day in enumerate(days):
        change, sign = _moved(days[0], day)
        if sign is Sign.SAME and others:
            change, sign = others[n]
        text = format_day(day) if day is not None else NOT_PLANNED
        cells.append(ComparedCell(text=text, note=notes[n] if notes else "", change=change, sign=sign))
    return tuple(cells)


def _moved(was: date | None, day: date | None) -> Difference:
    if day == was:
        return ALIKE
    if day is None or was is None:
        return "new" if was is None else "removed", Sign.OTHER
    return later_or_earlier((day - was).days), Sign.WORSE if day > was else Sign.BETTER


def _milestones(programmes: Sequence[Programme]) -> Iterator[ComparedRow]:
    names: dict[str, str] = {}
    for programme in programmes:
        ahead = sorted(programme.open_milestones, key=lambda m: (programme.timed(m.task).early_finish, m.id))
        names |= {m.id: m.name for m in ahead if m.id not in names}
    for id_, name in names.items():
        found = [p.milestone(id_) for p in programmes]
        days = [p.timed(m.task).last_day if m else None for p, m in zip(programmes, found, strict=True)]
        deadlines = [m.deadline if m else None for m in found]
        known = next((d for d in deadlines if d is not None), None)
        notes = [_of_deadline(day, own, known) if day else "" for day, own in zip(days, deadlines, strict=True)]
        late = [day is not None and own is not None and day > own for day, own in zip(days, deadlines, strict=True)]
        others = [
            _deadline_change(late[0], is_late, own != deadlines[0])
            for own, is_late in zip(deadlines, late, strict=True)
        ]
        detail = format_day(known) if known is not None else NONE
        cells = date_cells(days, notes, others)
        marked = tuple(replace(cell, is_late=own) for cell, own in zip(cells, late, strict=True))
        yield ComparedRow(name=name, detail=detail, cells=marked)
    ends = [last_day_of(p.required_schedule.finish) for p in programmes]
    yield ComparedRow(name=END, detail=NONE, cells=date_cells(ends))


def _of_deadline(day: date, own: date | None, shown: date | None) -> str:
    """Say whether a day misses its deadline, and name a deadline other than the one shown."""
    if own is None:
        return "no deadline" if shown is not None else ""
    other = f"deadline {format_day(own)}" if own != shown else ""
    late = f"misses its deadline by {counted((day - own).days, 'day')}" if day > own else ""
    return ", ".join(filter(None, (other, late)))


def _deadline_change(was_late: bool, is_late: bool, is_other: bool) -> Difference:
    """Say how a milestone that does not move differs by its deadline."""
    if was_late != is_late:
        return ("deadline missed", Sign.WORSE) if is_late else ("deadline met", Sign.BETTER)
    return ("different deadline", Sign.OTHER) if is_other else ALIKE


def _decisions(programmes: Sequence[Programme]) -> Iterator[ComparedRow]:
    names: dict[str, str] = {}
    for programme in programmes:
        steered = {m.task for m in programme.milestones}
        gates = [t for t in programme.tasks(kind=Kind.DECISION) if t.id not in steered and not programme.is_done(t.id)]
        gates.sort(key=lambda t: (programme.days_of(t.id)[1], t.id))
        names |= {t.id: t.name for t in gates if t.id not in names}
    for id_, name in names.items():
        days = [p.days_of(id_)[1] if id_ in p.roadmap.tasks else None for p in programmes]
        yield ComparedRow(name=name, cells=date_cells(days))


Lives = Mapping[tuple[str, str], GoLive]


def _go_lives(
    programmes: Sequence[Programme], lives: Sequence[Lives], keys: Iterable[tuple[str, str]]
) -> Iterator[ComparedRow]:
    """Yield the go-lives that have not happened; schools whose go-live of a service is the same share a row."""
    groups: dict[tuple[str, str, tuple[ComparedCell, ...]], list[str]] = {}
    first = {key: min(own[key].day or date.max for own in lives if key in own) for key in keys}
    for key in sorted(first, key=lambda k: (first[k], k)):
        found = [own.get(key) for own in lives]
        if any(live is not None and live.is_done for live in found):
            continue
        announced = next((live.announced for live in found if live is not None and live.announced), None)
        notes = [_of_announced(live) for live in found]
        cells = date_cells([live.day if live is not None else None for live in found], notes)
        detail = format_day(announced) if announced is not None else ""
        groups.setdefault((key[1], detail, cells), []).append(_school(programmes, key[0]))
    for (service, detail, cells), schools in groups.items():
        name = f"{_service(programmes, service)}: {listed(sorted(schools))}"
        yield ComparedRow(name=name, detail=detail, count=len(schools), cells=cells)


def _of_announced(live: GoLive | None) -> str:
    if live is None or live.announced is None or live.day is None:
        return ""
    return f"{later_or_earlier(live.days_late)} than announced" if live.days_late else "as announced"


def _service(programmes: Sequence[Programme], service: str) -> str:
    """Name a service, which may be in one of the plans only."""
    known = (s.name for p in programmes for s in p.services if s.service == service)
    return next(known, service)


def _school(programmes: Sequence[Programme], school: str) -> str:
    """Name a school, which may be in one of the plans only."""
    known = (s.name for p in programmes for s in p.definition.schools if s.id == school)
    return next(known, school)


def _load(programmes: Sequence[Programme]) -> Iterator[ComparedRow]:
    short = [short_days(p) for p in programmes]
    names = Capacity({k: team for p in reversed(programmes) for k, team in p.definition.rollout.teams.items()}).names
    for team in sorted({team for own in short for team in own}, key=lambda t: names[t]):
        weeks = [{day - timedelta(days=day.weekday()) for day in own.get(team, ())} for own in short]
        counts = [len(own) for own in weeks]
        spans = [format_days(min(own[team]), max(own[team])) if own.get(team) else "" for own in short]
        texts = [counted(n, "week") if n else "none" for n in counts]
        yield ComparedRow(
            name=names[team],
            cells=_counted_cells(
                counts, texts, spans, lambda n: f"{counted(abs(n), 'week')} {'more' if n > 0 else 'fewer'}"
            ),
        )


def _cost(programmes: Sequence[Programme]) -> Iterator[ComparedRow]:
    costs = [{service: (count, total) for service, count, total in dual_running_costs(p)} for p in programmes]
    for service in sorted({service for own in costs for service in own}):
        totals = [round(own[service][1]) if service in own else 0 for own in costs]
        notes = [counted(own[service][0], "pay period") if service in own else "" for own in costs]
        cells = _counted_cells(
            totals, [f"£{total:,}" for total in totals], notes, lambda n: f"£{abs(n):,} {'more' if n > 0 else 'less'}"
        )
        yield ComparedRow(name=_service(programmes, service), cells=cells)


def _counted_cells(
    numbers: Sequence[int], texts: Sequence[str], notes: Sequence[str], words: Callable[[int], str]
) -> tuple[ComparedCell, ...]:
    """Return a cell for each number, with its difference from the first; fewer is better."""
    cells = []
    for number, text, note in zip(numbers, texts, notes, strict=True):
        more = number - numbers[0]
        change = words(more) if more else ""
        sign = Sign.WORSE if more > 0 else Sign.BETTER if more else Sign.SAME
        if not more and note != notes[0]:
            change, sign = "different weeks", Sign.OTHER
        cells.append(ComparedCell(text=text, note=note, change=change, sign=sign))
    return tuple(cells)


def _findings(name: str, before: Judged, after: Judged) -> ComparedFindings:
    return ComparedFindings(
        plan=name,
        new=tuple(_lines(after.programme, findings_beyond(after, before))),
        resolved=tuple(_lines(before.programme, findings_beyond(before, after))),
    )


def _lines(programme: Programme, findings: Iterable[Finding]) -> Iterator[str]:
    for line in finding_lines(programme, findings):
        yield from line.messages


def _headline(number: int, tables: Sequence[ComparedTable], found: ComparedFindings) -> str:
    """Say in one sentence what a draft does to what matters most."""
    parts = []
    for key, noun in (("announced", "announced date"), ("milestones", "milestone"), ("decisions", "decision")):
        [rows] = [table.rows for table in tables if table.key == key]
        moved = [row for row in rows if row.name != END and row.cells[number].text != row.cells[0].text]
        for sign, word in ((Sign.WORSE, "later"), (Sign.BETTER, "earlier")):
            if count := sum(row.count for row in moved if row.cells[number].sign is sign):
                parts.append(f"{counted(count, noun)} {word}")
    parts += [f"{counted(missed, 'deadline')} missed"] if (missed := _newly_missed(number, tables)) else []
    parts += [counted(len(found.new), "new finding")] if found.new else []
    parts += [f"{counted(len(found.resolved), 'finding')} resolved"] if found.resolved else []
    if not parts:
        return f"“{found.plan}” moves no announced date, milestone or decision, and changes no finding."
    return f"“{found.plan}”: {listed(parts)}."


def _newly_missed(number: int, tables: Sequence[ComparedTable]) -> int:
    """Count the deadlines that a draft misses and the current plan meets."""
    rows = next(table.rows for table in tables if table.key == "milestones")
    return sum(row.cells[number].is_late and not row.cells[0].is_late for row in rows)
