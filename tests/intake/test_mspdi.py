"""Project files: what they say is read, and what is wrong in them is said clearly."""

import re
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import ChangeflowError, CyclicRoadmapError, ProblemsError
from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint
from changeflow.usecases.project_files import schedule_project
from changeflow.values.moments import datetime_of
from tests import builders
from tests.builders import a_roadmap, at
from tests.intake.project_files import HEAD, WEEK, a_file, a_task, after


def an_exception(first: str, last: str, more: str) -> str:
    period = f"<TimePeriod><FromDate>{first}T00:00:00</FromDate><ToDate>{last}T23:59:00</ToDate></TimePeriod>"
    return f"<Exception>{period}<Name>off</Name>{more}<DayWorking>0</DayWorking></Exception>"


TWICE = "<EnteredByOccurrences>1</EnteredByOccurrences><Occurrences>2</Occurrences>"


def closed(project: ProjectFile, first: date, last: date) -> list[str]:
    calendar = project.roadmap.calendars["1"]
    return [str(day) for day in sorted(calendar.closures) if first <= day <= last]


@pytest.mark.parametrize(
    ("recurrence", "days"),
    [
        # Every third day from Monday 1 March 2027.
        ("<Type>7</Type><Period>3</Period>", ["2027-03-01", "2027-03-04", "2027-03-10", "2027-03-16", "2027-03-19"]),
        # Every other Friday (mask 32), of weeks that begin on Sunday: 5 and 19 March.
        ("<Type>6</Type><Period>2</Period><DaysOfWeek>32</DaysOfWeek>", ["2027-03-05", "2027-03-19"]),
        # Each 12th of a month.
        ("<Type>4</Type><Period>1</Period><MonthDay>12</MonthDay>", ["2027-03-12"]),
        # The second Tuesday (item 5) of each month: 9 March.
        ("<Type>5</Type><Period>1</Period><MonthItem>5</MonthItem><MonthPosition>1</MonthPosition>", ["2027-03-09"]),
        # The last weekday of March each year: Wednesday the 31st, beyond the span; none here.
        ("<Type>3</Type><Month>2</Month><MonthItem>1</MonthItem><MonthPosition>4</MonthPosition>", []),
        # Each 17 March.
        ("<Type>2</Type><Month>2</Month><MonthDay>17</MonthDay>", ["2027-03-17"]),
        # The first two Mondays only (mask 2), by count.
        ("<Type>6</Type><Period>1</Period><DaysOfWeek>2</DaysOfWeek>" + TWICE, ["2027-03-01", "2027-03-08"]),
    ],
)
def test_recurring_exceptions(tmp_path: Path, recurrence: str, days: list[str]):
    exceptions = an_exception("2027-03-01", "2027-03-21", recurrence)
    project = read_mspdi(a_file(tmp_path, tasks=a_task(1), exceptions=exceptions))
    found = closed(project, date(2027, 3, 1), date(2027, 3, 31))
    assert [d for d in found if date.fromisoformat(d).weekday() < 5] == days


def test_daily_wins_over_monthly_whatever_the_order(tmp_path: Path):
    """A daily exception makes Friday 12 March a morning; a monthly one would close each 12th."""
    hours = (
        "<WorkingTimes><WorkingTime><FromTime>08:00:00</FromTime><ToTime>12:00:00</ToTime></WorkingTime></WorkingTimes>"
    )
    daily = an_exception("2027-03-12", "2027-03-12", "<Type>1</Type>").replace(
        "<DayWorking>0</DayWorking>", f"<DayWorking>1</DayWorking>{hours}"
    )
    monthly = an_exception("2027-01-01", "2027-12-31", "<Type>4</Type><Period>1</Period><MonthDay>12</MonthDay>")
    for order in (daily + monthly, monthly + daily):
        calendar = read_mspdi(a_file(tmp_path, tasks=a_task(1), exceptions=order)).roadmap.calendars["1"]
        day = (date(2027, 3, 12) - date(1970, 1, 1)).days * 1440
        assert calendar.between(day, day + 1440) == 4 * 60


def test_inactive_tasks_are_left_out_and_said(tmp_path: Path):
    project = read_mspdi(a_file(tmp_path, tasks=a_task(1) + a_task(2, more="<Active>0</Active>" + after(1))))
    assert set(project.roadmap.tasks) == {"1"}
    assert project.notes == ("1 inactive task is left out.",)


def test_a_file_without_a_start_takes_its_first_tasks_and_says_so(tmp_path: Path):
    tasks = a_task(1, more="<Start>2027-03-03T08:00:00</Start>")
    project = read_mspdi(a_file(tmp_path, tasks=tasks, start="<CalendarUID>1</CalendarUID>"))
    assert datetime_of(time_roadmap(project.roadmap)["1"].early_start).isoformat() == "2027-03-03T08:00:00"
    assert "no project start" in project.notes[0]


def test_links_to_tasks_that_are_not_there_are_left_out(tmp_path: Path):
    assert read_mspdi(a_file(tmp_path, tasks=a_task(1, more=after(99) + after(1)))).roadmap.links == ()


def test_circular_links_are_named(tmp_path: Path):
    project = read_mspdi(a_file(tmp_path, tasks=a_task(1, more=after(2)) + a_task(2, more=after(1))))
    with pytest.raises(CyclicRoadmapError, match="1 -> 2 -> 1"):
        time_roadmap(project.roadmap)


BOMB = '<!DOCTYPE p [<!ENTITY a "xxxxxxxxxx">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not XML"),
        ("hello", "not XML"),
        (HEAD + "<Tasks>", "not XML"),
        ("<Project/>", "not a Microsoft Project file"),
        (HEAD + "</Project>", "no project start"),
        (HEAD + "<StartDate>31/12/2027</StartDate></Project>", "'31/12/2027' is not a date"),
        (HEAD + "<StartDate>9999-12-31T00:00:00</StartDate><Tasks/></Project>", "outside the years 1984 to 2149"),
        (BOMB + f"]><p>{'&j;' * 10}</p>", "not"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, text: str, says: str):
    (tmp_path / "plan.xml").write_text(text)
    with pytest.raises(ChangeflowError, match=says) as caught:
        read_mspdi(tmp_path / "plan.xml")
    assert caught.value.exit_code == 4


def test_numbers_given_twice_and_dates_out_of_range_are_listed_all_at_once(tmp_path: Path):
    twice = a_task(1) + a_task(1) + a_task(2, more="<Deadline>3027-03-01T17:00:00</Deadline>")
    with pytest.raises(ProblemsError) as caught:
        read_mspdi(a_file(tmp_path, tasks=twice + "<Task><Name>Lost</Name></Task>"))
    text = str(caught.value)
    assert "Two tasks have the UID 1: 'T1' and 'T1'." in text
    assert "Task 'T2': 3027-03-01 (Deadline) is outside the years 1984 to 2149." in text
    assert "Task 'Lost' has no UID." in text


def test_a_calendar_without_working_time_is_named(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1))
    path.write_text(path.read_text().replace("<DayWorking>1</DayWorking>", "<DayWorking>0</DayWorking>"))
    with pytest.raises(ChangeflowError, match="'Standard' has no working time at all"):
        read_mspdi(path)


def test_calendars_that_are_derived_from_each_other_are_named(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1))
    text = path.read_text().replace("<UID>1</UID><Name>Standard</Name><BaseCalendarUID>-1",
                                    "<UID>1</UID><Name>Standard</Name><BaseCalendarUID>1")  # fmt: skip
    path.write_text(text.replace(f"<WeekDays>{WEEK}</WeekDays>", ""))
    with pytest.raises(ChangeflowError, match="derived from each other: Standard -> Standard"):
        read_mspdi(path)


def test_a_calendar_that_is_derived_from_itself_is_noted_and_keeps_its_own_days(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1))
    path.write_text(path.read_text().replace("<BaseCalendarUID>-1", "<BaseCalendarUID>1"))
    assert "Calendar 'Standard' is derived from itself: only its own days are used." in read_mspdi(path).notes


def test_calendars_with_days_of_their_own_in_a_loop_are_noted(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1))
    other = f"<Calendar><UID>2</UID><Name>Late</Name><BaseCalendarUID>1</BaseCalendarUID><WeekDays>{WEEK}</WeekDays>"
    text = path.read_text().replace("<BaseCalendarUID>-1", "<BaseCalendarUID>2")
    path.write_text(text.replace("</Calendars>", f"{other}</Calendar></Calendars>"))
    [note] = [n for n in read_mspdi(path).notes if "derived" in n]
    assert note == "Calendars are derived from each other: Late -> Standard -> Late. 'Late' is taken without a base."


@pytest.mark.parametrize("more", ["", "<PercentComplete>50</PercentComplete>"])
def test_a_loop_is_named_by_the_names_of_its_tasks(tmp_path: Path, more: str):
    path = a_file(tmp_path, tasks=a_task(1, more=after(2)) + a_task(2, more=more + after(1)))
    with pytest.raises(ChangeflowError, match=r"'T1' \(UID 1\) -> 'T2' \(UID 2\) -> 'T1' \(UID 1\)"):
        schedule_project(path)


@pytest.mark.slow
def test_a_long_chain_needs_no_recursion(tmp_path: Path):
    tasks = "".join(a_task(n, more=after(n - 1) if n > 1 else "") for n in range(1, 1001))
    schedule = time_roadmap(read_mspdi(a_file(tmp_path, tasks=tasks)).roadmap)
    # A thousand days of eight hours are two hundred weeks: 1 March 2027 is a Monday, so the last day is a Friday.
    assert datetime_of(schedule.finish).isoformat() == "2030-12-27T17:00:00"
    assert all(t.driving for t in schedule.timed.values())


@pytest.mark.parametrize("length", ["PTNaNH", "PT1e9H", "8h", "PT8H" + "0" * 100])
def test_a_length_that_is_none_is_refused_and_not_taken_for_nothing(tmp_path: Path, length: str):
    path = a_file(tmp_path, tasks=a_task(1))
    path.write_text(path.read_text().replace("PT8H0M0S", length))
    with pytest.raises(ProblemsError, match="is not a duration"):
        read_mspdi(path)


@pytest.mark.thorough
@pytest.mark.slow
def test_summaries_that_are_all_linked_with_each_other_are_refused(tmp_path: Path):
    links = {n: "".join(after(before) for before in range(1, n, 100)) for n in range(1, 20_001, 100)}
    tasks = "".join(a_task(n, level=1 if n in links else 2, more=links.get(n, "")) for n in range(1, 20_001))
    with pytest.raises(ProblemsError, match=r"bind more than 2,000,000 tasks; link the tasks themselves"):
        read_mspdi(a_file(tmp_path, tasks=tasks))


@pytest.mark.thorough
@pytest.mark.slow
def test_tasks_below_too_many_summaries_are_refused(tmp_path: Path):
    tasks = "".join(a_task(n, level=min(n, 190)) for n in range(1, 30_001))
    with pytest.raises(ProblemsError, match=r"more than 5,000,000; use fewer levels"):
        read_mspdi(a_file(tmp_path, tasks=tasks))


def test_what_ends_at_midnight_is_written_as_the_end_of_that_day_and_read_again(tmp_path: Path):
    """Live has to be finished on 31 March, which ends at the midnight after it, and is due that day too; Begins may
    start on 1 April, from the midnight before it. Project shows a midnight as the day that begins."""
    march = april = at("2027-04-01")
    live = builders.a_task("1", 0, constraints=(Constraint(Bound.MUST_FINISH, march),), deadline=march)
    begins = builders.a_task("2", 0, constraints=(Constraint(Bound.START_NO_EARLIER, april),))
    roadmap = a_roadmap(live, begins)
    write_roadmap(roadmap, time_roadmap(roadmap), tmp_path / "plan.xml", name="A plan", calendar="office")
    text = (tmp_path / "plan.xml").read_text(encoding="utf-8")
    [first, second] = re.findall(r"<Task>.*?</Task>", text, re.DOTALL)
    assert re.findall(r"<(?:Start|Finish|Deadline|ConstraintDate)>(.*?)<", first) == ["2027-03-31T23:59:00"] * 4
    assert re.findall(r"<(?:Start|Finish|ConstraintDate)>(.*?)<", second) == ["2027-04-01T00:00:00"] * 3
    again = read_mspdi(tmp_path / "plan.xml").roadmap.tasks
    assert (again["1"].constraints, again["1"].deadline) == (live.constraints, march)
    assert again["2"].constraints == begins.constraints
