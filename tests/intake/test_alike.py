"""Mistakes that are the same on several lines of a file are reported once, with their lines."""

from dataclasses import replace

from changeflow.errors import ProblemsError
from changeflow.values.problem import Problem


def mistake(line: int, what: str = "Unknown authority.", file: str = "schools.csv") -> Problem:
    return Problem(file=file, line=line, column=3, what=what, remedy="Write east.")


def test_the_same_mistake_is_reported_once_with_its_lines():
    error = ProblemsError([mistake(2), mistake(5, "No name."), mistake(3), mistake(9)])
    assert str(error).splitlines() == [
        "schools.csv:2:3: Unknown authority. Write east. Also on lines 3 and 9.",
        "schools.csv:5:3: No name. Write east.",
        "4 problems found.",
    ]
    assert len(error.problems) == 4


def test_of_many_lines_the_first_few_are_named():
    error = ProblemsError(mistake(n) for n in range(2, 12))
    assert "Also on lines 3, 4, 5, 6, 7 and 4 more." in str(error)


def test_ten_of_a_kind_are_listed_and_the_others_counted():
    """Fourteen wrong dates in one column, one of them found twice: 10 are listed, the other 4 counted."""
    wrong = [replace(mistake(n, f"'{n}/13/2027' has no month 13."), heading="Start") for n in range(2, 16)]
    error = ProblemsError([*wrong, wrong[0], mistake(20, "No name.")])
    lines = str(error).splitlines()
    assert lines[0] == "schools.csv:2:3: In the column 'Start', '2/13/2027' has no month 13. Write east."
    assert lines[10:] == [
        "schools.csv: and 4 more like it in the column 'Start'.",
        "schools.csv:20:3: No name. Write east.",
        "16 problems found.",
    ]


def test_other_files_and_one_more_line_stay_readable():
    error = ProblemsError([mistake(2), mistake(3), mistake(2, file="people.csv")])
    assert "Also on line 3." in str(error)
    assert "people.csv:2:3: Unknown authority. Write east.\n" in str(error)
