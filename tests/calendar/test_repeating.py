"""A calendar with repeating weeks gives the same answers as one laid out for all years."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.calendar.extent import DayRange
from changeflow.calendar.layers import DaySpan, Layer, compile_calendar
from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Bound, Constraint
from changeflow.values.moments import minute_of
from tests.builders import a_roadmap, a_task, at
from tests.quick import draws

DAYS = DayRange(date(2027, 1, 4), date(2027, 3, 28))
"""Twelve weeks; dated spans are within the middle six."""
FROM, TO = minute_of(date(2019, 1, 1)), minute_of(date(2036, 1, 1))
hours = st.sampled_from([(), ((540, 1020),), ((480, 720), (780, 1020)), ((0, 1440),), ((1380, 1440),)])
weeks = st.dictionaries(st.integers(0, 6), hours, min_size=2).filter(lambda week: any(week.values()))
spans = st.lists(st.tuples(st.dates(date(2027, 2, 1), date(2027, 2, 26)), st.integers(0, 8), hours), max_size=4)


def both(week: dict[int, object], stated: list[tuple[date, int, object]]) -> tuple[WorkingCalendar, WorkingCalendar]:
    """Return the calendar that repeats, and the same laid out from 2017 to 2037."""
    said = [DaySpan(d, date.fromordinal(d.toordinal() + n), h, "other") for d, n, h in stated]  # type: ignore[arg-type]
    layer = Layer("week", week, spans=said)  # type: ignore[arg-type]
    known = compile_calendar("known", [layer], first=DAYS.first, last=DAYS.last).laid_out
    repeating = WorkingCalendar("repeats", known.intervals, days=DAYS, repeats=True)
    return repeating, compile_calendar("all", [layer], first=date(2017, 1, 1), last=date(2037, 12, 31))


@pytest.mark.slow
@settings(max_examples=draws(60), deadline=None)
@given(weeks, spans, st.integers(FROM, TO), st.integers(FROM, TO), st.integers(-200_000, 200_000))
def test_it_gives_the_same_answers_as_a_full_layout(week, stated, one: int, other: int, minutes: int):
    repeating, everything = both(week, stated)
    assert repeating.between(one, other) == everything.between(one, other)
    assert repeating.next_working(one) == everything.next_working(one)
    assert repeating.previous_working(one) == everything.previous_working(one)
    assert repeating.add(one, minutes) == everything.add(one, minutes)
    assert repeating.subtract(one, minutes) == everything.subtract(one, minutes)
    assert repeating.laid_out.days == DAYS, "no more is laid out"


@pytest.mark.slow
@settings(max_examples=draws(40), deadline=None)
@given(weeks, spans, st.integers(FROM, TO), st.integers(FROM, TO), st.sampled_from((480, 4800, 90_000)))
def test_a_roadmap_has_the_same_dates_on_both(week, stated, starts: int, ends: int, minutes: int):
    """A starts years before or after the laid-out days, D has a deadline there, and B and C are between them."""
    dated = [
        a_task("A", f"{minutes}m", constraints=(Constraint(Bound.START_NO_EARLIER, starts),)),
        *(a_task("B", "480m"), a_task("C", f"{minutes}m")),
        a_task("D", "60m", deadline=ends),
    ]
    timed = []
    for calendar in both(week, stated):
        links = ("A -> B", "B -> C SS+1d", "C -> D FF+1d")
        roadmap = a_roadmap(*dated, links=links, calendars={"office": calendar}, profile=MSPROJECT, start="2027-02-01")
        timed.append({t: (x.early_start, x.early_finish, x.late_start, x.late_finish, x.total_float, x.free_float)
                      for t, x in time_roadmap(roadmap).timed.items()})  # fmt: skip
    assert timed[0] == timed[1]


def test_a_week_without_work_does_not_repeat():
    """Work on only two days has an end."""
    days = [(at("2027-02-01T09:00"), at("2027-02-01T17:00")), (at("2027-02-02T09:00"), at("2027-02-02T17:00"))]
    calendar = WorkingCalendar("two days", days, days=DAYS, repeats=True)
    assert calendar.laid_out.week == 0
    assert calendar.laid_out.repeating_week is None
