"""Calendars have no end, and their answers do not depend on what has been laid out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.calendar.layers import compile_calendar
from changeflow.calendar.nations import nation_layer
from changeflow.calendar.working import WorkingCalendar, intersection, union
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.values.moments import minute_of
from tests.builders import DAY, a_roadmap, a_task, at

WEEK = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))
ALL_WEEK = dict.fromkeys(range(7), ((9 * 60, 17 * 60),))
TIGHT = date(2027, 1, 1), date(2027, 1, 31)
WIDE = date(2015, 1, 1), date(2045, 12, 31)


def a_calendar_of(
    days: tuple[date, date], name: str = "office", week: dict[int, tuple[tuple[int, int], ...]] = WEEK
) -> WorkingCalendar:
    return compile_calendar(name, [nation_layer("england", week)], first=days[0], last=days[1])


def test_years_not_laid_out_have_the_nations_working_days():
    """261 weekdays in 2033, less the bank holidays on weekdays: 3 January (for Saturday the 1st), Good Friday 15 April,
    Easter Monday 18 April, 2 May, 30 May, 29 August, and 26 and 27 December (for Sunday and Monday): eight. 2033 begins
    on a Saturday, so that its 52 weeks leave that Saturday: 260 weekdays."""
    calendar = a_calendar_of(TIGHT)
    assert calendar.between(at("2033-01-01"), at("2034-01-01")) == 252 * 8 * 60
    # 2018: 261 weekdays, less 1 January, 30 March, 2 April, 7 and 28 May, 27 August, and 25 and 26 December.
    assert calendar.between(at("2018-01-01"), at("2019-01-01")) == 253 * 8 * 60
    assert calendar.works_on(date(2026, 12, 24))
    assert not calendar.works_on(date(2026, 12, 25))
    assert calendar.closures[date(2026, 12, 25)] == "Christmas Day"


positions = st.integers(minute_of(date(2016, 1, 1)), minute_of(date(2044, 12, 31)))
amounts = st.integers(-200 * 480, 200 * 480)


@pytest.mark.thorough
@pytest.mark.slow
@given(positions, positions, amounts)
def test_the_layout_changes_no_answer(a: int, b: int, minutes: int):
    wide = a_calendar_of(WIDE, "wide")
    for name in ("office", "both"):
        tight = a_calendar_of(TIGHT, f"{name} {a} {b}")
        if name == "both":
            tight = intersection(name, tight, a_calendar_of(TIGHT, "every day", ALL_WEEK))
        assert tight.between(a, b) == wide.between(a, b)
        assert tight.add(a, minutes) == wide.add(a, minutes)
        assert tight.next_working(b) == wide.next_working(b)
        assert tight.previous_working(b) == wide.previous_working(b)
        assert list(tight.intervals_within(a, a + 10_000)) == list(wide.intervals_within(a, a + 10_000))


def test_a_union_continues_as_its_parts_do():
    either = union("either", a_calendar_of(TIGHT), a_calendar_of(TIGHT, "Saturday", {5: ((0, 60),)}))
    # Friday 5, Saturday 6 and Monday 8 June 2037.
    assert [either.works_on(date(2037, 6, day)) for day in (5, 6, 7, 8)] == [True, True, False, True]


def test_a_task_longer_than_the_layout_ends_on_the_right_day():
    """Ten years of work: 2530 working days of England from Monday 4 January 2027, counted by a calendar that had all
    these years laid out."""
    roadmap = a_roadmap(a_task("a", 2530), calendars={"office": a_calendar_of(TIGHT, "tight")})
    wide = a_calendar_of(WIDE, "wide")
    assert time_roadmap(roadmap)["a"].early_finish == wide.add(at("2027-01-04"), 2530 * DAY)


def test_a_deadline_years_before_the_start_gives_that_many_days_of_negative_float():
    """A task of a day on Monday 4 January 2027 was due on Friday 2 January 2026: 2026 has 261 weekdays, less 1 January,
    3 and 6 April, 4 and 25 May, 31 August, 25 and 28 December: 253. From 5 January 2026 on those are 253 less Friday 2
    January: 252; 1 January 2027 is a holiday; Monday 4 itself is one more: 253."""
    roadmap = a_roadmap(
        a_task("a", 1, deadline=at("2026-01-03")), calendars={"office": a_calendar_of(TIGHT, "another tight")}
    )
    timed = time_roadmap(roadmap)["a"]
    assert timed.total_float == -253 * DAY
