"""Pay periods against the paydays of 2027, and periods that open and close."""

from datetime import date

from changeflow.calendar.working import compile_calendar, months, nation_layer, pay_periods
from changeflow.values.moments import day_of, minute_of

WEEK = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))
FIRST, LAST = date(2026, 6, 1), date(2028, 6, 1)
OFFICE = compile_calendar("office", [nation_layer("england", WEEK, FIRST, LAST)], first=FIRST, last=LAST)


def test_paydays_on_the_28th_or_the_working_day_before():
    # Verified in the field's notes: 26 March 2027 is Good Friday, so March is paid on Thursday the 25th.
    paid = [p.payday for p in pay_periods(date(2027, 1, 1), 6, payday=28, cut_off_days=10, office=OFFICE)]
    assert [f"{day.day} {day:%b}" for day in paid] == ["28 Jan", "26 Feb", "25 Mar", "28 Apr", "28 May", "28 Jun"]


def test_the_cut_off_counts_working_days_back_from_the_payday():
    [march] = pay_periods(date(2027, 3, 1), 1, payday=28, cut_off_days=10, office=OFFICE)
    # Back from Thu 25 March: Wed 24 is the first, Thu 11 the tenth.
    assert march.cut_off == date(2027, 3, 11)


def test_a_payday_beyond_the_end_of_a_month_is_its_last_working_day():
    [february] = pay_periods(date(2027, 2, 1), 1, payday=31, cut_off_days=5, office=OFFICE)
    assert february.payday == date(2027, 2, 26)


def test_one_day_late_costs_a_month():
    table = months(date(2027, 1, 1), 12)
    assert day_of(table.next_start(minute_of(date(2027, 3, 1)))) == date(2027, 3, 1)
    assert day_of(table.next_start(minute_of(date(2027, 3, 1)) + 1)) == date(2027, 4, 1)


def test_a_period_already_begun_does_not_count():
    table = months(date(2027, 1, 1), 12)
    assert day_of(table.add(minute_of(date(2027, 3, 10)), 2)) == date(2027, 6, 1)
    assert day_of(table.add(minute_of(date(2027, 3, 1)), 2)) == date(2027, 5, 1)
    assert day_of(table.subtract(minute_of(date(2027, 6, 15)), 2)) == date(2027, 4, 1)
