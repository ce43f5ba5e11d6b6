"""The plan as a picture: a bar for each task or group, in sizes for a desk, a tablet and a phone.

`templates/web/plan/_timeline.svg.j2` draws it. Positions are pixels.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.calendar.layers import DaySpan
from changeflow.phrases import capitalised
from changeflow.programme.blackouts import blackouts_of
from changeflow.programme.programme import Programme
from changeflow.programme.school_terms import SchoolTerms
from changeflow.reports.plan_rows import PlanGroup, PlanRow
from changeflow.values.moments import day_of, format_days, minute_of

MOST_ROWS = 40
TOP = 26


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a picture."""

    name: str
    width: int
    label: int
    """Pixels for labels beside the bars; 0 puts them above."""
    characters: int
    """The most characters of a label."""
    months: int
    """The most labels on the axis."""
    font: int

    @property
    def row(self) -> int:
        return 26 if self.label else 40


SIZES = (Size("desk", 1140, 380, 58, 12, 12), Size("tablet", 720, 0, 100, 9, 12), Size("phone", 350, 0, 42, 4, 14))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One row, before it is drawn. Spans are civil minutes."""

    label: str
    dates: str
    span: tuple[int, int]
    state: str
    """`done`, `begun`, `ahead`, `critical` or `group`."""
    is_milestone: bool = False
    latest: int | None = None
    """The end of its float, if it has any."""
    planned: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TimelineBand:
    """Shaded days: a school holiday or a blackout."""

    name: str
    kind: str
    """`holiday` or `blackout`."""
    first: date
    last: date

    @property
    def days(self) -> str:
        return format_days(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Bar:
    """A drawn row. A milestone has no width; `tail` and `planned` are pairs of left edge and width."""

    label: str
    title: str
    text_y: int
    y: int
    x: float
    width: float
    state: str
    tail: tuple[float, float] | None
    planned: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class TimelineTick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawn picture."""

    size: Size
    height: int
    left: int
    bars: tuple[Bar, ...]
    months: tuple[TimelineTick, ...]
    bands: tuple[tuple[TimelineBand, float, float], ...]
    """Each with its left edge and width."""
    today: float | None


def rows_of_tasks(rows: Iterable[PlanRow]) -> list[TimelineRow]:
    return [
        TimelineRow(
            label=row.name,
            dates=row.finish if row.is_milestone else format_days(row.first, row.last),
            span=row.span,
            state=_state_of(row),
            is_milestone=row.is_milestone,
            latest=row.latest if not row.is_done and row.latest > row.span[1] else None,
            planned=row.planned,
        )
        for row in rows
    ]


def _state_of(row: PlanRow) -> str:
    return "done" if row.is_done else "critical" if row.is_critical else "begun" if row.state == "begun" else "ahead"


def rows_of_groups(groups: Iterable[PlanGroup]) -> list[TimelineRow]:
    return [
        TimelineRow(
            label=f"{group.name} ({group.tasks})",
            dates=f"{group.start} to {group.finish}",
            span=group.span,
            state="group",
            planned=group.planned,
        )
        for group in groups
    ]


def shown_days(rows: Sequence[TimelineRow]) -> tuple[date, date]:
    """Return the first day of the first month and the last day of the last month that rows need."""
    spans = [span for row in rows for span in (row.span, row.planned) if span]
    first, last = day_of(min(s[0] for s in spans)), day_of(max(s[1] for s in spans))
    return first.replace(day=1), last.replace(day=1) + relativedelta(months=1) - timedelta(days=1)


def bands_of(programme: Programme, rows: Sequence[PlanRow], days: tuple[date, date]) -> tuple[TimelineBand, ...]:
    """Return the holidays and blackouts of the schools of some rows, in order."""
    schools = {school for row in rows for school in row.schools}
    blackouts = {
        TimelineBand(b.name, "blackout", b.blackout.first_day, b.blackout.last_day)
        for b in blackouts_of(programme.definition)
        if b.touches(*days) and (b.schools is None or not schools or b.schools & schools)
    }
    found = {
        TimelineBand(capitalised(span.reason), "holiday", span.first, span.last)
        for span in _holidays(programme, schools, days)
        if span.last >= days[0] and span.first <= days[1]
    }
    return tuple(sorted((*found, *blackouts), key=lambda b: (b.first, b.last, b.name)))


def _holidays(programme: Programme, schools: set[str], days: tuple[date, date]) -> Iterator[DaySpan]:
    """Yield the holidays of the terms that most of the schools have; without schools, the trust's."""
    terms = SchoolTerms(programme.definition)
    among = [s for s in programme.definition.schools if not schools or s.id in schools]
    known = [found.terms for s in among if (found := terms.of(s)) is not None]
    common = max(known, key=known.count, default=None)
    if common is not None:
        yield from common(*days)


def draw_timeline(
    rows: Sequence[TimelineRow], bands: Sequence[TimelineBand], days: tuple[date, date], size: Size, *, today: date
) -> Timeline:
    """Lay out a picture in one size."""
    start, end = minute_of(days[0]), minute_of(days[1] + timedelta(days=1))
    left = size.label

    def x(minute: int) -> float:
        part = (min(max(minute, start), end) - start) / (end - start)
        return round(left + (size.width - left) * part, 1)

    bars = [_bar(row, TOP + n * size.row, size, x) for n, row in enumerate(rows)]
    shaded = []
    for band in bands:
        at, until = x(minute_of(band.first)), x(minute_of(band.last + timedelta(days=1)))
        if until > at:
            shaded.append((band, at, max(1.0, round(until - at, 1))))
    now = minute_of(today)
    return Timeline(
        size=size,
        height=TOP + len(rows) * size.row + 6,
        left=left,
        bars=tuple(bars),
        months=tuple(_months(days, size, x)),
        bands=tuple(shaded),
        today=x(now) if start <= now < end else None,
    )


def _bar(row: TimelineRow, top: int, size: Size, x: Callable[[int], float]) -> Bar:
    at, until = x(row.span[0]), x(row.span[1])
    y = top + (5 if size.label else 18)
    label = row.label if len(row.label) <= size.characters else f"{row.label[: size.characters - 1].rstrip()}…"
    return Bar(
        label=label,
        title=f"{row.label}: {row.dates}",
        text_y=top + (17 if size.label else 12),
        y=y,
        x=at,
        width=0.0 if row.is_milestone else max(2.0, round(until - at, 1)),
        state=row.state,
        tail=_stretch(x, row.span[1], row.latest) if row.latest is not None else None,
        planned=_planned(x, row),
    )


def _planned(x: Callable[[int], float], row: TimelineRow) -> tuple[float, float] | None:
    """Return the baseline's line; a milestone's is as wide as its mark."""
    if row.planned is None:
        return None
    return (round(x(row.planned[1]) - 7, 1), 14.0) if row.is_milestone else _stretch(x, *row.planned)


def _stretch(x: Callable[[int], float], start: int, end: int) -> tuple[float, float]:
    return x(start), max(2.0, round(x(end) - x(start), 1))


def _months(days: tuple[date, date], size: Size, x: Callable[[int], float]) -> Iterator[TimelineTick]:
    first, last = days
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    step = -(-count // size.months)
    for n in range(0, count, step):
        month = first + relativedelta(months=n)
        yield TimelineTick(x(minute_of(month)), f"{month:%b %y}")
