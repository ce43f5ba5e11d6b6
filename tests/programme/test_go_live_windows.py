"""Go-lives are on the first working day of their month, pay period or term, and so are announced dates."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.calendar.extent import DayRange
from changeflow.calendar.layers import compile_calendar
from changeflow.calendar.nations import nation_layer
from changeflow.calendar.periods import calendar_months, open_periods
from changeflow.programme.announcements import go_lives
from changeflow.programme.assembly.go_live_windows import FirstWorkingDays
from changeflow.usecases.plan import plan_folder
from changeflow.values.moments import day_of, minute_of
from tests.builders import SERVICE, a_folder

OFFICE = dict.fromkeys(range(5), ((9 * 60, 17 * 60),))
DAYS = DayRange(date(2026, 9, 1), date(2027, 12, 31))
TERMS = """\
calendar: north
authority: north
terms:
  - {name: Spring term 2027, first_day: 2027-01-04, last_day: 2027-03-24}
  - {name: Summer term 2027, first_day: 2027-04-12, last_day: 2027-07-21}
  - {name: Autumn term 2027, first_day: 2027-09-02, last_day: 2027-12-17}
"""


def windows() -> FirstWorkingDays:
    office = compile_calendar("office", [nation_layer("england", OFFICE)], first=DAYS.first, last=DAYS.last)
    return FirstWorkingDays(open_periods("months", calendar_months, *DAYS), office, DAYS)


def live_day(path: Path, go_live: str, *, rollout: str = "", terms: str = TERMS) -> date:
    folder = a_folder(path, service=f"{SERVICE}tasks:\n  w1/go-live: {go_live}\n")
    (folder / "calendars").mkdir()
    (folder / "calendars" / "north.yaml").write_text(terms)
    if rollout:
        (folder / "rollout.yaml").write_text(rollout)
    return plan_folder(folder).programme.days_of("payroll/w1/go-live")[1]


def test_each_month_opens_on_its_first_working_day():
    """1 May 2027 is a Saturday and Monday a bank holiday; 1 August is a Sunday; 1 January a bank holiday, a Friday."""
    opens = [day_of(at) for at in windows().starts_within(date(2027, 1, 1), date(2027, 9, 30))]
    assert [(d.month, d.day) for d in opens] == [
        (1, 4), (2, 1), (3, 1), (4, 1), (5, 4), (6, 1), (7, 1), (8, 2), (9, 1),
    ]  # fmt: skip


def test_months_beyond_the_layout_open_on_their_first_working_day_too():
    """1 January 2033 is a Saturday, and Monday the 3rd the bank holiday for it; 1 August 2021 is a Sunday."""
    months = windows()
    assert day_of(months.next_start(minute_of(date(2033, 1, 1)))) == date(2033, 1, 4)
    assert day_of(months.previous_start(minute_of(date(2021, 8, 31)))) == date(2021, 8, 2)
    assert day_of(months.next_start(minute_of(date(2027, 12, 2)))) == date(2028, 1, 4)


def test_only_the_first_of_a_period_stands_for_its_first_working_day():
    months = windows()
    assert months.working_day(date(2027, 5, 1)) == date(2027, 5, 4)
    assert months.working_day(date(2027, 5, 2)) == date(2027, 5, 2)
    assert months.working_day(date(2027, 6, 1)) == date(2027, 6, 1)


@pytest.mark.parametrize(
    ("go_live", "day"),
    [
        ("{starts_on: month, start_no_earlier: 2027-04-02}", date(2027, 5, 4)),
        ("{starts_on: month, start_no_earlier: 2027-05-04}", date(2027, 5, 4)),
        ("{starts_on: month, start_no_earlier: 2027-04-02, calendar: every_day}", date(2027, 5, 1)),
        ("{starts_on: month, start_no_earlier: 2027-07-02}", date(2027, 8, 2)),
        # There is no school day in August.
        ("{starts_on: month, start_no_earlier: 2027-07-02, calendar: term}", date(2027, 9, 2)),
        ("{starts_on: term, start_no_earlier: 2027-02-02}", date(2027, 4, 12)),
    ],
)
def test_a_go_live_is_on_the_first_working_day(tmp_path: Path, go_live: str, day: date):
    assert live_day(tmp_path, go_live) == day


def test_an_announced_first_of_a_month_is_its_first_working_day(tmp_path: Path):
    """Wave 1 goes live on Tuesday 4 May. Ash was given Saturday 1 May, and Beech 1 April: only Beech's is late."""
    announced = "schools: {ash: {announced: {payroll: 2027-05-01}}, beech: {announced: {payroll: 2027-04-01}}}\n"
    live_day(tmp_path, "{starts_on: month, start_no_earlier: 2027-04-02}", rollout=announced)
    known = {g.school: (g.announced, g.days_late) for g in go_lives(plan_folder(tmp_path).programme)}
    assert known["ash"] == (date(2027, 5, 4), 0)
    assert known["beech"] == (date(2027, 4, 1), 33)
