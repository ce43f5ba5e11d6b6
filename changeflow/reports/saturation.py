"""Saturation: how many changes reach each school and each group of people in each week, across several programmes.

What counts as a change in a week is in `school_weeks`. Nothing here is about what people think of the change: only
activities are counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, islice

from changeflow.phrases import capitalised
from changeflow.programme.definition import School
from changeflow.programme.programme import Programme
from changeflow.reports.plan_rows import spare_in_words
from changeflow.reports.schedules import task_float
from changeflow.reports.school_weeks import (
    AHEAD,
    ASKS,
    WEEKS,
    Change,
    RolloutWeeks,
    SchoolAsk,
    SchoolWeeks,
    is_open,
    school_key,
    school_weeks,
)
from changeflow.values.moments import day_of, format_day, format_days


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturationCell:
    """One week of a school or group."""

    count: int
    """Changes in that week; for a group, at the school where it is busiest against that school's limit."""
    limit: int
    closed: str
    """A blackout, such as exams, or “school holiday”; empty for a plain week."""

    @property
    def is_over(self) -> bool:
        return self.count > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturationRow:
    """One school or group, week by week."""

    school: str
    """The school's id; empty for a group."""
    name: str
    limit: str
    """The limit, or its range over a group's schools."""
    cells: tuple[SaturationCell, ...]

    @property
    def peak(self) -> int:
        return max((c.count for c in self.cells), default=0)

    @property
    def weeks_over(self) -> int:
        return sum(c.is_over for c in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLine:
    """A run of weeks in which a school has the same changes, more than its limit."""

    school: str
    name: str
    weeks: str
    count: int
    limit: int
    changes: tuple[str, ...]
    """Each change with what it asks of people, such as `Payroll: training and go-live`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskToMove:
    """A task to move, because schools are over their limit while it runs."""

    task: str
    name: str
    programme: str
    """The programme, if it is another one; empty for the one that is shown."""
    wave: bool
    """Whether it belongs to a wave."""
    now: str
    spare: str
    """Its float in words."""
    is_beyond: bool
    """Whether its float ends before there is room, so that the move delays something."""
    room: str
    """The first later week with room at all of its schools; empty if none was found."""
    schools: tuple[str, ...]
    """The schools that it would relieve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Schools and groups by weeks, and what to do about weeks over the limit."""

    mondays: tuple[date, ...]
    schools: tuple[SaturationRow, ...]
    groups: tuple[SaturationRow, ...]
    over: tuple[OverLine, ...]
    moves: tuple[TaskToMove, ...]
    others: int
    """Other programmes that are counted."""

    @property
    def weeks(self) -> tuple[str, ...]:
        return tuple(format_day(monday, year=False) for monday in self.mondays)

    @property
    def span(self) -> str:
        return format_days(self.mondays[0], self.mondays[-1] + timedelta(days=6))

    @property
    def schools_over(self) -> int:
        return sum(row.weeks_over > 0 for row in self.schools)


def saturation(
    programmes: Sequence[Programme],
    *,
    today: date,
    start: int = 0,
    named: Callable[[str], bool] = lambda _: True,
    rollouts: Mapping[str, Sequence[RolloutWeeks]] | None = None,
) -> Saturation:
    """Count changes at the schools of the first programme across all programmes, starting with the week of `today`.

    `rollouts` are the plans of waves, by programme. `start` is the first week to show. Programmes for which `named` is
    false are counted, but nothing in them is named.
    Schools are the same if they have the same URN, or without one the same name.
    """
    own = programmes[0]
    books = school_weeks(programmes, today - timedelta(days=today.weekday()), rollouts or {})
    shown = range(start, start + WEEKS)
    schools = sorted(own.definition.schools, key=lambda s: (s.name.casefold(), s.id))
    over = [line for s in schools for line in _over(books, s, shown, named)]
    return Saturation(
        mondays=tuple(books.monday(week) for week in shown),
        schools=tuple(_row(books, s, shown) for s in schools),
        groups=tuple(_groups(books, own, shown)),
        over=tuple(over),
        moves=tuple(_moves(books, own, schools, shown, named)),
        others=len(programmes) - 1,
    )


@dataclass(frozen=True, slots=True)
class PictureSize:
    """How many weeks a picture shows, and its measures in pixels."""

    name: str
    weeks: int
    label: int
    """Pixels for the names of rows."""
    characters: int
    cell: int
    every: int
    """The number of weeks between Mondays named on the axis."""

    @property
    def width(self) -> int:
        return self.label + self.weeks * self.cell


SIZES = (
    PictureSize("desk", WEEKS, 180, 28, 36, 2),
    PictureSize("tablet", 14, 180, 28, 32, 2),
    PictureSize("phone", 8, 116, 17, 22, 3),
)
"""Pictures for a desk, a tablet and a phone."""


def _row(books: SchoolWeeks, school: School, shown: range) -> SaturationRow:
    place = school_key(school)
    limit = books.limits[place]
    cells = (
        SaturationCell(count=len(books.changes(place, week)), limit=limit, closed=books.closed(place, week))
        for week in shown
    )
    return SaturationRow(school=school.id, name=school.name, limit=str(limit), cells=tuple(cells))


def _groups(books: SchoolWeeks, own: Programme, shown: range) -> Iterator[SaturationRow]:
    """Yield each group of people with the number of changes that reach its members, at its busiest school."""
    keys = {s.id: school_key(s) for s in own.definition.schools}
    members: dict[str, dict[str, list[Callable[[Change], bool]]]] = {}
    for person in own.definition.people:
        if person.school not in keys or not person.is_here(own.on):
            continue
        for group in person.groups:

            def reached(change: Change, is_reached: Callable[[str], bool] = person.is_reached_by) -> bool:
                # Who a service of another programme reaches is not known here: everyone at the school.
                return change[0] != own.id or not change[1] or is_reached(change[1])

            members.setdefault(group, {}).setdefault(keys[person.school], []).append(reached)
    for group in sorted(members):
        places = members[group]
        limits = sorted({books.limits[place] for place in places})
        cells = []
        for week in shown:
            counts = []
            for place, people in places.items():
                changes = books.changes(place, week)
                most = max(sum(reached(c) for c in changes) for reached in people)
                counts.append((most - books.limits[place], most, books.limits[place], books.closed(place, week)))
            _, count, limit, closed = max(counts)
            cells.append(SaturationCell(count=count, limit=limit, closed=closed if len(places) == 1 else ""))
        words = str(limits[0]) if len(limits) == 1 else f"{limits[0]} to {limits[-1]}"
        yield SaturationRow(school="", name=capitalised(group.replace("-", " ")), limit=words, cells=tuple(cells))


def _over(books: SchoolWeeks, school: School, shown: range, named: Callable[[str], bool]) -> Iterator[OverLine]:
    place, limit = school_key(school), books.limits[school_key(school)]
    weeks = [(w, frozenset(books.changes(place, w))) for w in shown if len(books.changes(place, w)) > limit]
    # Weeks that follow one another have the same difference of week and position.
    for (_, changes), run in groupby(enumerate(weeks), key=lambda each: (each[1][0] - each[0], each[1][1])):
        found = [week for _, (week, _) in run]
        asks = [ask for week in found for ask in books.asked(place, week)]
        yield OverLine(
            school=school.id,
            name=school.name,
            weeks=format_days(books.monday(found[0]), books.monday(found[-1]) + timedelta(days=6)),
            count=len(changes),
            limit=limit,
            changes=tuple(sorted(_change_words(books, c, asks, named) for c in changes)),
        )


def _change_words(books: SchoolWeeks, change: Change, asks: Sequence[SchoolAsk], named: Callable[[str], bool]) -> str:
    own, kinds = books.programmes[0], {ask.task.kind for ask in asks if ask.change == change}
    programme = next(p for p in books.programmes if p.id == change[0])
    what = " and ".join(words for kind, words in ASKS.items() if kind in kinds) or "rollout"
    if not named(programme.id):
        return f"Another programme: {what}"
    service = next((s.name for s in programme.services if s.service == change[1]), "the programme itself")
    return f"{service if programme is own else f'{service} ({programme.name})'}: {what}"


def _moves(
    books: SchoolWeeks, own: Programme, schools: Sequence[School], shown: range, named: Callable[[str], bool]
) -> Iterator[TaskToMove]:
    """Yield each task that is best moved out of a week over the limit, with the week to move it to."""
    relieved: dict[SchoolAsk, list[str]] = {}
    for school in schools:
        place, limit = school_key(school), books.limits[school_key(school)]
        for week in shown:
            if len(books.changes(place, week)) <= limit:
                continue
            can = [a for a in books.asked(place, week) if _may_move(a) and named(a.programme.id)]
            if can:
                best = max(can, key=lambda a: (task_float(a.programme, a.task.id), a.weeks.start, a.task.id))
                relieved.setdefault(best, []).append(school.name)
    for ask in sorted(relieved, key=lambda a: (a.weeks.start, a.task.id)):
        room = _room(books, ask)
        yield TaskToMove(
            task=ask.task.id,
            name=ask.task.name,
            programme="" if ask.programme is own else ask.programme.id,
            wave=ask.task.wave is not None,
            now=format_days(*ask.programme.days_of(ask.task.id)),
            spare=spare_in_words(ask.programme, ask.task.id),
            is_beyond=room is not None and books.monday(room) > day_of(ask.programme.timed(ask.task.id).late_start),
            room="" if room is None else format_day(books.monday(room)),
            schools=tuple(dict.fromkeys(relieved[ask])),
        )


def _may_move(ask: SchoolAsk) -> bool:
    return ask.task.id not in ask.programme.facts.progress


def _room(books: SchoolWeeks, ask: SchoolAsk) -> int | None:
    """Return the first later week from which a task would take no school over its limit; None within a year.

    Weeks with too few working days are passed over, as the task would do.
    """
    for start in range(ask.weeks.start + 1, AHEAD):
        if not is_open(books, ask, start):
            continue
        weeks = islice((week for week in range(start, AHEAD + WEEKS) if is_open(books, ask, week)), len(ask.weeks))
        if all(_has_room(books, ask, place, week) for week in weeks for place in ask.places):
            return start
    return None


def _has_room(books: SchoolWeeks, ask: SchoolAsk, place: str, week: int) -> bool:
    return len(books.changes(place, week, without=ask) | {ask.change}) <= books.limits[place]
