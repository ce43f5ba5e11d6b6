"""Thousands of mistakes: the first thousand are reported, and looking for the nearest name is as quick."""

from pathlib import Path

import pytest

from changeflow.alike import MOST_LISTED
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.values.problem import MOST_COMPARED, MOST_LOOKED_AT, did_you_mean
from tests.builders import SERVICE, a_folder

pytestmark = pytest.mark.slow

THOUSANDS = 30_000
LINES = range(THOUSANDS)


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert MOST_LISTED < len(caught.value.problems) <= MOST_LISTED + 10
    return [str(p) for p in caught.value.problems]


def people(cells: str) -> str:
    """Return a people.csv of thousands of lines, each with its number."""
    return "\n".join(["id,role,manager", *(cells.format(n) for n in LINES)])


@pytest.mark.thorough
def test_thousands_of_unknown_managers(tmp_path: Path):
    folder = a_folder(tmp_path, people=people("p{0},Teacher,q{0}"))
    assert "there is no person 'q10'." in " ".join(problems_of(folder))


@pytest.mark.thorough
def test_thousands_of_assessments_of_unknown_people(tmp_path: Path):
    folder = a_folder(tmp_path, people=people("p{0},Teacher,"))
    (folder / "adkar").mkdir(exist_ok=True)
    (folder / "adkar" / "2027-01.csv").write_text("person,on,desire\n" + "".join(f"q{n},2027-01-05,3\n" for n in LINES))
    assert problems_of(folder)[0].startswith("adkar/2027-01.csv:2:1: There is no person 'q0'.")


@pytest.mark.thorough
def test_thousands_of_links_to_tasks_that_are_not_there(tmp_path: Path):
    tasks = "".join(f"  t{n}: {{name: Task {n}, duration: 1d, after: u{n}}}\n" for n in range(5_000))
    folder = a_folder(tmp_path, service=f"{SERVICE}tasks:\n{tasks}")
    assert "There is no task 'u10'." in " ".join(problems_of(folder))


@pytest.mark.thorough
def test_a_long_line_of_managers_is_no_circle_and_a_long_circle_is_reported_once(tmp_path: Path):
    above = [f"p{n},Teacher,p{n + 1}" for n in LINES]
    for last, circles in (("", 0), ("p0", 1)):
        folder = a_folder(
            tmp_path / (last or "line"), people="\n".join(["id,role,manager", *above, f"p{THOUSANDS},Head,{last}"])
        )
        try:
            read_folder(folder)
        except ProblemsError as error:
            found = [str(p) for p in error.problems if "circle" in str(p)]
        else:
            found = []
        assert len(found) == circles


def test_the_nearest_of_many_names_is_said_where_it_begins_alike():
    many = [f"teacher-{n}" for n in range(MOST_COMPARED + 1)]
    assert did_you_mean("teachr-120", many) == "Did you mean 'teacher-120'?"
    assert did_you_mean("head", many) == ""
    assert did_you_mean("teachr-120", [f"teacher-{n}" for n in range(MOST_LOOKED_AT + 1)]) == ""
    assert did_you_mean("x", ["b", "a"]) == "Use one of: a, b."
