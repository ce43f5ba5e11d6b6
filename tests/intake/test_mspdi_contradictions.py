"""Project files that contradict themselves: what is used, and a note that says so and how to correct it.

Days are Monday to Friday, 8 to 12 and 13 to 17; Monday is 1 March 2027.
"""

from pathlib import Path

import pytest

from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.values.moments import datetime_of
from tests.intake.project_files import WEEK, a_file, a_task, after, fields

BEGUN = "2027-03-01T08:00:00"


def planned(path: Path) -> tuple[list[tuple[str, str, bool]], tuple[str, ...]]:
    """Return each task's start, finish, and whether it is done; and the notes."""
    project = read_mspdi(path)
    schedule, progress = time_roadmap(project.roadmap), project.roadmap.progress
    found = []
    for task, timed in schedule.timed.items():
        start, finish = (f"{datetime_of(at):%a %d %H:%M}" for at in (timed.early_start, timed.early_finish))
        found.append((start, finish, task in progress and progress[task].is_done))
    return found, project.notes


def week(*hours: tuple[str, str], days: range = range(2, 7)) -> str:
    spans = "".join(
        f"<WorkingTime>{fields(**{n: f'{h}:00' for n, h in zip(('FromTime', 'ToTime'), span, strict=True) if h})}"
        "</WorkingTime>"
        for span in hours
    )
    worked = f"<DayWorking>1</DayWorking><WorkingTimes>{spans}</WorkingTimes>"
    return "".join(f"<WeekDay><DayType>{n}</DayType>{worked}</WeekDay>" for n in days)


def with_week(path: Path, days: str) -> Path:
    path.write_text(path.read_text().replace(WEEK, days))
    return path


@pytest.mark.parametrize(
    ("texts", "finish", "is_done", "says"),
    [
        # Half of sixteen hours is left after Monday, whatever the file says of what is done.
        (
            {"PercentComplete": 50, "RemainingDuration": "PT0H0M0S"},
            "Tue 02 17:00",
            False,
            "50% complete, but 0 of 16 hours remain: 8 are taken, as the percentage says. Correct one of them in",
        ),
        (
            {"PercentComplete": 50, "RemainingDuration": "PT0H0M0S", "ActualDuration": "PT8H0M0S"},
            "Tue 02 17:00",
            False,
            "50% complete, but 0 of 16 hours remain: 8 are taken",
        ),
        # All sixteen hours have passed: two figures say so, and only one that half is done.
        (
            {"PercentComplete": 50, "RemainingDuration": "PT0H0M0S", "ActualDuration": "PT16H0M0S"},
            "Tue 02 17:00",
            False,
            "50% complete, but 0 of 16 hours remain: what is left counts",
        ),
        # It resumes on Wednesday, with the eight hours that the percentage leaves.
        (
            {"PercentComplete": 50, "RemainingDuration": "PT0H0M0S", "Resume": "2027-03-03T08:00:00"},
            "Wed 03 17:00",
            False,
            "50% complete, but 0 of 16 hours remain: 8 are taken",
        ),
        (
            {"PercentComplete": 0, "RemainingDuration": "PT0H0M0S"},
            "Tue 02 17:00",
            False,
            "0% complete, but 0 of 16 hours remain: 16 are taken",
        ),
        # Without a percentage, work of which nothing is left is done, on the day where the file has its finish.
        (
            {"RemainingDuration": "PT0H0M0S", "Finish": "2027-03-04T17:00:00"},
            "Thu 04 17:00",
            True,
            "no work remains, but there is no actual finish: 2027-03-04 is used",
        ),
        # Twelve hours are left from Tuesday at 8, after the eight that are done.
        (
            {"PercentComplete": 50, "RemainingDuration": "PT12H0M0S", "ActualDuration": "PT8H0M0S"},
            "Wed 03 12:00",
            False,
            "8 hours done and 12 left are not its duration of 16: what is left counts. Correct one of them in Project.",
        ),
        # Four of sixteen hours are done, so that twelve are left; three quarters are not.
        (
            {"PercentComplete": 75, "RemainingDuration": "PT12H0M0S"},
            "Tue 02 17:00",
            False,
            "75% complete, but 12 of 16 hours remain: what is left counts",
        ),
        (
            {"PercentComplete": 100, "RemainingDuration": "PT8H0M0S", "ActualFinish": "2027-03-03T17:00:00"},
            "Wed 03 17:00",
            True,
            "it has an actual finish, but 8 of 16 hours remain: the task is read as complete",
        ),
    ],
)
def test_remaining_work_that_contradicts_the_percentage_is_noted(
    tmp_path: Path, texts: dict[str, object], finish: str, is_done: bool, says: str
):
    task = a_task(1, 16, more=fields(ActualStart=BEGUN, **texts))
    [(start, ends, done)], [note] = planned(a_file(tmp_path, tasks=task))
    assert (start, ends, done) == ("Mon 01 08:00", finish, is_done)
    assert note.startswith("Task 'T1' (line 1): ")
    assert says in note


def test_a_physical_percentage_is_no_part_of_the_duration(tmp_path: Path):
    """Twelve of sixteen hours have passed, and people reported 50%: what is left ends on Tuesday."""
    left = fields(ActualDuration="PT12H0M0S", RemainingDuration="PT4H0M0S", PhysicalPercentComplete=50)
    task = a_task(1, 16, more=fields(ActualStart=BEGUN, PercentComplete=50) + left)
    assert planned(a_file(tmp_path, tasks=task)) == ([("Mon 01 08:00", "Tue 02 17:00", False)], ())


@pytest.mark.parametrize("left", ["PT5H18M0S", "PT5H12M0S", "PT5H24M0S"])
def test_a_rounded_percentage_contradicts_nothing(tmp_path: Path, left: str):
    """Of sixteen hours 5.28 are left at 67%, and 5.12 at 68%."""
    task = a_task(1, 16, more=fields(ActualStart=BEGUN, PercentComplete=67, RemainingDuration=left))
    assert planned(a_file(tmp_path, tasks=task))[1] == ()


def test_remaining_work_without_actual_dates_is_compared_too(tmp_path: Path):
    task = a_task(1, 16, more=fields(PercentComplete=50, RemainingDuration="PT0H0M0S"))
    [(_, finish, _)], notes = planned(a_file(tmp_path, tasks=task))
    assert finish == "Tue 02 17:00"
    assert "0 of 16 hours remain: 8 are taken" in notes[0]


@pytest.mark.parametrize(
    ("texts", "finish"),
    [
        ({"PercentComplete": 50, "ActualStart": "2027-02-22T08:00:00"}, "Tue 23 17:00"),
        (
            {"PercentComplete": 100, "ActualStart": "2027-02-22T08:00:00", "ActualFinish": "2027-02-24T17:00:00"},
            "Wed 24 17:00",
        ),
        (
            {"PercentComplete": 100, "ActualStart": "2027-02-22T08:00:00", "Finish": "2027-02-24T17:00:00"},
            "Wed 24 17:00",
        ),
        (
            {"PercentComplete": 50, "Start": "2027-02-22T08:00:00", "Finish": "2027-02-23T17:00:00"},
            "Tue 23 17:00",
        ),
        ({"PercentComplete": 0, "ActualStart": "2027-02-22T08:00:00"}, "Tue 23 17:00"),
    ],
)
def test_an_actual_start_before_the_projects_start_counts_and_is_noted(
    tmp_path: Path, texts: dict[str, object], finish: str
):
    [(start, ends, _)], notes = planned(a_file(tmp_path, tasks=a_task(1, 16, more=fields(**texts))))
    assert (start, ends) == ("Mon 22 08:00", finish)
    [note] = [n for n in notes if "before the project's start" in n]
    assert note == (
        "Task 'T1' (line 1): it began on 2027-02-22, before the project's start of 2027-03-01: that day counts. "
        "If it is wrong, correct the actual start in Project."
    )


def test_hours_that_overlap_are_joined_and_said_once(tmp_path: Path):
    """08:00 to 17:00 has nine hours: sixteen end on Tuesday at 15:00."""
    path = with_week(a_file(tmp_path, tasks=a_task(1, 16)), week(("08:00", "13:00"), ("12:00", "17:00")))
    [(_, finish, _)], [note] = planned(path)
    assert finish == "Tue 02 15:00"
    assert note == (
        "Calendar 'Standard' (line 1), Monday to Friday: hours of 08:00 to 13:00 and 12:00 to 17:00 overlap: 08:00 to "
        "17:00 is used. Correct them in Project: Change Working Time."
    )


def test_hours_that_touch_do_not_overlap(tmp_path: Path):
    path = with_week(a_file(tmp_path, tasks=a_task(1)), week(("08:00", "12:00"), ("12:00", "16:00")))
    assert planned(path)[1] == ()


@pytest.mark.parametrize(
    ("days", "noted"),
    [
        (week(("22:00", "06:00")), 1),
        # The same week as Project itself writes it: pieces of two days.
        (
            week(("22:00", "00:00"), days=range(2, 3))
            + week(("00:00", "06:00"), ("22:00", "00:00"), days=range(3, 7))
            + week(("00:00", "06:00"), days=range(7, 8)),
            0,
        ),
    ],
)
def test_a_night_shift_ends_on_the_next_day(tmp_path: Path, days: str, noted: int):
    """Forty hours are five nights: from Monday at 22:00 to Saturday at 06:00. Eight more are Monday's."""
    path = with_week(a_file(tmp_path, tasks=a_task(1, 40) + a_task(2, 8, more=after(1))), days)
    found, notes = planned(path)
    assert [dates[:2] for dates in found] == [("Mon 01 22:00", "Sat 06 06:00"), ("Mon 08 22:00", "Tue 09 06:00")]
    said = "hours of 22:00 to 06:00 are read as a night shift that ends the next day. If they are the wrong way round"
    assert [f"Calendar 'Standard' (line 1), Monday to Friday: {said}" in note for note in notes] == [True] * noted


def test_a_holiday_ends_the_night_shift_of_the_day_before_at_midnight(tmp_path: Path):
    """Of Monday's shift two hours are left, and none of Tuesday's: eight hours end on Thursday at 04:00."""
    span = "<TimePeriod><FromDate>2027-03-02T00:00:00</FromDate><ToDate>2027-03-02T23:59:00</ToDate></TimePeriod>"
    holiday = f"<Exception><Name>holiday</Name><Type>1</Type>{span}<DayWorking>0</DayWorking></Exception>"
    path = with_week(a_file(tmp_path, tasks=a_task(1), exceptions=holiday), week(("22:00", "06:00")))
    assert planned(path)[0] == [("Mon 01 22:00", "Thu 04 04:00", False)]


@pytest.mark.parametrize(
    ("hours", "finish", "says"),
    [
        (
            (("08:00", "12:00"), ("13:00", "13:00")),
            "Tue 02 12:00",
            "hours of 13:00 to 13:00 have no length and are not used",
        ),
        ((("08:00", ""),), "Mon 01 16:00", "hours without an end are taken as 08:00 to 24:00"),
        ((("", "16:00"),), "Mon 01 16:00", "hours without a start are taken as 00:00 to 16:00"),
    ],
)
def test_other_odd_hours_are_noted(tmp_path: Path, hours: tuple[tuple[str, str], ...], finish: str, says: str):
    path = with_week(a_file(tmp_path, tasks=a_task(1)), week(*hours))
    [(_, ends, _)], [note] = planned(path)
    assert (ends, says in note) == (finish, True)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"MinutesPerDay": 0}, "The project's MinutesPerDay '0' cannot be right: 480 is used. Correct it in Project"),
        ({"MinutesPerWeek": 0}, "The project's MinutesPerWeek '0' cannot be right: 2400 is used"),
        ({"MinutesPerDay": -480}, "The project's MinutesPerDay '-480' cannot be right: 480 is used"),
        (
            {"DefaultStartTime": "morning"},
            "The project's DefaultStartTime 'morning' is not a time of day: 08:00 is used.",
        ),
    ],
)
def test_a_setting_that_cannot_be_right_is_noted(tmp_path: Path, settings: dict[str, object], says: str):
    """Two days of eight hours end on Tuesday, two weeks of five on Friday week."""
    task = a_task(1).replace("PT8H0M0S", "P2W" if "MinutesPerWeek" in settings else "P2D")
    path = a_file(tmp_path, tasks=task)
    path.write_text(path.read_text().replace("<StartDate>", f"{fields(**settings)}<StartDate>", 1))
    [(_, finish, _)], notes = planned(path)
    assert finish == ("Fri 12 17:00" if "MinutesPerWeek" in settings else "Tue 02 17:00")
    assert says in notes[0]


def test_0_days_a_month_are_noted_where_a_length_is_in_months(tmp_path: Path):
    """Project 98 writes DaysPerMonth 0 in every file."""
    path = a_file(tmp_path, tasks=a_task(1))
    text = path.read_text().replace("<StartDate>", f"{fields(DaysPerMonth=0)}<StartDate>", 1)
    path.write_text(text)
    assert planned(path)[1] == ()
    path.write_text(text.replace("PT8H0M0S", "P1M"))
    [(_, finish, _)], notes = planned(path)
    assert finish == "Fri 26 17:00"
    assert "The project's DaysPerMonth '0' cannot be right: 20 is used." in notes[0]
