"""What teams write in their own progress sheets: statuses, days under Done, hours, and several comments."""

from pathlib import Path

import pytest

from changeflow.programme.progress_cells import ProgressCells
from tests.intake.test_progress_sheets import file, read

__all__ = ["file"]


def only(path: Path, head: list[str], row: list[str]) -> tuple[ProgressCells, list[str], list[str]]:
    """Read one row of a sheet: its cells, what is said to be unused, and its mistakes."""
    sheet, _, problems = read(path, [row], head)
    [typed] = [r.typed for r in sheet.rows] or [ProgressCells()]
    return typed, [remark.what for remark in sheet.unused], [f"{p.line}:{p.column} {p.what}" for p in problems]


@pytest.mark.parametrize(
    ("status", "percent"),
    [
        ("Complete - late", 100),
        ("Completed late", 100),
        ("Done (on time)", 100),
        ("Closed – signed off", 100),
        ("Not started - blocked", 0),
        ("50% complete", 50),
        ("In progress (60%)", 60),
        ("In progress - 60%", 60),
    ],
)
def test_a_status_with_what_it_says_beside_is_read(file: Path, status: str, percent: int):
    typed, unused, problems = only(file, ["Task", "Status", "Started"], ["payroll/requirements", status, "04/01/2027"])
    assert (typed.percent, unused, problems) == (percent, [], [])


@pytest.mark.parametrize("status", ["On hold", "Amber", "RAG: Green", "Late", "Complete - snags left", "Cancelled"])
def test_a_status_that_does_not_say_how_much_is_done_is_noted_and_not_used(file: Path, status: str):
    typed, unused, problems = only(file, ["Task", "Status", "Started"], ["payroll/requirements", status, "04/01/2027"])
    assert (typed.percent, problems) == (None, [])
    assert unused == [f"'{status}' was not used: it does not say how much is complete."]


def test_the_actual_percentage_counts_beside_a_planned_one(file: Path):
    head = ["Task", "Planned % complete", "Actual % complete", "Started"]
    typed, unused, problems = only(file, head, ["payroll/requirements", "100%", "50%", "04/01/2027"])
    assert (typed.percent, problems) == (50, [])
    assert unused == ["The column was not used: 'Planned % complete'."]


@pytest.mark.parametrize("tick", ["✓", "✔️", "✅", "☑", "Yes"])
def test_a_tick_under_done_is_done(file: Path, tick: str):
    typed, unused, problems = only(file, ["Task", "Done?", "Started"], ["payroll/requirements", tick, "04/01/2027"])
    assert (typed.percent, unused, problems) == (100, [], [])


@pytest.mark.parametrize("cross", ["✗", "✘", "❌", "☐", "No"])
def test_a_cross_under_done_says_only_that_it_is_not(file: Path, cross: str):
    typed, unused, problems = only(file, ["Task", "Done?", "Started"], ["payroll/requirements", cross, "04/01/2027"])
    assert (typed.percent, unused, problems) == (None, [], [])


@pytest.mark.parametrize("mark", ["x", "X", "×"])
def test_an_x_under_done_is_not_guessed(file: Path, mark: str):
    row = ["payroll/requirements", mark, "04/01/2027"]
    _, _, [problem] = read(file, [row], ["Task", "Done?", "Started"])
    assert str(problem).endswith(f":2: In the column 'Done?', '{mark}' may be a tick or a cross. Write yes or no.")


def test_how_far_work_is_behind_is_no_percentage_complete(file: Path):
    typed, _, problems = only(file, ["Task", "Status"], ["payroll/requirements", "20% behind"])
    assert typed.percent is None
    assert problems == ["2:2 '20% behind' is not a percentage."]


@pytest.mark.parametrize("heading", ["Done", "Complete", "Completed?"])
def test_a_day_under_done_is_the_day_of_the_finish(file: Path, heading: str):
    typed, _, problems = only(file, ["Task", heading], ["payroll/requirements", "06/01/2027"])
    assert problems == []
    assert str(typed.finished) == "2027-01-06"


@pytest.mark.parametrize("share", ["0.5", "0,5"])
def test_a_share_under_done_is_no_day(file: Path, share: str):
    """Half done: a column that asks whether work is done may hold shares."""
    typed, _, _ = only(file, ["Task", "Complete?", "Started"], ["payroll/requirements", share, "04/01/2027"])
    assert typed.percent == 50


def test_a_wrong_day_under_done_is_named_as_a_day(file: Path):
    _, _, problems = only(file, ["Task", "Done"], ["payroll/requirements", "01/13/2027"])
    assert problems == ["2:2 '01/13/2027' has no month 13: the month seems to be first."]


def test_a_day_as_a_status_says_where_it_belongs(file: Path):
    _, _, problems = only(file, ["Task", "Status"], ["payroll/requirements", "06/01/2027"])
    assert problems == ["2:2 '06/01/2027' is a day, not a status."]


@pytest.mark.parametrize(
    ("heading", "cell", "remaining"),
    [("Remaining (hours)", "15", "2"), ("Hours left", "7.5", "1"), ("Remaining (hrs)", "3", "0.4"),
     ("Remaining (weeks)", "2", "10"), ("Remaining (days)", "5", "5"), ("Remaining hours", "2 days", "2"),
     ("Remaining", "15:00", "2"), ("Remaining (hours)", "3:45", "0.5")],
)  # fmt: skip
def test_the_heading_of_what_remains_gives_the_unit(file: Path, heading: str, cell: str, remaining: str):
    """The programme has days of 7.5 hours."""
    typed, _, problems = only(file, ["Task", heading, "Started"], ["payroll/requirements", cell, "04/01/2027"])
    assert (typed.remaining, problems) == (remaining, [])


def test_every_column_of_comments_is_kept(file: Path):
    head, row = ["Task", "% complete", "Comment", "Notes", "Latest update"], ["payroll/requirements", "50%"]
    typed, unused, problems = only(file, head, [*row, "Waits for HR", "n/a", "Meeting on Monday"])
    assert (typed.comment, unused, problems) == ("Waits for HR\nMeeting on Monday", [], [])


def test_a_comment_that_is_written_twice_is_kept_once(file: Path):
    typed, _, _ = only(file, ["Task", "Comments", "Remarks"], ["payroll/requirements", "Wait", "Wait"])
    assert typed.comment == "Wait"


def test_a_finish_with_the_month_first_is_one_mistake(file: Path):
    """The day in a column that is not used is no second one: the finish is there, and only written wrongly."""
    head = ["Task", "% complete", "Actual finish", "Review"]
    _, _, problems = only(file, head, ["payroll/requirements", "100%", "01/13/2027", "14/01/2027"])
    assert problems == ["2:3 '01/13/2027' has no month 13: the month seems to be first."]
