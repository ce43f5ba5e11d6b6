"""Working time against days counted by hand on a calendar, and against general laws."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.calendar.layers import DaySpan, Layer, compile_calendar
from changeflow.calendar.nations import public_holidays
from changeflow.calendar.working import WorkingCalendar, intersection
from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import datetime_of, minute_of

WEEK = dict.fromkeys(range(5), ((9 * 60, 12 * 60), (13 * 60, 17 * 60)))
"""Monday to Friday, 9 to 12 and 13 to 17: seven hours."""
OFFICE = compile_calendar("office", [Layer("week", WEEK)], first=date(2027, 1, 1), last=date(2027, 12, 31))


def at(text: str) -> int:
    return minute_of(datetime.fromisoformat(text))


def clock(position: int) -> str:
    return datetime_of(position).isoformat(timespec="minutes")


def test_three_hours_from_friday_afternoon_end_on_monday():
    # Fri 8 Jan 2027 16:00-17:00 is one hour, Mon 9:00-11:00 two.
    assert clock(OFFICE.add(at("2027-01-08T16:00"), 180)) == "2027-01-11T11:00"


def test_a_finish_stays_on_the_evening_and_a_start_moves_to_the_morning():
    assert clock(OFFICE.add(at("2027-01-08T09:00"), 7 * 60)) == "2027-01-08T17:00"
    assert clock(OFFICE.subtract(at("2027-01-12T09:00"), 7 * 60)) == "2027-01-11T09:00"
    assert clock(OFFICE.next_working(at("2027-01-08T17:00"))) == "2027-01-11T09:00"
    assert clock(OFFICE.previous_working(at("2027-01-11T09:00"))) == "2027-01-08T17:00"


def test_adding_nothing_moves_nothing():
    saturday = at("2027-01-09T12:00")
    assert OFFICE.add(saturday, 0) == saturday


def test_the_most_specific_layer_that_mentions_a_day_decides():
    authority = Layer("authority", spans=[DaySpan(date(2027, 2, 15), date(2027, 2, 19), (), "half-term")])
    school = Layer("school", spans=[DaySpan(date(2027, 2, 17), date(2027, 2, 17), None, "open for training")])
    calendar = compile_calendar(
        "school", [Layer("week", WEEK), authority, school], first=date(2027, 2, 1), last=date(2027, 2, 28)
    )
    assert calendar.works_on(date(2027, 2, 17))
    assert not calendar.works_on(date(2027, 2, 16))
    assert calendar.closures[date(2027, 2, 16)] == "half-term"
    assert date(2027, 2, 20) not in calendar.closures, "a Saturday needs no reason"


def test_an_open_weekend_is_worked_in_weekday_hours():
    """Seven hours a day: four days from Friday 8 end on Monday 11, and three back from there begin on Saturday 9."""
    weekend = DaySpan(date(2027, 1, 9), date(2027, 1, 10), None, "moving weekend")
    layers = [Layer("week", WEEK), Layer("trust", spans=[weekend])]
    open_weekend = compile_calendar("open", layers, first=date(2027, 1, 1), last=date(2027, 1, 31))
    assert clock(open_weekend.add(at("2027-01-08T09:00"), 4 * 7 * 60)) == "2027-01-11T17:00"
    assert clock(open_weekend.subtract(at("2027-01-11T17:00"), 3 * 7 * 60)) == "2027-01-09T09:00"
    assert open_weekend.works_on(date(2027, 1, 9))
    assert not open_weekend.works_on(date(2027, 1, 16)), "the next weekend is as ever"


def test_a_more_specific_layer_can_close_an_open_weekend():
    weekend = DaySpan(date(2027, 1, 9), date(2027, 1, 10), None, "moving weekend")
    sunday = DaySpan(date(2027, 1, 10), date(2027, 1, 10), (), "no heating")
    layers = [Layer("week", WEEK), Layer("trust", spans=[weekend]), Layer("school", spans=[sunday])]
    calendar = compile_calendar("school", layers, first=date(2027, 1, 1), last=date(2027, 1, 31))
    assert calendar.works_on(date(2027, 1, 9))
    assert not calendar.works_on(date(2027, 1, 10))


def test_a_task_for_several_schools_is_worked_on_when_all_of_them_are_open():
    def with_half_term(first: int, last: int) -> WorkingCalendar:
        span = DaySpan(date(2027, 2, first), date(2027, 2, last), (), "half-term")
        return compile_calendar(
            "s", [Layer("week", WEEK), Layer("authority", spans=[span])], first=date(2027, 2, 1), last=date(2027, 3, 31)
        )

    both = intersection("both", with_half_term(8, 12), with_half_term(15, 19))
    # 1 to 28 February 2027 has 20 weekdays; 10 lie in one of the two half-terms.
    assert both.between(at("2027-02-01T00:00"), at("2027-03-01T00:00")) == 10 * 7 * 60


def test_beyond_the_last_known_day_is_an_error_that_names_the_calendar():
    bounded = WorkingCalendar("office", OFFICE.intervals)
    with pytest.raises(CalendarExhaustedError, match="'office' has no more working time after 31 Dec 2027"):
        bounded.add(at("2027-12-31T09:00"), 8 * 60)


def test_england_has_the_two_holidays_that_a_list_without_its_subdivision_lacks():
    england = {day for day, _ in public_holidays("england", 2027, 2027)}
    assert {date(2027, 3, 29), date(2027, 8, 30)} <= england


def test_scotland_has_its_own_days():
    scotland = {day for day, _ in public_holidays("scotland", 2027, 2027)}
    assert date(2027, 3, 29) not in scotland
    assert date(2027, 8, 2) in scotland


positions = st.integers(at("2027-02-01T00:00"), at("2027-10-01T00:00"))
amounts = st.integers(1, 60 * 7 * 20)


@given(positions, amounts)
def test_add_and_between_agree(start: int, minutes: int):
    assert OFFICE.between(start, OFFICE.add(start, minutes)) == minutes


@given(positions, amounts)
def test_subtract_gives_the_latest_start_and_add_the_earliest_finish(position: int, minutes: int):
    start = OFFICE.subtract(position, minutes)
    assert OFFICE.between(start, position) == minutes
    assert OFFICE.between(start + 1, position) < minutes
    finish = OFFICE.add(position, minutes)
    assert OFFICE.between(position, finish - 1) < minutes


@given(positions, positions, positions)
def test_working_time_adds_up(a: int, b: int, c: int):
    assert OFFICE.between(a, b) + OFFICE.between(b, c) == OFFICE.between(a, c)
