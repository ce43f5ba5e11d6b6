"""Calendars of our making: work begins and ends where it is to, and as much of it lies between all other instants."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.calendar.working import WorkingCalendar
from changeflow.roadmap.project_terms.hours import (
    before_and_after,
    closes_at,
    every_hour,
    made_of,
    opens_at,
    with_ends,
    with_starts,
)
from changeflow.values.moments import DAY
from tests.builders import OFFICE, a_calendar, at

LOW, HIGH = at("2026-12-28"), at("2027-02-08")
OTHER = a_calendar("other", ("2027-01-11", "2027-01-13", "closed"))


def the_office() -> list[tuple[int, int]]:
    return before_and_after(OFFICE, OFFICE, HIGH, LOW, HIGH)


def test_a_saturday_at_midnight_borrows_its_minute_from_monday():
    """Saturday 9 January 00:00 to 00:01 works, and Monday the 11th from 09:01."""
    saturday, monday = at("2027-01-09"), at("2027-01-11T09:00")
    calendar = WorkingCalendar("made", with_starts(the_office(), [saturday]))
    assert opens_at(calendar, saturday)
    assert calendar.next_working(monday) == monday + 1
    assert calendar.between(saturday, monday + DAY) == OFFICE.between(saturday, monday + DAY)


def test_the_end_of_a_sunday_borrows_its_minute_from_friday():
    """Sunday 10 January 23:58 to 23:59 works, and Friday the 8th until 16:59."""
    sunday, friday = at("2027-01-10T23:59"), at("2027-01-08T17:00")
    calendar = WorkingCalendar("made", with_ends(the_office(), [sunday]))
    assert closes_at(calendar, sunday)
    assert calendar.previous_working(sunday - 2) == friday - 1
    assert calendar.between(friday - DAY, sunday) == OFFICE.between(friday - DAY, sunday)


@pytest.mark.slow
@given(st.integers(LOW + 5 * DAY, HIGH - 5 * DAY), st.integers(0, 4 * DAY))
def test_what_lies_beyond_the_next_day_of_work_is_not_moved(position: int, more: int):
    pieces = with_ends(with_starts(the_office(), [position]), [position])
    calendar = WorkingCalendar("made", pieces)
    assert opens_at(calendar, position)
    assert closes_at(calendar, position)
    assert all(a < b for a, b in pieces)
    assert all(a[1] <= b[0] for a, b in pairwise(pieces))
    low, high = LOW, min(HIGH, OFFICE.next_working(position) + 1 + more)
    assert calendar.between(low, high) == OFFICE.between(low, high)


def test_a_calendar_of_two_works_by_each_on_its_side():
    """Until Tuesday 12 January noon the other calendar is closed; from then on the office works, which is not."""
    noon = at("2027-01-12T12:00")
    calendar = WorkingCalendar("made", before_and_after(OTHER, OFFICE, noon, LOW, HIGH))
    assert calendar.between(at("2027-01-11"), noon) == 0
    assert calendar.between(noon, at("2027-01-14")) == OFFICE.between(noon, at("2027-01-14"))


def test_it_goes_on_beyond_what_is_laid_out():
    """Each goes on on its own side: the other one is closed from 11 to 13 January, before what is laid out."""
    low = at("2027-01-18")
    calendar = made_of("made", before_and_after(OTHER, OFFICE, low, low, HIGH), low, HIGH, OTHER, OFFICE)
    assert calendar.between(at("2027-01-11"), at("2027-01-16")) == OTHER.between(at("2027-01-11"), at("2027-01-16"))
    assert calendar.next_working(HIGH + 3 * DAY) == OFFICE.next_working(HIGH + 3 * DAY)
    assert every_hour("clock", LOW, HIGH).add(HIGH - DAY, 5 * DAY) == HIGH + 4 * DAY
