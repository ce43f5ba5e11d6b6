"""Project files as other programs write them: what is odd in them is read as documented, noted or refused by name.

Days are Monday to Friday, 8 to 12 and 13 to 17; Monday is 1 March 2027.
"""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import AmbiguousNameError, ProblemsError, UnknownThingError
from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.usecases.project_files import schedule_project, task_in_file
from changeflow.values.moments import datetime_of, minute_of
from tests.intake.project_files import START, a_file, a_lag, a_task, after, fields
from tests.quick import draws


def planned(path: Path) -> tuple[Schedule, tuple[str, ...]]:
    project = read_mspdi(path)
    return time_roadmap(project.roadmap), project.notes


def dates(schedule: Schedule, task: str) -> tuple[str, str]:
    timed = schedule[task]
    return f"{datetime_of(timed.early_start):%a %d %H:%M}", f"{datetime_of(timed.early_finish):%a %d %H:%M}"


@pytest.mark.parametrize(
    "more",
    [
        fields(ConstraintType=0, ConstraintDate="1970-01-01T01:00:00"),
        fields(ConstraintType=1, ConstraintDate="1900-01-01T00:00:00"),
        fields(ConstraintType=4, ConstraintDate="0001-01-01T00:00:00"),
        fields(ConstraintType=0, ConstraintDate="none"),
        fields(ConstraintType=0, ConstraintDate="soon"),
        fields(Stop="1970-01-01T00:00:00", Resume="1970-01-01T00:00:00"),
        fields(ManualStart="1970-01-01T00:00:00"),
        fields(Deadline="NA"),
        fields(Deadline="9999-12-31T23:59:59"),
        fields(PercentComplete=0, ActualStart="2000-01-01T00:00:00", ActualFinish="2000-01-01T00:00:00"),
        fields(PercentComplete=0, ActualStart="1984-01-01T00:00:00"),
        fields(ConstraintType=2, ConstraintDate="1984-01-01T08:00:00"),
        fields(ConstraintType=4, ConstraintDate="1984-01-01T00:00:00"),
        fields(Deadline="1984-01-01T00:00:00"),
        fields(Deadline="0000-00-00T00:00:00"),
    ],
)
def test_a_date_that_stands_for_none_is_ignored_and_noted(tmp_path: Path, more: str):
    schedule, notes = planned(a_file(tmp_path, tasks=a_task(1, more=more)))
    assert dates(schedule, "1") == ("Mon 01 08:00", "Mon 01 17:00")
    assert len(notes) == 1
    assert "Task 'T1' (line 1)" in notes[0]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (fields(ConstraintType=2, ConstraintDate="1927-03-01T08:00:00"), r"1927-03-01 \(ConstraintDate\) is outside"),
        (fields(ConstraintType=4, ConstraintDate="soon"), r"'soon' is not a date \(ConstraintDate\)"),
        (fields(Deadline="2227-03-01T08:00:00"), r"2227-03-01 \(Deadline\) is outside the years 1984 to 2149"),
    ],
)
def test_a_date_that_would_decide_is_refused_by_name(tmp_path: Path, more: str, says: str):
    with pytest.raises(ProblemsError, match=rf"plan\.xml:1:1: Task 'T1': {says}"):
        read_mspdi(a_file(tmp_path, tasks=a_task(1, more=more)))


def with_duration(path: Path, text: str, head: str = "", format_: int = 7) -> Path:
    tasks = a_task(1).replace("PT8H0M0S", text).replace("Format>7", f"Format>{format_}") + a_task(2, more=after(1))
    return a_file(path, tasks=tasks, start=START + head)


@pytest.mark.parametrize(
    ("text", "head", "finish"),
    [
        ("PT40.5H", "", "Mon 08 08:30"),
        ("PT40,5H", "", "Mon 08 08:30"),
        ("PT144000S", "", "Fri 05 17:00"),
        # A week is 2400 minutes, a month twenty days of eight hours: until Friday 26 March.
        ("P1W", "", "Fri 05 17:00"),
        ("P1M", "", "Fri 26 17:00"),
        ("P2D", "", "Tue 02 17:00"),
        # A file of weeks of four days of ten hours, and of months of three days.
        ("P1W", fields(MinutesPerWeek=1920), "Thu 04 17:00"),
        ("P1M", fields(MinutesPerDay=480, DaysPerMonth=3), "Wed 03 17:00"),
        # Sixteen hours beside a day are no part of a day of eight: forty hours, as a program has counted them.
        ("P1DT16H", "", "Fri 05 17:00"),
        # Eight hours beside a day of eight are two days.
        ("P1DT8H", "", "Tue 02 17:00"),
        # Half a minute is no milestone.
        ("PT30S", "", "Mon 01 08:01"),
    ],
)
def test_a_duration_is_as_long_as_the_file_says(tmp_path: Path, text: str, head: str, finish: str):
    schedule, notes = planned(with_duration(tmp_path, text, head))
    assert dates(schedule, "1")[1] == finish
    assert bool(notes) == (not text.startswith("PT")), "what days, weeks and months are taken for is noted"


def test_days_and_weeks_of_an_elapsed_duration_are_those_of_the_clock(tmp_path: Path):
    """A week on the clock from Monday 1 March 08:00 ends on Monday 8 March 08:00."""
    schedule, _ = planned(with_duration(tmp_path, "P1W", format_=10))
    assert dates(schedule, "1")[1] == "Mon 08 08:00"


@pytest.mark.parametrize("text", ["", "40", "5 days", "PT-8H0M0S", "-PT8H", "P", "PT", "P1H", "PT1H2"])
def test_what_is_no_duration_is_refused_with_task_and_line(tmp_path: Path, text: str):
    path = with_duration(tmp_path, text)
    path.write_text(path.read_text().replace("<Tasks>", "<Tasks>\n\n"))
    with pytest.raises(ProblemsError, match=r"plan\.xml:3:1: Task 'T1': .*duration"):
        read_mspdi(path)


def test_without_a_duration_the_dates_of_the_task_give_it(tmp_path: Path):
    more = fields(Start="2027-03-01T08:00:00", Finish="2027-03-02T12:00:00")
    path = a_file(tmp_path, tasks=a_task(1, more=more).replace("PT8H0M0S", ""))
    schedule, notes = planned(path)
    assert dates(schedule, "1")[1] == "Tue 02 12:00"
    assert notes == ("Task 'T1' (line 1): it has no duration; its dates in the file give 12 hours.",)


@pytest.mark.parametrize(
    ("lag", "format_", "starts"),
    [
        ("PT8H0M0S", 7, "Wed 03 08:00"),
        ("-PT4H", 7, "Mon 01 13:00"),
        ("4800", 7, "Wed 03 08:00"),
        ("P1D", 8, "Wed 03 08:00"),
    ],
)
def test_a_lag_may_be_written_as_a_duration(tmp_path: Path, lag: str, format_: int, starts: str):
    """T1 ends on Monday at 17. A day on the clock later is Tuesday 17:00, so T2 starts on Wednesday."""
    schedule, _ = planned(a_file(tmp_path, tasks=a_task(1) + a_task(2, 8, more=a_lag(1, lag, format_))))
    assert dates(schedule, "2")[0] == starts


def test_a_lag_that_is_none_is_refused_with_task_and_line(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1) + "\n" + a_task(2, more=a_lag(1, "a day")))
    with pytest.raises(ProblemsError, match=r"plan\.xml:2:1: Task 'T2', its link to 'T1': 'a day' is not a number"):
        read_mspdi(path)


class TestProgress:
    """T1 takes a week; T2, a day, follows."""

    def plan(self, path: Path, **texts: object) -> tuple[Schedule, tuple[str, ...]]:
        return planned(a_file(path, tasks=a_task(1, 40, more=fields(**texts)) + a_task(2, more=after(1))))

    def test_what_is_complete_is_done_on_its_dates_in_the_file(self, tmp_path: Path):
        schedule, notes = self.plan(
            tmp_path, PercentComplete=100, Start="2027-03-02T08:00:00", Finish="2027-03-04T17:00:00"
        )
        assert dates(schedule, "1") == ("Tue 02 08:00", "Thu 04 17:00")
        assert dates(schedule, "2")[0] == "Fri 05 08:00"
        assert not schedule["1"].critical
        assert "100% complete without actual dates: its dates in the file are taken" in notes[0]

    def test_without_any_date_it_is_where_it_was_planned(self, tmp_path: Path):
        schedule, notes = self.plan(tmp_path, PercentComplete=100)
        assert dates(schedule, "1") == ("Mon 01 08:00", "Fri 05 17:00")
        assert (schedule["1"].critical, schedule["2"].critical) == (False, True)
        assert "it is taken to be as planned" in notes[0]

    @pytest.mark.slow
    def test_half_complete_is_half_worked(self, tmp_path: Path):
        """Half of forty hours from Tuesday 08:00 end on Thursday 12:00; the other half ends on Monday 8 at 17:00."""
        path = a_file(tmp_path, tasks=a_task(1, 40, more=fields(PercentComplete=50, Start="2027-03-02T08:00:00")))
        roadmap = read_mspdi(path).roadmap
        known = roadmap.progress["1"]
        assert known.resume is not None
        assert known.remaining is not None
        assert f"{datetime_of(known.resume):%a %d %H:%M}" == "Thu 04 12:00"
        assert known.remaining.amount == 20 * 60
        assert dates(time_roadmap(roadmap), "1") == ("Tue 02 08:00", "Mon 08 17:00")

    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            # Ended before it began: neither counts, but the percentage does.
            (
                {"PercentComplete": 100, "ActualStart": "2027-03-04T08:00:00", "ActualFinish": "2027-03-02T17:00:00"},
                "Fri 05",
            ),
            # Half done, and finished: it has begun.
            (
                {"PercentComplete": 50, "ActualStart": "2027-03-01T08:00:00", "ActualFinish": "2027-03-02T17:00:00"},
                "Fri 05",
            ),
            # Nothing done, and finished.
            (
                {"PercentComplete": 0, "ActualStart": "2027-03-01T08:00:00", "ActualFinish": "2027-03-02T17:00:00"},
                "Fri 05",
            ),
            ({"PercentComplete": 150}, "Fri 05"),
            # It resumes before it has begun: that is not used, and half of it is.
            (
                {"PercentComplete": 50, "ActualStart": "2027-03-01T08:00:00", "Resume": "2026-03-01T08:00:00"},
                "Fri 05",
            ),
        ],
    )
    def test_what_contradicts_itself_is_noted_and_not_used(
        self, tmp_path: Path, texts: dict[str, object], expected: str
    ):
        schedule, notes = self.plan(tmp_path, **texts)
        assert dates(schedule, "1")[1] == f"{expected} 17:00"
        assert notes
        assert all("Task 'T1' (line 1)" in note for note in notes)

    def test_work_that_stops_after_it_resumes_is_noted(self, tmp_path: Path):
        """Ten hours are left from Thursday 4 March at 8: to Friday at 10, wherever it stopped."""
        texts = {"Stop": "2027-03-05T12:00:00", "Resume": "2027-03-04T08:00:00", "RemainingDuration": "PT10H0M0S"}
        schedule, [note] = self.plan(tmp_path, PercentComplete=75, ActualStart="2027-03-01T08:00:00", **texts)
        assert dates(schedule, "1")[1] == "Fri 05 10:00"
        assert "it stops on 2027-03-05, after it resumes on 2027-03-04" in note

    def test_what_is_done_and_left_but_not_the_duration_is_noted(self, tmp_path: Path):
        """Of forty hours 16 are done and 32 left: from Wednesday 3 March at 8 to Monday 8 at 17."""
        texts = {"ActualDuration": "PT16H0M0S", "RemainingDuration": "PT32H0M0S", "Resume": "2027-03-03T08:00:00"}
        schedule, [note] = self.plan(tmp_path, PercentComplete=40, ActualStart="2027-03-01T08:00:00", **texts)
        assert dates(schedule, "1")[1] == "Mon 08 17:00"
        assert "16 hours done and 32 left are not its duration of 40" in note

    def test_an_actual_start_alone_counts_at_0_percent(self, tmp_path: Path):
        schedule, notes = self.plan(tmp_path, PercentComplete=0, ActualStart="2027-03-03T08:00:00")
        assert dates(schedule, "1") == ("Wed 03 08:00", "Tue 09 17:00")
        assert not notes

    def test_seconds_of_what_is_left_are_rounded_once(self, tmp_path: Path):
        """Resumed on Monday at 13:29:36, three hours, thirty minutes and 24 seconds end at 17:00 and not at 16:59."""
        left = {"Resume": "2027-03-01T13:29:36", "RemainingDuration": "PT3H30M24S"}
        schedule, _ = self.plan(tmp_path, PercentComplete=90, ActualStart="2027-02-25T08:00:00", **left)
        assert dates(schedule, "1")[1] == "Mon 01 17:00"

    def test_without_what_is_left_the_percentage_says_it(self, tmp_path: Path):
        """A quarter of forty hours is done: thirty are left from Thursday 4 March at 8."""
        schedule, _ = self.plan(
            tmp_path, PercentComplete=25, ActualStart="2027-03-01T08:00:00", Resume="2027-03-04T08:00:00"
        )
        assert dates(schedule, "1")[1] == "Tue 09 15:00"


def test_a_placeholder_is_not_critical_and_other_manual_tasks_are(tmp_path: Path):
    by_hand = fields(Manual=1, ManualStart="2027-03-01T08:00:00", ManualFinish="2027-03-01T17:00:00")
    empty = a_task(2, more=by_hand).replace("Format>7", "Format>53")
    linked = a_task(3, more=by_hand).replace("Format>7", "Format>53") + a_task(4, 0, more=after(3))
    schedule, _ = planned(a_file(tmp_path, tasks=a_task(1, more=by_hand) + empty + linked))
    assert [schedule[t].critical for t in "123"] == [True, False, True]


def test_of_dates_held_by_hand_one_and_the_duration_give_the_other(tmp_path: Path):
    """Twelve hours from Tuesday 2 at 8 end on Wednesday at 12; twelve until Friday 5 at 17 begin on Thursday at 13."""
    first = fields(Manual=1, ManualStart="2027-03-02T08:00:00")
    last = fields(Manual=1, ManualFinish="2027-03-05T17:00:00")
    schedule, _ = planned(a_file(tmp_path, tasks=a_task(1, 12, more=first) + a_task(2, 12, more=last)))
    assert dates(schedule, "1") == ("Tue 02 08:00", "Wed 03 12:00")
    assert dates(schedule, "2") == ("Thu 04 13:00", "Fri 05 17:00")


def test_the_percentage_of_a_summary_is_noted_where_no_task_of_it_has_begun(tmp_path: Path):
    half = fields(PercentComplete=50)
    tasks = a_task(1, more=half) + a_task(2, level=2) + a_task(3, more=half) + a_task(4, level=2, more=half)
    _, notes = planned(a_file(tmp_path, tasks=tasks))
    assert [n for n in notes if "summary" in n] == [
        "Task 'T1' (line 1): 50% complete of a summary is not used: its tasks have none."
    ]


RESOURCES = (
    "<Resources><Resource><UID>1</UID><Name>Ann</Name><Type>1</Type><CalendarUID>88</CalendarUID></Resource></Resources>"
    "<Assignments><Assignment><TaskUID>1</TaskUID><ResourceUID>1</ResourceUID><Delay>4800</Delay></Assignment>"
    "<Assignment><TaskUID>1</TaskUID><ResourceUID>7</ResourceUID></Assignment>"
    "<Assignment><TaskUID>77</TaskUID><ResourceUID>1</ResourceUID></Assignment></Assignments>"
)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (fields(CalendarUID=999), "its calendar 999 is not in the file; the project's is used"),
        (fields(ConstraintType=9), "its constraint type 9 is not known and is not applied"),
        (fields(ConstraintType=4), "its constraint 'start no earlier' has no date and is not applied"),
        (after(99), "its predecessor 99 is not among the tasks that are read; the link is left out"),
        (after(1), "it is linked to itself; the link is left out"),
        (after(2, kind=8), "a link of an unknown type (8) is taken as finish to start"),
        (fields(LevelingDelay=4800), "its levelling delay is not applied"),
        (fields(ExternalTask=1), "it belongs to another project; its dates are kept"),
        (fields(IsSubproject=1), "the project that is inserted here is not read"),
        (fields(Manual=1), "it is scheduled by hand without any date: its links place it"),
        (fields(Start="2027-03-01T08:00:00", Finish="2027-03-02T17:00:00"), "8 working hours more than its duration"),
    ],
)
def test_what_is_read_but_not_applied_is_noted_with_task_and_line(tmp_path: Path, more: str, says: str):
    _, notes = planned(a_file(tmp_path, tasks=a_task(1, more=more) + a_task(2)))
    assert len(notes) == 1
    assert notes[0].startswith("Task 'T1' (line 1): ")
    assert says in notes[0]


def test_a_task_held_by_hand_with_plain_dates_alone_is_held_at_them(tmp_path: Path):
    """T1 takes Monday; T2 is held from Wednesday 3 to Thursday 4, and does not follow it."""
    held = fields(Manual=1, Start="2027-03-03T08:00:00", Finish="2027-03-04T17:00:00")
    schedule, notes = planned(a_file(tmp_path, tasks=a_task(1) + a_task(2, 16, more=held + after(1))))
    assert (dates(schedule, "2"), notes) == (("Wed 03 08:00", "Thu 04 17:00"), ())


def test_what_the_file_refers_to_and_does_not_have_is_noted(tmp_path: Path):
    path = a_file(tmp_path, tasks=a_task(1), more=RESOURCES)
    path.write_text(path.read_text().replace("<CalendarUID>1<", "<CalendarUID>44<", 1))
    assert planned(path)[1] == (
        "The project's calendar 44 is not in the file: the calendar 'Standard' is used.",
        "Resource 'Ann' (line 1): its calendar 88 is not in the file; the project's is used.",
        "Task 'T1' (line 1): its resource 7 is not in the file.",
        "An assignment (line 1) is for task 77, which is not in the file.",
        "Task 'T1' (line 1): the delay of an assignment is not applied.",
    )


def test_ten_of_a_kind_are_noted_and_the_rest_is_counted(tmp_path: Path):
    _, notes = planned(a_file(tmp_path, tasks="".join(a_task(n, more=after(99)) for n in range(1, 13))))
    assert len(notes) == 11
    assert notes[-1] == "… and 2 more of this kind: links that are left out."


def test_ten_problems_of_a_kind_are_listed_and_the_rest_is_counted(tmp_path: Path):
    tasks = "".join(a_task(n).replace("PT8H0M0S", "8") for n in range(1, 13))
    with pytest.raises(ProblemsError, match=r"2 more problems of the same kinds\."):
        read_mspdi(a_file(tmp_path, tasks=tasks))


def test_odd_calendars_are_noted(tmp_path: Path):
    """A working day without hours has the usual ones, and a way to recur that no one knows is not applied."""
    path = a_file(tmp_path, tasks=a_task(1), exceptions=(
        "<Exception><Name>moon</Name><Type>9</Type><TimePeriod><FromDate>2027-03-01</FromDate><ToDate>2027-04-01</ToDate>"
        "</TimePeriod></Exception>"
    ))  # fmt: skip
    text = path.read_text().replace("</WeekDays>", (
        "<WeekDay><DayType>7</DayType><DayWorking>1</DayWorking></WeekDay></WeekDays>"
    ))  # fmt: skip
    path.write_text(text)
    project = read_mspdi(path)
    calendar = project.roadmap.calendars["1"]
    saturday = minute_of(date(2027, 3, 6))
    assert calendar.between(saturday, saturday + 1440) == 480
    assert [("Saturday: a working day without hours" in n, "(Type 9)" in n) for n in project.notes] == [
        (True, False),
        (False, True),
    ]


def test_dates_without_a_time_begin_and_end_with_the_day(tmp_path: Path):
    """A deadline of Friday 5 March is 17:00, a start on Tuesday 2 is 9:00, where the file's days begin at 9."""
    tasks = a_task(1, more=fields(ConstraintType=4, ConstraintDate="2027-03-02", Deadline="2027-03-05"))
    project = read_mspdi(a_file(tmp_path, tasks=tasks, start=START + fields(DefaultStartTime="09:00:00")))
    assert dates(time_roadmap(project.roadmap), "1")[0] == "Tue 02 09:00"
    deadline = project.roadmap.tasks["1"].deadline
    assert deadline is not None
    assert f"{datetime_of(deadline):%a %d %H:%M}" == "Fri 05 17:00"


def test_zones_are_left_out_and_said_once(tmp_path: Path):
    late = fields(ConstraintType=4, ConstraintDate="2027-03-02T08:00:00Z", Deadline="2027-03-05T17:00:00+01:00")
    schedule, notes = planned(a_file(tmp_path, tasks=a_task(1, more=late) + a_task(2, more=late)))
    assert dates(schedule, "1")[0] == "Tue 02 08:00"
    assert len(notes) == 1


def read(path: Path, text: str) -> ProjectFile:
    (path / "plan.xml").write_text(text)
    return read_mspdi(path / "plan.xml")


def test_files_without_a_namespace_calendars_or_outline_levels_are_read(tmp_path: Path):
    levels = a_task(1).replace("OutlineLevel>1<", "OutlineNumber>1<") + a_task(2).replace(
        "OutlineLevel>1<", "OutlineNumber>1.1<"
    )
    tasks = levels.replace("Level", "Number")
    text = f"<Project><StartDate>2027-03-01T08:00:00</StartDate><Tasks>{tasks}</Tasks></Project>"
    project = read(tmp_path, text)
    assert project.roadmap.parents == {"2": "1"}
    assert dates(time_roadmap(project.roadmap), "2")[1] == "Mon 01 17:00"
    assert project.notes == (
        "The file names no calendar for the project: Monday to Friday, 08:00 to 12:00 and 13:00 to 17:00, is used.",
    )


def test_wbs_codes_give_the_outline_where_nothing_else_does(tmp_path: Path):
    tasks = a_task(1).replace("OutlineLevel>1<", "WBS>1<") + a_task(2).replace("OutlineLevel>1<", "WBS>1.1<")
    path = a_file(tmp_path, tasks=tasks.replace("</OutlineLevel>", "</WBS>"))
    assert read_mspdi(path).roadmap.parents == {"2": "1"}


def test_where_the_file_has_other_dates_that_is_said_once(tmp_path: Path):
    """Without a link or a date T1 is on Monday 1; the file has it on Wednesday 3. T2 has the dates of the file."""
    other = fields(Start="2027-03-03T08:00:00", Finish="2027-03-03T17:00:00")
    same = fields(Start="2027-03-01T08:00:00", Finish="2027-03-01T17:00:00")
    said: list[str] = []
    schedule_project(a_file(tmp_path, tasks=a_task(1, more=other) + a_task(2, more=same)), say=said.append)
    [one] = said
    assert one.startswith("The file has different dates for 1 of 2 tasks: ")
    assert one.endswith("'T1': 3 Mar 2027 there, 1 Mar 2027 here.")


def test_flags_may_be_words(tmp_path: Path):
    """T1 is held by hand on Wednesday, T2 is left out, and the project is planned from its start."""
    by_hand = fields(Manual="true", ManualStart="2027-03-03T08:00:00", ManualFinish="2027-03-03T17:00:00")
    tasks = a_task(1, more=by_hand + fields(IsNull="false")) + a_task(2, more=fields(Active="False"))
    start = START + fields(ScheduleFromStart="true", HonorConstraints="false")
    project = read_mspdi(a_file(tmp_path, tasks=tasks, start=start))
    assert dates(time_roadmap(project.roadmap), "1")[0] == "Wed 03 08:00"
    assert set(project.roadmap.tasks) == {"1"}
    assert not project.roadmap.holds_set_dates


def test_task_0_is_the_project_unless_it_is_in_the_outline(tmp_path: Path):
    assert set(read_mspdi(a_file(tmp_path, tasks=a_task(0, level=0) + a_task(1))).roadmap.tasks) == {"1"}
    assert set(read_mspdi(a_file(tmp_path, tasks=a_task(0) + a_task(1))).roadmap.tasks) == {"0", "1"}


def test_a_task_in_2049_lays_out_no_more_days(tmp_path: Path):
    """Eight weeks around the start are laid out; the last task is where it would be on all of them."""
    late = a_task(2, more=fields(ConstraintType=4, ConstraintDate="2049-03-01T08:00:00"))
    roadmap = read_mspdi(a_file(tmp_path, tasks=a_task(1) + late)).roadmap
    schedule = time_roadmap(roadmap)
    assert f"{datetime_of(schedule.finish):%Y-%m-%d %H:%M}" == "2049-03-01 17:00"
    # 1 March 2049 is a Monday 22 years later, 1148 weeks: T1 may wait for 5740 working days.
    assert schedule["1"].total_float == 5740 * 480
    days = roadmap.calendars["1"].laid_out.days
    assert days is not None
    assert (days.last - days.first).days < 60


TASK_FIELDS = (
    *("Duration", "ConstraintDate", "Deadline", "PercentComplete", "ActualStart", "ActualFinish", "Resume", "Stop"),
    *("RemainingDuration", "CalendarUID", "ConstraintType", "Start", "Finish", "ManualStart"),
)
ODD = (
    "",
    "x",
    "0",
    "-1",
    "NA",
    "1970-01-01T00:00:00",
    "P1M",
    "PT",
    "1e9",
    "50%",
    "2027-03-04",
    "2026-01-01T09:00Z",
    "99",
)
PERCENTAGES = (None, 0, 50, 100)


@pytest.mark.slow
@settings(max_examples=draws(60), deadline=None)
@given(st.sampled_from(TASK_FIELDS), st.sampled_from(ODD), st.sampled_from((0, 1)), st.sampled_from(PERCENTAGES))
def test_one_odd_field_is_read_noted_or_refused_by_task(name: str, text: str, manual: int, percent: int | None):
    """Whatever a field holds, the file is planned, or the task is named."""
    said = {"Manual": manual, "ConstraintType": 4, "PercentComplete": percent, name: text}
    more = fields(**{k: v for k, v in said.items() if v is not None})
    task = a_task(1, more=more) if name != "Duration" else a_task(1, more=more).replace("PT8H0M0S", text, 1)
    with TemporaryDirectory() as folder:
        path, problems = a_file(Path(folder), tasks=task + a_task(2, more=after(1))), ""
        try:
            planned(path)
        except ProblemsError as error:
            problems = str(error)
    assert not problems or "Task 'T1'" in problems


def test_the_end_of_a_day_may_be_written_as_24_hours(tmp_path: Path):
    """No start before the end of Monday is Tuesday 8:00; a holiday until the end of Tuesday leaves Wednesday."""
    holiday = (
        "<Exception><TimePeriod><FromDate>2027-03-02T00:00:00</FromDate><ToDate>2027-03-02T24:00:00</ToDate>"
        "</TimePeriod><Name>Inset</Name><Type>1</Type><DayWorking>0</DayWorking></Exception>"
    )
    late = a_task(1, more=fields(ConstraintType=4, ConstraintDate="2027-03-01T24:00:00"))
    assert dates(planned(a_file(tmp_path, tasks=late))[0], "1") == ("Tue 02 08:00", "Tue 02 17:00")
    schedule, _ = planned(a_file(tmp_path, tasks=late, exceptions=holiday))
    assert dates(schedule, "1") == ("Wed 03 08:00", "Wed 03 17:00")


NULL = "<Task><UID>2</UID><Name>Empty</Name><OutlineLevel>1</OutlineLevel>{}<DurationFormat>53</DurationFormat></Task>"


@pytest.mark.parametrize(
    ("length", "finish", "says"),
    [
        ("", "Mon 01 17:00", "it has no duration; a day is used"),
        (fields(Duration="PT0H0M0S"), "Mon 01 08:00", "no one has entered a duration: it takes no time"),
    ],
)
def test_a_duration_that_no_one_has_entered_is_noted(tmp_path: Path, length: str, finish: str, says: str):
    """Format 53 says so of a task that is not held by hand. Project takes a day."""
    schedule, notes = planned(a_file(tmp_path, tasks=a_task(1) + NULL.format(length)))
    assert dates(schedule, "2")[1] == finish
    assert notes == (f"Task 'Empty' (line 1): {says}.",)


def test_a_task_of_a_file_is_found_by_its_uid_or_its_name(tmp_path: Path):
    tasks = a_task(1) + a_task(7, level=2).replace("T7", "Plan") + a_task(8) + a_task(9, level=2).replace("T9", "Plan")
    project, _ = schedule_project(a_file(tmp_path, tasks=tasks))
    assert [task_in_file(project, name) for name in ("1", "t1", "T8")] == ["1", "1", "8"]
    with pytest.raises(AmbiguousNameError, match=r"'Plan' \(UID 7, below 'T1'\), 'Plan' \(UID 9, below 'T8'\)"):
        task_in_file(project, "Plan")
    with pytest.raises(UnknownThingError, match=r"There is no task 'T3'\. Use one of: Plan, T1, T8\."):
        task_in_file(project, "T3")
