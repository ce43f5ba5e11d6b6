"""What else programs and people write into Project files: it is used as meant, noted, or refused with its place.

Days are Monday to Friday, 8 to 12 and 13 to 17; Monday is 1 March 2027.
"""

import re
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.reports.schedules import schedule_lines
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.values.moments import datetime_of
from tests.intake.project_files import WEEK, a_file, a_task, after, fields

BY_HAND = fields(ManualStart="2027-03-03T08:00:00", ManualFinish="2027-03-03T17:00:00")


def finish(path: Path, task: str = "1") -> tuple[str, tuple[str, ...]]:
    project = read_mspdi(path)
    return f"{datetime_of(time_roadmap(project.roadmap)[task].early_finish):%a %d %H:%M}", project.notes


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "Yes", "-1"])
def test_a_flag_may_be_written_in_words(tmp_path: Path, word: str):
    assert finish(a_file(tmp_path, tasks=a_task(1, more=fields(Manual=word) + BY_HAND))) == ("Wed 03 17:00", ())


def test_a_flag_that_is_neither_is_refused_by_its_line(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1, more="\n" + fields(Manual="perhaps")))
    with pytest.raises(ProblemsError, match=r"plan\.xml:2:\d+: 'perhaps' is neither 1 nor 0 \(Manual\)"):
        read_mspdi(path)


@pytest.mark.parametrize(("ends", "finishes"), [("00:00:00", "Wed 03 00:00"), ("23:59:00", "Wed 03 00:02")])
def test_hours_end_when_they_say_and_midnight_is_the_end_of_the_day(tmp_path: Path, ends: str, finishes: str):
    """Forty hours by day and night from Monday 8:00 are 16 on Monday and 24 on Tuesday.

    Where both days lack their last minute, two minutes are left for Wednesday.
    """
    path = a_file(tmp_path, tasks=a_task(1, hours=40))
    day = f"<WorkingTime><FromTime>00:00:00</FromTime><ToTime>{ends}</ToTime></WorkingTime>"
    text = re.sub(r"<WorkingTimes>.*?</WorkingTimes>", f"<WorkingTimes>{day}</WorkingTimes>", path.read_text())
    path.write_text(text)
    assert finish(path) == (finishes, ())


def with_calendar(path: Path, more: str) -> Path:
    """Write a task of two days on calendar 8."""
    out = a_file(path, tasks=a_task(1, hours=16, more=fields(CalendarUID=8)))
    out.write_text(
        out.read_text().replace("</Calendars>", f"<Calendar><UID>8</UID><Name>Ours</Name>{more}</Calendar></Calendars>")
    )
    return out


MONDAY_OFF = "<WeekDay><DayType>2</DayType><DayWorking>0</DayWorking></WeekDay>"


@pytest.mark.parametrize(
    ("more", "ends", "says"),
    [
        # Its own Monday is free, all other days are those of the usual week: Tuesday and Wednesday.
        (
            fields(BaseCalendarUID=55) + f"<WeekDays>{MONDAY_OFF}</WeekDays>",
            "Wed 03 17:00",
            "calendar 55, which is not",
        ),
        (f"<WeekDays>{WEEK}{MONDAY_OFF}</WeekDays>", "Wed 03 17:00", "Monday appears twice: the last one counts"),
        (
            f"<WeekDays>{WEEK}{MONDAY_OFF.replace('>2<', '>9<')}</WeekDays>",
            "Tue 02 17:00",
            "a day of the week of the type 9 is not known and not used",
        ),
    ],
)
def test_a_week_that_is_odd_is_noted(tmp_path: Path, more: str, ends: str, says: str):
    found, notes = finish(with_calendar(tmp_path, more))
    assert found == ends
    assert any("'Ours'" in note and says in note for note in notes)


def test_two_calendars_of_one_uid_are_refused(tmp_path: Path):
    path = with_calendar(tmp_path, f"<WeekDays>{WEEK}</WeekDays>")
    path.write_text(path.read_text().replace("<UID>8</UID>", "<UID>1</UID>"))
    with pytest.raises(ProblemsError, match="Calendar 'Ours': it has the UID 1 of 'Standard' as well"):
        read_mspdi(path)


def test_two_resources_of_one_uid_are_noted(tmp_path: Path):
    both = "".join(f"<Resource>{fields(UID=1, Name=name, Type=1)}</Resource>" for name in ("Clerk", "Nurse"))
    _, notes = finish(a_file(tmp_path, tasks=a_task(1), more=f"<Resources>{both}</Resources>"))
    assert notes == ("Resource 'Nurse' (line 1) has the UID of Resource 'Clerk' and is not used.",)


@pytest.mark.parametrize(("ends", "is_noted"), [("2027-03-01T17:00:00", False), ("2027-03-12T17:00:00", True)])
def test_dates_by_hand_of_a_summary_are_noted_where_its_tasks_have_others(tmp_path: Path, ends: str, is_noted: bool):
    held = fields(Manual=1, ManualStart="2027-03-01T08:00:00", ManualFinish=ends)
    below = a_task(2, level=2, more=fields(Start="2027-03-01T08:00:00", Finish="2027-03-01T17:00:00"))
    found, notes = finish(a_file(tmp_path, tasks=a_task(1, more=held) + below + a_task(3, more=after(1))))
    assert found == "Mon 01 17:00"
    assert [n for n in notes if "dates set by hand for a summary are not used" in n] == list(notes)
    assert bool(notes) == is_noted


def test_a_file_without_tasks_says_so(tmp_path: Path):
    assert read_mspdi(a_file(tmp_path)).notes == ("The file has no tasks.",)


def test_links_that_another_program_writes_as_text_are_noted(tmp_path: Path):
    found, notes = finish(a_file(tmp_path, tasks=a_task(1) + a_task(2, more=fields(Predecessors="1"))))
    assert found == "Mon 01 17:00"
    [note] = notes
    assert note.endswith("its predecessors and successors as text are not used, only its links (PredecessorLink).")


def test_a_task_as_late_as_possible_is_listed_on_the_days_that_project_gives_it(tmp_path: Path):
    """Five days before 26 March 2027, a Friday, end a plan of twenty: Monday 22 to Friday 26 March."""
    late = fields(ConstraintType=1)
    tasks = a_task(1, 40, more=late) + a_task(2, 160)
    project = read_mspdi(a_file(tmp_path, tasks=tasks))
    lines = list(schedule_lines(project.roadmap, time_roadmap(project.roadmap), project.names))
    assert [" ".join(line.split()) for line in lines] == [
        "1 to 26 Mar 2027 critical T2",
        "22 to 26 Mar 2027 critical T1",
    ]
