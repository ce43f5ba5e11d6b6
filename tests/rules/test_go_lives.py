"""A go-live is on a working day and in time for its pay."""

from pathlib import Path

import pytest

from changeflow.values.words import Severity
from tests.builders import PATHWAY, SERVICE, a_folder
from tests.rules.judging import found, judged

PAY = "calendar: trust\npay_periods: {first_month: 2027-01, months: 24, payday: 28}\n"
SPLIT = (
    "calendar: north\nauthority: north\n"
    "pay_periods: {first_month: 2027-01, months: 24, payday: 15, cut_off_working_days: 5}\n"
)


def a_payroll(path: Path, live: str, *calendars: str) -> Path:
    """Build a payroll service whose wave 1 goes live as `live` says."""
    service = SERVICE.replace("name: Payroll\n", "name: Payroll\nclass: payroll\n")
    a_folder(path, service=f"{service}tasks:\n  w1/go-live: {live}\n")
    (path / "calendars").mkdir(exist_ok=True)
    for n, text in enumerate(calendars):
        (path / "calendars" / f"c{n}.yaml").write_text(text, encoding="utf-8")
    return path


def said(path: Path, live: str, rule: str, severity: Severity, *calendars: str) -> list[str]:
    service = a_payroll(path, live, *calendars) / "services" / "payroll.yaml"
    return found(judged(path, service=service.read_text(encoding="utf-8")), rule, severity)


def test_a_set_date_on_a_day_off_is_a_warning(tmp_path: Path):
    """29 March 2027 is Easter Monday."""
    [message] = said(tmp_path, "{must_start: 2027-03-29}", "R29", Severity.WARN)
    assert message == (
        "“Payroll, wave 1: go live” is on Mon 29 Mar 2027 (Easter Monday), when no one works. A set date or earlier "
        "work puts it there. The next working day is Tue 30 Mar 2027."
    )


def test_a_holiday_at_a_weekend_is_named(tmp_path: Path):
    [message] = said(tmp_path, "{must_start: 2028-01-01}", "R29", Severity.WARN)
    assert "Sat 1 Jan 2028 (New Year's Day)" in message


def test_a_go_live_on_the_day_of_a_meeting_that_is_a_saturday_is_noted(tmp_path: Path):
    board = "calendar: trust\nmeetings: [{id: board, name: Board, dates: [2027-05-01]}]\n"
    [message] = said(tmp_path, "{starts_on: meeting/board}", "R29", Severity.INFO, board)
    assert "Sat 1 May 2027, when no one works. It starts on the day of a meeting. The next working" in message


@pytest.mark.parametrize(
    "live",
    [
        "{starts_on: month, start_no_earlier: 2027-02-02}",
        "{starts_on: month, start_no_earlier: 2027-04-02}",
        "{must_start: 2027-03-30}",
    ],
)
def test_a_go_live_on_a_working_day_keeps_the_rule(tmp_path: Path, live: str):
    """1 March 2027 is a Monday, and 30 March a Tuesday. The go-live of May is not on Saturday the 1st."""
    for severity in (Severity.INFO, Severity.WARN):
        assert not [m for m in said(tmp_path, live, "R29", severity) if "wave 1" in m]


def test_a_payroll_that_goes_live_after_the_cut_off_misses_that_pay(tmp_path: Path):
    """March's payday is Thursday 25, as the 28th is a Sunday and Friday 26 is Good Friday. Ten working days earlier is
    Thursday 11. A go-live on Friday 12 misses it and first pays in April, on Wednesday 28."""
    [message] = [m for m in said(tmp_path, "{must_start: 2027-03-12}", "R30", Severity.WARN, PAY) if "wave 1" in m]
    assert message == (
        "“Payroll, wave 1: go live” is too late for the March 2027 pay. Its data will be ready on 12 Mar 2027, but "
        "inputs close on 11 Mar 2027 for the payday on 25 Mar 2027. The first pay can be April 2027, on 28 Apr 2027."
    )


@pytest.mark.parametrize(
    ("live", "is_late"),
    [
        ("{must_start: 2027-03-11}", False),
        ("{starts_on: pay_period, start_no_earlier: 2027-02-02}", False),
        # Nine days from Monday 1 March end on Thursday 11; ten end on Friday 12.
        ("{starts_on: pay_period, start_no_earlier: 2027-02-02, duration: 9d}", False),
        ("{starts_on: pay_period, start_no_earlier: 2027-02-02, duration: 10d}", True),
    ],
)
def test_data_may_be_ready_until_the_end_of_the_cut_off_day(tmp_path: Path, live: str, is_late: bool):
    assert bool([m for m in said(tmp_path, live, "R30", Severity.WARN, PAY) if "wave 1" in m]) == is_late


def test_the_schools_nearest_pay_table_applies(tmp_path: Path):
    """North pays on the 15th, a Monday in March. Five working days earlier is Monday the 8th."""
    messages = said(tmp_path, "{must_start: 2027-03-09}", "R30", Severity.WARN, PAY, SPLIT)
    [message] = [m for m in messages if "wave 1" in m]
    assert "inputs close on 8 Mar 2027 for the payday on 15 Mar 2027" in message


def test_without_a_pay_table_pay_is_not_checked(tmp_path: Path):
    assert said(tmp_path, "{must_start: 2027-03-31}", "R30", Severity.WARN) == []
    assert "go-live" in PATHWAY
