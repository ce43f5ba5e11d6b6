"""Progress sheets: out, typed into as people do, in again; and a team's own table.

The small programme starts on Monday 4 January 2027. Its requirements take five days of 7.5 hours, to Friday the 8th.
"""

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ConflictError, ProblemsError
from changeflow.programme.facts import Facts
from changeflow.programme.progress_cells import progress_cells
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.progress_preview import preview_lines
from changeflow.reports.recorded import WORDS_REMOVED, in_words
from changeflow.storage.database import session_scope
from changeflow.storage.erasure import is_anything_left
from changeflow.storage.facts import recorded
from changeflow.usecases import definitions, progress
from changeflow.usecases.export import export_schedule
from changeflow.usecases.progress_import import ImportPreview, preview_import, store_import
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.retention import retain
from changeflow.usecases.stored import stored_on
from changeflow.usecases.subject_access import erase, everything_about
from changeflow.usecases.unit_of_work import Change
from changeflow.values.duration import Duration
from tests import audited
from tests.builders import PATHWAY, PEOPLE, SERVICE, a_folder
from tests.stored import store_once
from tests.usecases import gated

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
TASK = "payroll/requirements"
ON = date(2027, 1, 7)


def change(db: str, actor: str = "lead", on: date = ON) -> Change:
    return Change(db=db, programme=None, actor=actor, now=datetime(on.year, on.month, on.day, 9, tzinfo=UTC), on=on)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    folder = a_folder(tmp_path / "trust", service=OWNED)
    store_once(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC), on=date(2027, 1, 4))
    return db


@pytest.fixture
def sheet(stored: str, tmp_path: Path) -> Path:
    return exported(stored, tmp_path / "plan.xlsx")


def exported(db: str, out: Path) -> Path:
    now = datetime(ON.year, ON.month, ON.day, 8, tzinfo=UTC)
    export_schedule("xlsx", out, source=None, db=db, programme=None, on=ON, now=now)
    return out


def facts(db: str) -> Facts:
    return stored_on(None, db=db, on=ON).programme.facts


def columns(sheet: Worksheet) -> dict[str, int]:
    """Return the place of each column of the tasks, by its heading."""
    return {cell.value: cell.column for cell in sheet[int(sheet.freeze_panes[1:]) - 1]}


def row_of(sheet: Worksheet, task: str) -> int:
    place = columns(sheet)["Task id"]
    return next(row for row in range(1, sheet.max_row + 1) if sheet.cell(row, place).value == task)


def type_in(path: Path, task: str = TASK, **cells: Any) -> Path:
    """Type into a row of the tasks; a cell by the first word of its heading that says which."""
    headings = {
        "percent": "% complete", "started": "Actual start", "finished": "Actual finish", "comment": "Comment",
        "remaining": "Remaining (working days)", "owner": "Owner", "last": "Last day", "name": "Task",
    }  # fmt: skip
    book = load_workbook(path)
    tasks = book["Tasks"]
    for name, value in cells.items():
        tasks.cell(row_of(tasks, task), columns(tasks)[headings[name]]).value = value
    book.save(path)
    return path


def take(path: Path, db: str, actor: str = "lead", on: date = ON) -> ImportPreview:
    found = preview_import(path, change(db, actor, on))
    store_import(path, change(db, actor, on), preview=found)
    return found


def said(found: ImportPreview) -> str:
    return "\n".join(preview_lines(found.sheet.typed, found.before, found.after, decided=found.decided))


def entries(db: str) -> int:
    with session_scope(db) as session:
        return len(list(audited.entries(session, "small")))


@pytest.mark.slow
def test_a_workbook_that_no_one_typed_into_records_nothing(stored: str, sheet: Path):
    load_workbook(sheet).save(sheet)
    found = preview_import(sheet, change(stored))
    assert found.is_empty
    assert found.sheet.typed.unchanged > 10
    assert said(found).startswith("To be recorded: 0 tasks")


@pytest.mark.slow
def test_what_is_typed_comes_back_and_is_exported_again(stored: str, sheet: Path, tmp_path: Path):
    """Of five days 60% are complete: two days of 450 minutes are left, Thursday and Friday."""
    type_in(sheet, percent=0.6, started=date(2027, 1, 4), comment="Heads have been asked")
    found = take(sheet, stored)
    assert (found.new.progress, found.new.comments) == (1, 1)
    known = facts(stored)
    assert (known.progress[TASK].percent, known.progress[TASK].remaining) == (60, Duration(900))
    assert [(c.task, c.text, c.by, c.on) for c in known.comments] == [(TASK, "Heads have been asked", "lead", ON)]
    again = load_workbook(exported(stored, tmp_path / "again.xlsx"))["Tasks"]
    cells = {name: again.cell(row_of(again, TASK), place).value for name, place in columns(again).items()}
    assert (cells["% complete"], cells["Actual start"], cells["Comment"]) == (
        0.6,
        datetime(2027, 1, 4),
        "Heads have been asked",
    )
    assert cells["Remaining (working days)"] == 2
    assert preview_import(tmp_path / "again.xlsx", change(stored)).is_empty


@pytest.mark.slow
@pytest.mark.parametrize(("left", "shown"), [("10ed", "10 calendar days"), ("1sw", "1 school week"), ("1.5d", 1.5)])
def test_what_is_left_in_another_unit_is_shown_in_words_and_read_back(
    stored: str, tmp_path: Path, left: str, shown: Any
):
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), None, left)], change(stored))
    path = exported(stored, tmp_path / "rest.xlsx")
    tasks = load_workbook(path)["Tasks"]
    assert tasks.cell(row_of(tasks, TASK), columns(tasks)["Remaining (working days)"]).value == shown
    assert preview_import(path, change(stored, "chief")).is_empty


@pytest.mark.slow
def test_what_is_finished_is_not_opened_again_by_a_sheet(stored: str, tmp_path: Path):
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), date(2027, 1, 6))], change(stored))
    path = type_in(exported(stored, tmp_path / "done.xlsx"), percent=0.5, finished=None)
    with pytest.raises(ProblemsError, match=r"is 50%, but a finish on 6 Jan 2027 is recorded\. If the finish is wrong"):
        preview_import(path, change(stored))
    found = preview_import(type_in(path, percent=1), change(stored))
    assert found.is_empty
    assert "Actual finish: was emptied. The record stays" in said(found)


@pytest.mark.slow
def test_a_preview_keeps_nothing_and_a_second_import_records_nothing(stored: str, sheet: Path):
    type_in(sheet, percent=1, comment="Done")
    before = entries(stored)
    preview_import(sheet, change(stored))
    assert (entries(stored), facts(stored).progress) == (before, {})
    take(sheet, stored)
    after = entries(stored)
    assert take(sheet, stored, on=date(2027, 1, 11)).is_empty
    assert entries(stored) == after


@pytest.mark.slow
def test_all_complete_without_a_finish_is_finished_on_the_data_date(stored: str, sheet: Path):
    found = take(type_in(sheet, percent="100%", started="04/01/2027"), stored)
    [note] = found.sheet.typed.notes
    assert "100% without an Actual finish: 7 Jan 2027, the data date, is used" in note.text
    cells = progress_cells(stored_on(None, db=stored, on=ON).programme, TASK)
    assert (cells.started, cells.finished) == (date(2027, 1, 4), ON)


@pytest.mark.slow
def test_the_preview_names_what_moves_by_how_much(stored: str, sheet: Path):
    """Forty days instead of two are left: the plan ends as much later as when that is reported on the command line."""
    type_in(sheet, started=date(2027, 1, 4), remaining=40)
    found = preview_import(sheet, change(stored))
    lines = said(found)
    was = stored_on(None, db=stored, on=ON).programme
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), None, "40d")], change(stored))
    now = stored_on(None, db=stored, on=ON).programme
    [milestone] = now.milestones
    days = (now.timed(milestone.task).last_day - was.timed(milestone.task).last_day).days
    assert days > 40
    assert f"“All are live” is {days} days later, on" in lines
    assert "(was 25 Jan 2027)" in lines
    assert "“Payroll: requirements”: started 4 Jan 2027, 40 working days left" in lines


@pytest.mark.slow
def test_the_preview_says_what_dates_are_compared_with(stored: str, sheet: Path):
    """No one has reported a task that was planned for Monday: on Thursday the forecast has it begin that day."""
    type_in(sheet, started=date(2027, 1, 4), finished=date(2027, 1, 5))
    lines = said(preview_import(sheet, change(stored)))
    unreported = "In that forecast, 1 of these tasks has not begun, because no one had reported it."
    assert f"Compared with the forecast for 7 Jan 2027 without this sheet. {unreported}\n" in lines
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), None, "40d")], change(stored, "lead"))
    lines = said(preview_import(sheet, change(stored)))
    assert "Compared with the forecast for 7 Jan 2027 without this sheet.\n" in lines
    assert re.search(r"The programme finishes on \d+ \w+ 2027 instead of \d+ \w+ 2027: \d+ days earlier\.", lines)


@pytest.mark.slow
def test_a_start_before_the_programmes_is_recorded_and_noted(stored: str, sheet: Path):
    """The programme starts on Monday 4 January 2027, and a task of it on 4 December: perhaps another year was meant."""
    type_in(sheet, started=date(2026, 12, 4))
    lines = said(preview_import(sheet, change(stored)))
    early = (
        "started on 4 Dec 2026, before the programme's start on 4 Jan 2027. The day counts; correct it if it is wrong."
    )
    assert f"Days to check\n  “Payroll: requirements” {early}\n" in lines
    progress.report_progress([ReportedProgress(TASK, date(2026, 12, 4))], change(stored))
    assert progress.early_start(TASK, change(stored)) == f"“Payroll: requirements” {early}"
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4))], change(stored))
    assert progress.early_start(TASK, change(stored)) == ""


@pytest.mark.slow
def test_what_someone_else_recorded_since_is_never_overwritten(stored: str, sheet: Path):
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), None, None, 80)], change(stored, "chief"))
    type_in(sheet, percent=0.5, started=date(2027, 1, 4))
    with pytest.raises(ProblemsError) as caught:
        preview_import(sheet, change(stored))
    [problem] = caught.value.problems
    assert problem.file == "plan.xlsx[Tasks]"
    assert "was recorded by someone else since this sheet was exported" in problem.what
    assert facts(stored).progress[TASK].percent == 80


@pytest.mark.slow
def test_what_the_same_person_recorded_since_is_replaced_and_said(stored: str, sheet: Path):
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), None, None, 80)], change(stored))
    found = take(type_in(sheet, percent=0.9), stored)
    text = found.sheet.typed.notes[0].text
    assert text.startswith("You recorded % complete 80%, Actual start 4 Jan 2027")
    assert text.endswith("after exporting this sheet. The sheet changes that to % complete 90%.")
    assert facts(stored).progress[TASK].percent == 90


@pytest.mark.slow
def test_rows_that_no_one_typed_into_do_not_undo_what_others_recorded(stored: str, sheet: Path):
    progress.report_progress([ReportedProgress(TASK, date(2027, 1, 4), date(2027, 1, 6))], change(stored, "chief"))
    take(type_in(sheet, "payroll/delegation", comment="Soon"), stored)
    assert progress_cells(stored_on(None, db=stored, on=ON).programme, TASK).finished == date(2027, 1, 6)


@pytest.mark.slow
def test_a_sheet_that_is_older_than_the_plan_is_read_by_the_ids_of_now(stored: str, sheet: Path, tmp_path: Path):
    """Requirements are called needs now, and the quick wins were dropped."""
    quick = "  quick-win: {kind: quick_win, phase: deploy, per: wave, duration: 1d, after: go-live}\n"
    renamed = PATHWAY.replace("requirements: {kind", "needs: {was: requirements, kind").replace(quick, "")
    folder = a_folder(
        tmp_path / "trust",
        pathway=renamed.replace("after: requirements}", "after: needs}"),
        service=OWNED.replace("requirements:", "needs:"),
    )
    definitions.apply(folder, db=stored, actor="chief", now=datetime(2027, 1, 6, 8, tzinfo=UTC), on=date(2027, 1, 6))
    found = take(type_in(sheet, percent=0.6, started=date(2027, 1, 4)), stored)
    assert facts(stored).progress["payroll/needs"].percent == 60
    gone = [remark for remark in found.sheet.unused if "no longer in the plan" in remark.what]
    assert len(gone) == 2
    with pytest.raises(ProblemsError, match="there is no task 'payroll/w1/quick-win'"):
        preview_import(type_in(sheet, "payroll/w1/quick-win", comment="And now?"), change(stored))


@pytest.mark.slow
def test_two_people_comment_at_once_and_both_are_kept(stored: str, sheet: Path, tmp_path: Path):
    other = tmp_path / "other.xlsx"
    other.write_bytes(sheet.read_bytes())
    take(type_in(sheet, comment="We wait for HR"), stored)
    found = take(type_in(other, comment="HR has answered"), stored, actor="chief")
    assert "Someone has since written “We wait for HR”" in found.sheet.typed.notes[0].text
    assert [c.text for c in facts(stored).comments] == ["We wait for HR", "HR has answered"]


@pytest.mark.slow
def test_a_changed_cell_that_is_for_reading_is_said(stored: str, sheet: Path):
    found = preview_import(type_in(sheet, owner="The deputy", last=date(2027, 2, 1)), change(stored))
    notes = " ".join(map(str, found.sheet.unused))
    assert "Owner is not read back (“The deputy” instead of “Director of People”)" in notes
    assert "Last day is not read back (“2027-02-01” instead of" in notes
    assert found.is_empty


@pytest.mark.slow
def test_of_a_column_that_was_changed_throughout_a_few_cells_are_named(stored: str, sheet: Path):
    book = load_workbook(sheet)
    tasks = book["Tasks"]
    first = int(tasks.freeze_panes[1:])
    for row in range(first, tasks.max_row + 1):
        tasks.cell(row, columns(tasks)["Owner"]).value = "Everyone"
    book.save(sheet)
    said = [r.what for r in preview_import(sheet, change(stored)).sheet.unused if r.what.startswith("Owner")]
    assert said[-1] == f"Owner is not read back on {tasks.max_row - first - 2} more lines."
    assert len(said) == 4


def as_csv(sheet: Path, form: str) -> Path:
    """Save the tasks of a workbook as a program does that writes days in a form."""
    tasks = load_workbook(sheet)["Tasks"]
    lines = [
        [f"{c:{form}}" if isinstance(c, datetime) else "" if c is None else str(c) for c in row]
        for row in tasks.iter_rows(values_only=True)
    ]
    return a_csv(sheet.with_suffix(".csv"), *lines)


@pytest.mark.slow
def test_the_sheet_comes_back_as_a_csv_as_well(stored: str, sheet: Path):
    type_in(sheet, percent="60%", started=datetime(2027, 1, 4))
    found = take(as_csv(sheet, "%d/%m/%Y"), stored)
    assert (found.new.progress, facts(stored).progress[TASK].percent) == (1, 60)


@pytest.mark.slow
@pytest.mark.parametrize("form", [".xlsx", ".csv"])
def test_a_comment_of_two_lines_comes_back_as_it_went(stored: str, sheet: Path, tmp_path: Path, form: str):
    found = take(type_in(sheet, comment="Wait for HR.\nThen go. "), stored)
    assert "comment “Wait for HR. Then go.”" in said(found)
    assert facts(stored).comments[0].text == "Wait for HR.\nThen go."
    again = exported(stored, tmp_path / "again.xlsx")
    load_workbook(again).save(again)
    again = again if form == ".xlsx" else as_csv(again, "%d/%m/%Y")
    if form == ".csv":
        again.write_bytes(again.read_bytes().replace(b"HR.\n", b"HR.\r\n"))
    assert preview_import(again, change(stored)).is_empty


@pytest.mark.slow
def test_a_csv_whose_days_have_the_month_first_is_refused(stored: str, sheet: Path):
    """Days for reading tell: the 4th of January is not the 1st of April."""
    with pytest.raises(
        ProblemsError, match=r"The days of this file have the month first, in .* Save the file as \.xlsx"
    ):
        preview_import(as_csv(sheet, "%m/%d/%Y"), change(stored))


@pytest.mark.slow
def test_columns_that_were_sorted_apart_are_refused(stored: str, sheet: Path):
    type_in(sheet, name="Payroll: delegation", percent=1)
    with pytest.raises(ProblemsError, match="id 'payroll/requirements', and the name of 'payroll/delegation'"):
        preview_import(sheet, change(stored))


@pytest.mark.slow
def test_a_sheet_of_another_programme_is_refused(stored: str, sheet: Path):
    book = load_workbook(sheet)
    place, tasks = columns(book["Tasks"])["As exported"], book["Tasks"]
    for row in range(1, tasks.max_row + 1):
        text = tasks.cell(row, place).value
        tasks.cell(row, place).value = text and text.replace('"small"', '"large"')
    book.save(sheet)
    with pytest.raises(ProblemsError, match="exported from the programme 'large', not 'small'"):
        preview_import(sheet, change(stored))


@pytest.mark.slow
def test_a_sheet_that_lost_its_hidden_column_counts_as_a_teams_own(stored: str, sheet: Path):
    type_in(sheet, percent=0.6, started=date(2027, 1, 4))
    book = load_workbook(sheet)
    book["Tasks"].delete_cols(columns(book["Tasks"])["As exported"])
    book.save(sheet)
    assert take(sheet, stored).new.progress == 1
    assert facts(stored).progress[TASK].percent == 60


@pytest.mark.slow
def test_everything_that_contradicts_itself_is_named_at_once(stored: str, sheet: Path):
    type_in(sheet, percent=0.5, started=date(2027, 1, 6), finished=date(2027, 1, 5))
    type_in(sheet, "payroll/delegation", started=date(2027, 1, 9))
    type_in(sheet, "payroll/w1/capacity", percent=1, remaining=3)
    type_in(sheet, "payroll/w1/go-live", percent=0.5)
    type_in(sheet, "payroll/w2/capacity", percent=0.5)
    with pytest.raises(ProblemsError) as caught:
        preview_import(sheet, change(stored))
    text = str(caught.value)
    for expected in (
        "% complete: is 50%, with an Actual finish of 5 Jan 2027.",
        "Actual start: 9 Jan 2027 is in the future.",
        "% complete: is 100%, with 3 days left.",
        "is a milestone.",
        "is planned to begin on",
    ):
        assert expected in text
    assert "5 problems found. No changes saved." in text


def a_csv(path: Path, *lines: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


def an_xlsx(path: Path, *lines: list[Any], beside: dict[str, list[list[Any]]] | None = None, name: str = "Log") -> Path:
    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["Things to remember"])
    for title, other in (beside or {}).items():
        sheet = book.create_sheet(title)
        for line in other:
            sheet.append(line)
    sheet = book.create_sheet(name)
    for line in lines:
        sheet.append(line)
    book.save(path)
    return path


TEAM = ["Task name", "School", "% complete", "Actual start", "Actual finish", "Notes", "RAG"]


def as_text(rows: list[list[Any]]) -> list[list[str]]:
    """Write days and shares as a spreadsheet saves them as a CSV in the UK."""
    forms: dict[type, Callable[[Any], str]] = {
        date: "{:%d/%m/%Y}".format,
        float: "{:.0%}".format,
        type(None): lambda _: "",
    }
    return [[forms.get(type(cell), str)(cell) for cell in row] for row in rows]


OWN: list[list[Any]] = [
    ["Team progress, week 1"],
    [],
    TEAM,
    ["Requirements", "", 0.6, date(2027, 1, 4), None, "nearly there", "G"],
    [],
    ["WAVE 1", None, None, None, None, None, None],
    ["Train", "Ash School", 1.0, date(2027, 1, 5), date(2027, 1, 6), None, "G"],
    ["payroll/delegation", None, 0.0, None, None, "not yet", None],
]


def typed(path: Path) -> Path:
    """Show the shares of a sheet as percent, as a team's own sheet does."""
    book = load_workbook(path)
    for row in book["Log"].iter_rows(min_row=4):
        row[2].number_format = "0%"
    book.save(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("make", ["csv", "xlsx"])
def test_a_teams_own_sheet_is_read_with_its_own_headings(stored: str, tmp_path: Path, make: str):
    if make == "csv":
        path = a_csv(tmp_path / "team.csv", *as_text(OWN))
    else:
        path = typed(an_xlsx(tmp_path / "team.xlsx", *OWN))
    found = take(path, stored)
    known = facts(stored)
    cells = progress_cells(stored_on(None, db=stored, on=ON).programme, "payroll/ash/train")
    assert (known.progress[TASK].percent, known.progress[TASK].remaining) == (60, Duration(900))
    assert (cells.started, cells.finished) == (date(2027, 1, 5), date(2027, 1, 6))
    assert {c.task: c.text for c in known.comments} == {TASK: "nearly there", "payroll/delegation": "not yet"}
    notes = " ".join(map(str, found.sheet.unused))
    assert "The column was not used: 'RAG'." in notes
    assert "“WAVE 1” is not a task" in notes
    assert "Team progress, week 1" in notes
    assert ("Sheet 'Log' was read" in notes) == (make == "xlsx")
    assert take(path, stored).is_empty


@pytest.mark.slow
def test_the_sheet_named_tasks_is_read_first(stored: str, tmp_path: Path):
    head = ["Task", "% complete", "Actual start"]
    old = {"Archive": [head, ["Requirements", "20%", "04/01/2027"]]}
    path = an_xlsx(tmp_path / "t.xlsx", head, ["Requirements", "60%", "04/01/2027"], beside=old, name="Tasks")
    found = take(path, stored)
    assert facts(stored).progress[TASK].percent == 60
    assert "Sheet 'Tasks' was read; 'Notes', 'Archive' were not." in " ".join(map(str, found.sheet.unused))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train", "'train' matches 3 tasks: payroll/ash/train, payroll/beech/train, payroll/cedar/train."),
        ("Requirement", "There is no task 'Requirement'."),
    ],
)
def test_a_name_that_is_not_one_task_is_named_with_candidates(stored: str, tmp_path: Path, name: str, message: str):
    path = a_csv(tmp_path / "t.csv", ["Task", "% done"], [name, "50%"])
    with pytest.raises(ProblemsError) as caught:
        preview_import(path, change(stored))
    [problem] = caught.value.problems
    assert (problem.line, problem.column, problem.what) == (2, 1, message)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1"], "'1' may be 1% or 100%"),
        (["0.5", "50"], "'0.5' is a share beside numbers over 1"),
        (["150%"], "'150%' is more than 100%"),
        (["600%"], "'600%' is more than 100%"),
        (["half"], "'half' is not a percentage"),
        (["-5%"], "'-5%' is not a percentage"),
    ],
)
def test_a_percentage_that_is_not_clear_is_named(stored: str, tmp_path: Path, cells: list[str], message: str):
    tasks = [TASK, "payroll/delegation"]
    lines = [[task, cell, "04/01/2027"] for task, cell in zip(tasks, cells, strict=False)]
    with pytest.raises(ProblemsError) as caught:
        preview_import(a_csv(tmp_path / "t.csv", ["Task", "Progress", "Started"], *lines), change(stored))
    assert message in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "percent"),
    [
        (["0.5", "1"], [50, 100]),
        (["50", "100"], [50, 100]),
        (["50%", "50 %"], [50, 50]),
        (["0.4%", "99.7%"], [1, 99]),
    ],
)
def test_percentages_are_read_by_their_column(stored: str, tmp_path: Path, cells: list[str], percent: list[int]):
    lines = [[task, cell, "04/01/2027"] for task, cell in zip([TASK, "payroll/delegation"], cells, strict=True)]
    take(a_csv(tmp_path / "t.csv", ["Task", "Progress", "Started"], *lines), stored)
    programme = stored_on(None, db=stored, on=ON).programme
    assert [progress_cells(programme, task).percent for task in (TASK, "payroll/delegation")] == percent


@pytest.mark.slow
def test_a_whole_number_in_a_cell_that_shows_percent_is_read_as_percent_and_said(stored: str, sheet: Path):
    """50 in such a cell is shown as 5000%. A text of 5000% is refused: no one knows what it means."""
    found = preview_import(type_in(sheet, percent=50, started=date(2027, 1, 4)), change(stored))
    assert [r.percent for r in found.sheet.typed.reported] == [50]
    assert any("'5000%' was read as 50%." in remark.what for remark in found.sheet.unused)


@pytest.mark.slow
def test_a_gate_is_not_finished_by_a_sheet_and_all_else_is_taken(db: str, tmp_path: Path):
    """Only a decision finishes a gate: the sheet's finish is named, and its start is taken."""
    stored, on = gated.stored_with(db, tmp_path), date(2027, 1, 6)
    head, day = ["Task", "% complete", "Actual start", "Actual finish"], "05/01/2027"
    path = a_csv(tmp_path / "t.csv", head, [gated.PLAN, "100", day, day], ["plan", "100", "04/01/2027", day])
    found = take(path, stored, on=on)
    [note] = found.sheet.typed.notes
    assert (note.line, note.is_taken) == (2, False)
    assert "only a decision can finish" in note.text
    known = stored_on(None, db=stored, on=on).programme.facts.progress
    assert known[gated.PLAN].actual_finish is None
    assert known["payroll/plan"].is_done


def run(*words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.slow
def test_the_command_shows_what_moves_and_asks(stored: str, tmp_path: Path):
    path = a_csv(tmp_path / "t.csv", ["Task", "% complete", "Started", "Owner"], [TASK, "60%", "04/01/2027", "Someone"])
    words = ("task", "import", path, "--db", stored, "--as", "lead", "--at", ON)
    unasked = run(*words, code=2)
    assert "“Payroll: requirements”: 60% complete, started 4 Jan 2027, 2 working days left" in unasked.stdout
    assert "'Owner' is not read back" in unasked.stderr
    assert "add --yes" in unasked.stderr
    assert "No changes saved." in run(*words, "--dry-run").stderr
    assert facts(stored).progress == {}
    answered = CliRunner().invoke(app, [str(word) for word in words], input="y\n")
    assert (answered.exit_code, "New progress entries: 1." in answered.stderr) == (0, True)
    assert "0 tasks; 1 row unchanged" in run(*words).stdout
    assert "Give one of them" in run(*words, "--yes", "--dry-run", code=4).stderr


def test_a_file_that_changed_since_its_preview_is_not_stored(stored: str, tmp_path: Path):
    head = ["Task", "% complete", "Started"]
    path = a_csv(tmp_path / "t.csv", head, [TASK, "60%", "04/01/2027"])
    found = preview_import(path, change(stored))
    a_csv(path, head, [TASK, "80%", "04/01/2027"])
    with pytest.raises(ConflictError, match="since the preview"):
        store_import(path, change(stored), preview=found)
    assert facts(stored).progress == {}


@pytest.mark.slow
def test_a_comment_is_a_fact_that_is_listed_exported_and_withdrawn(stored: str, sheet: Path):
    take(type_in(sheet, comment="Wait for HR"), stored)
    listed = run("fact", "list", "--kind", "comment", "--db", stored, "--at", ON).stdout
    assert "comment-1" in listed
    assert f"{TASK}: Wait for HR (Director of People)" in listed
    about = everything_about("lead", ON, change(stored, "chief"), reason="They asked").about
    assert [c["text"] for c in about["comments they wrote"]] == ["Wait for HR"]
    withdraw_fact("comment-1", "Another task was meant", change(stored))
    assert facts(stored).comments == ()
    with session_scope(stored) as session:
        assert audited.verify(session)[1] == []
        [kept] = recorded(session, "small", "comment")
    # Who wrote it and when, and the reason, are kept; the words are not.
    assert (kept.by, kept.values["text"], kept.withdrawn is not None) == ("lead", "", True)
    listed = run("fact", "list", "--kind", "comment", "--db", stored, "--at", ON).stdout
    assert (WORDS_REMOVED in listed, "Wait for HR" in listed) == (True, False)


@pytest.mark.slow
def test_an_erasure_empties_what_that_person_wrote_beside_tasks(stored: str, sheet: Path, tmp_path: Path):
    other = exported(stored, tmp_path / "other.xlsx")
    take(type_in(sheet, comment="Wait for HR"), stored)
    take(type_in(other, comment="HR has answered"), stored, actor="chief")
    assert erase("lead", change(stored, "chief")).removed["comments"] == 1
    with session_scope(stored) as session:
        assert [(c.by, c.values["text"]) for c in recorded(session, "small", "comment")] == [
            ("lead", ""),
            ("chief", "HR has answered"),
        ]
        assert not is_anything_left(session, "small", "lead")
        assert audited.verify(session)[1] == []


@pytest.mark.slow
def test_a_project_file_names_owners_by_role_alone(db: str, tmp_path: Path):
    people = PEOPLE.replace("lead,Director of People,", "lead,A. Person,")
    folder = a_folder(tmp_path / "trust", service=OWNED, people=people)
    now, out = datetime(2027, 1, 4, 8, tzinfo=UTC), tmp_path / "plan.xml"
    definitions.apply(folder, db=db, actor="chief", now=now, on=date(2027, 1, 4))
    for source in (None, folder):
        export_schedule("mspdi", out, source=source, db=db, programme=None, on=ON, now=now)
        text = out.read_text(encoding="utf-8")
        assert ("<Name>Director of People</Name>" in text, "A. Person" in text) == (True, False)


@pytest.mark.slow
def test_the_words_of_a_comment_go_when_those_of_answers_do(stored: str, sheet: Path):
    """Twelve months after the 7th of January 2027."""
    take(type_in(sheet, comment="Wait for HR"), stored)
    early, late = (datetime(2028, 1, day, 9, tzinfo=UTC) for day in (6, 9))
    assert [removed.comments for removed in retain(db=stored, now=early)] == [0]
    assert [removed.comments for removed in retain(db=stored, now=late)] == [1]
    assert facts(stored).comments == ()
    with session_scope(stored) as session:
        [kept] = recorded(session, "small", "comment")
        assert audited.verify(session)[1] == []
    roadmap = stored_on(None, db=stored, on=ON).programme.roadmap
    assert (kept.by, in_words(kept, str, roadmap)) == ("lead", f"{TASK}: {WORDS_REMOVED}")


@pytest.mark.slow
def test_percent_complete_can_be_reported_on_the_command_line(stored: str):
    """Of 2 250 minutes 70% are left: 1 575."""
    words = ("task", "progress", TASK, "--started", "2027-01-04", "--db", stored, "--as", "lead", "--at", ON)
    assert "30% complete" in run(*words, "--percent", "30").stderr
    assert facts(stored).progress[TASK].remaining == Duration(1575)
    assert "Give --remaining" in run(*words, code=4).stderr
