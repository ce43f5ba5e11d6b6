"""Pay periods against the paydays of 2027, and how periods open, close and continue."""

from datetime import date

import pytest

from changeflow.calendar.layers import compile_calendar
from changeflow.calendar.nations import nation_layer
from changeflow.calendar.periods import Period, Periods, months, pay_period
from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import day_of, minute_of

WEEK = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))
FIRST, LAST = date(2026, 6, 1), date(2028, 6, 1)
OFFICE = compile_calendar("office", [nation_layer("england", WEEK)], first=FIRST, last=LAST)


def test_paydays_on_the_28th_or_the_working_day_before():
    # 26 March 2027 is Good Friday, so March is paid on Thursday the 25th.
    months = (date(2027, month, 1) for month in range(1, 7))
    paid = [pay_period(m, payday=28, cut_off_days=10, office=OFFICE).payday for m in months]
    assert [f"{day.day} {day:%b}" for day in paid] == ["28 Jan", "26 Feb", "25 Mar", "28 Apr", "28 May", "28 Jun"]


def test_the_cut_off_counts_working_days_back_from_the_payday():
    march = pay_period(date(2027, 3, 19), payday=28, cut_off_days=10, office=OFFICE)
    # Counting back from Thu 25 March, Wed 24 is the first and Thu 11 the tenth.
    assert march.cut_off == date(2027, 3, 11)


def test_a_payday_beyond_the_end_of_a_month_is_its_last_working_day():
    february = pay_period(date(2027, 2, 1), payday=31, cut_off_days=5, office=OFFICE)
    assert february.payday == date(2027, 2, 26)


def test_a_payday_may_be_long_before_or_after_the_layout():
    """28 July 2019 is a Sunday, so Friday 26. 28 November 2037 is a Saturday, so Friday 27."""
    for month, paid in ((date(2019, 7, 1), date(2019, 7, 26)), (date(2037, 11, 1), date(2037, 11, 27))):
        assert pay_period(month, payday=28, cut_off_days=0, office=OFFICE).payday == paid


def test_one_day_late_costs_a_month():
    table = months(date(2027, 1, 1), 12)
    assert day_of(table.next_start(minute_of(date(2027, 3, 1)))) == date(2027, 3, 1)
    assert day_of(table.next_start(minute_of(date(2027, 3, 1)) + 1)) == date(2027, 4, 1)


def test_a_period_already_begun_does_not_count():
    table = months(date(2027, 1, 1), 12)
    assert day_of(table.add(minute_of(date(2027, 3, 10)), 2)) == date(2027, 6, 1)
    assert day_of(table.add(minute_of(date(2027, 3, 1)), 2)) == date(2027, 5, 1)
    assert day_of(table.subtract(minute_of(date(2027, 6, 15)), 2)) == date(2027, 4, 1)


def test_months_continue_before_and_after_the_layout():
    """Forty whole months from 10 March 2027 are April 2027 to July 2030; two that closed by 15 January 2026 are
    November and December 2025."""
    table = months(date(2027, 1, 1), 12)
    assert day_of(table.add(minute_of(date(2027, 3, 10)), 40)) == date(2030, 8, 1)
    assert day_of(table.subtract(minute_of(date(2026, 1, 15)), 2)) == date(2025, 11, 1)
    assert day_of(table.previous_start(minute_of(date(2020, 5, 31)))) == date(2020, 5, 1)
    assert [day_of(at) for at in table.starts_within(date(2031, 1, 2), date(2031, 3, 1))] == [
        date(2031, 2, 1),
        date(2031, 3, 1),
    ]


def test_a_list_of_periods_ends_with_the_last_one():
    spring = Periods("terms", [Period("Spring 2027", date(2027, 1, 4), date(2027, 3, 25))])
    with pytest.raises(CalendarExhaustedError, match="'terms' has no more working time after 25 Mar 2027"):
        spring.add(minute_of(date(2027, 1, 4)), 2)
