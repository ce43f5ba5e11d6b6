"""A round of assessments with every mistake: reported all at once, with its place, and nothing is taken."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from changeflow.adkar.assessment import Assessment
from changeflow.errors import ProblemsError, UnusedWarning
from changeflow.intake.assessments import read_assessments
from changeflow.intake.folder import read_folder
from changeflow.places import programme_templates
from changeflow.values.problem import Problem

HEAD = "person,on,awareness,desire,knowledge,ability,reinforcement,evidence\n"


def read(path: Path, text: str) -> tuple[list[Assessment], list[Problem]]:
    path.write_text(text)
    problems: list[Problem] = []
    found = list(read_assessments(path, path.name, problems, people={"anna-role", "head"}, until=date(2027, 2, 28)))
    return found, problems


@pytest.mark.parametrize("score", ["0", "6", "3.5", "-1", "five", "5e0"])
def test_a_score_is_one_to_five(tmp_path: Path, score: str):
    _, [problem] = read(tmp_path / "r1.csv", HEAD + f"head,2027-02-01,4,{score},,,,self\n")
    assert (problem.line, problem.column) == (2, 4)
    assert problem.remedy == "Write 1 to 5, or leave it empty."


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        ("head,2027-03-01,4,,,,,self", 2, "is in the future"),
        ("head,2027-02-30,4,,,,,self", 2, "does not exist: February 2027 has 28 days"),
        ("haed,2027-02-01,4,,,,,self", 1, "There is no person 'haed'."),
        ("head,2027-02-01,4,,,,,boss", 8, "'boss' is not known."),
    ],
)
def test_a_day_a_person_and_an_evidence_that_exist(tmp_path: Path, line: str, column: int, what: str):
    _, [problem] = read(tmp_path / "r1.csv", HEAD + line + "\n")
    assert (problem.line, problem.column) == (2, column)
    assert what in problem.what


def test_an_unknown_element_and_a_duplicate_person_are_mistakes(tmp_path: Path):
    _, [problem] = read(tmp_path / "r1.csv", "person,on,awareness,desrie\nhead,2027-02-01,4,3\n")
    assert (problem.column, problem.what) == (4, "Unknown column 'desrie'.")
    with pytest.warns(UnusedWarning, match="r1.csv:1:1: The column was not used: 'wish'."):
        found, _ = read(tmp_path / "r1.csv", "person,on,awareness,wish\nhead,2027-02-01,4,3\n")
    assert dict(found[0].scores) == {"awareness": 4}
    _, [problem] = read(tmp_path / "r2.csv", HEAD + "head,2027-02-01,4,,,,,\nhead,2027-02-02,5,,,,,\n")
    assert (problem.line, problem.what) == (3, "Duplicate person 'head' (first on line 2).")


@pytest.mark.slow
def test_a_line_without_scores_does_not_take_back_answers_of_an_earlier_file(tmp_path: Path):
    folder = tmp_path / "trust"
    shutil.copytree(programme_templates()["trust-central-services"], folder)
    first = "payroll-manager,2027-02-08,5,5,5,4,,self"
    assert first in (folder / "adkar" / "2027-02-before-training.csv").read_text()
    (folder / "adkar" / "2027-03-corrected.csv").write_text(
        f"{HEAD}payroll-adviser-1,2027-02-08,4,4,4,4,,self\npayroll-manager,2027-02-08,,,,,,self\n"
        "payroll-adviser-3,2027-02-09,,,,,,self\n"
    )
    with pytest.warns(UnusedWarning), pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    [problem] = caught.value.problems
    assert str(problem) == (
        "adkar/2027-03-corrected.csv:3:1: The line has no score, but answers of 'payroll-manager' on 8 Feb 2027 are "
        "already recorded. Remove the line to keep them, or write the new scores; to take them back, remove the "
        "earlier line."
    )


def test_no_mistake_repeats_a_score_that_is_right(tmp_path: Path):
    """What a mistake says names the line and what is wrong in it, and nothing else of what the person answered."""
    _, problems = read(tmp_path / "r1.csv", HEAD + "head,2027-02-01,1,2,9,4,,self\n")
    assert [str(p) for p in problems] == [
        "r1.csv:2:5: In the column 'knowledge', '9' is not a score. Write 1 to 5, or leave it empty."
    ]


def test_a_workbook_is_a_round_as_well(tmp_path: Path):
    path = tmp_path / "r3.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate([["person", "on", "awareness", "desire"], ["head", "2027-02-01", 4, 2]]):
            sheet.write_row(n, 0, row)
    problems: list[Problem] = []
    [found] = read_assessments(path, path.name, problems, people={"head"}, until=date(2027, 2, 28))
    assert problems == []
    assert (found.round, found.on, dict(found.scores)) == ("r3", date(2027, 2, 1), {"awareness": 4, "desire": 2})
