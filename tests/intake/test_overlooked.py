"""Columns under unknown headings that say who came, who has left, or which schools are closed."""

from pathlib import Path

import pytest

from changeflow.intake.fact_formats import ATTENDANCE
from changeflow.intake.folder_formats import PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem

HEADS = {
    "attendance": (ATTENDANCE, "session,person,on", "T,a,2027-02-01", "T,b,2027-02-01"),
    "people": (PEOPLE, "id,role", "a,Clerk", "b,Head"),
    "schools": (SCHOOLS, "id,name,phase,authority", "a,Ash,primary,ourshire", "b,Beech,primary,ourshire"),
}


def problems_of(path: Path, kind: str, heading: str, first: str, second: str) -> list[str]:
    """Read a table of two lines that also has one column of another heading."""
    wanted, head, one, two = HEADS[kind]
    path.write_text(f'{head},"{heading}"\n{one},"{first}"\n{two},"{second}"\n', encoding="utf-8")
    return found_in(path, wanted)


def found_in(path: Path, wanted: Format) -> list[str]:
    problems: list[Problem] = []
    assert open_table(path, path.name, problems, wanted) is not None
    return [str(p) for p in problems]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Signed in", "No"),
        ("Checked in?", "☐"),
        ("Register mark", "N"),
        ("Outcome", "Did not attend"),
        ("Attendee Status", "Not Attending"),
        ("Booking status", "Cancelled"),
        ("Result", "Withdrawn"),
    ],
)
def test_who_did_not_come_is_a_mistake_under_an_unknown_heading(tmp_path: Path, heading: str, cell: str):
    [problem] = problems_of(tmp_path / "t.csv", "attendance", heading, "Yes", cell)
    assert problem == (
        f"t.csv:1:4: '{heading}' seems to say who came: '{cell}' on line 3. Call it 'attended', or remove it."
    )


def test_a_tick_for_those_who_came_and_nothing_for_others_is_a_mistake(tmp_path: Path):
    [problem] = problems_of(tmp_path / "t.csv", "attendance", "Signed in", "✓", "")
    assert problem == (
        "t.csv:1:4: 'Signed in' seems to say who came: it is empty on line 3. Call it 'attended', or remove it."
    )


@pytest.mark.parametrize(
    ("kind", "heading", "cell", "says", "ours"),
    [
        ("people", "Post status", "Leaver", "who has left or is away", "active"),
        ("people", "Position status", "Terminated", "who has left or is away", "active"),
        ("people", "Occupancy status", "Ended", "who has left or is away", "active"),
        ("people", "Current staff", "No", "who has left or is away", "active"),
        ("schools", "Open?", "Closed", "which schools are closed", "status"),
        ("schools", "Site status", "Permanently closed", "which schools are closed", "status"),
        ("schools", "Open", "No", "which schools are closed", "status"),
    ],
)
def test_who_has_left_and_what_is_closed_is_a_mistake_too(
    tmp_path: Path, kind: str, heading: str, cell: str, says: str, ours: str
):
    # A plain no may be anything beside words that are not known.
    first = "Yes" if cell == "No" else "Other words"
    [problem] = problems_of(tmp_path / "t.csv", kind, heading, first, cell)
    place = HEADS[kind][1].count(",") + 2
    assert (
        problem
        == f"t.csv:1:{place}: '{heading}' seems to say {says}: '{cell}' on line 3. Call it '{ours}', or remove it."
    )


def test_yes_may_mean_that_a_line_does_not_count(tmp_path: Path):
    [problem] = problems_of(tmp_path / "t.csv", "attendance", "Absent", "", "Yes")
    assert problem == (
        "t.csv:1:4: 'Absent' seems to say who came: 'Yes' on line 3. Add a column 'attended' with no for these lines, "
        "or remove them and this column."
    )


@pytest.mark.parametrize(
    ("kind", "heading", "first", "second"),
    [
        ("attendance", "Lunch", "Yes", "No"),
        ("attendance", "Outcome", "Good", "Fair"),
        ("attendance", "Signed in", "Yes", "Yes"),
        ("attendance", "Absent", "", ""),
        ("people", "First aider", "Yes", "No"),
        ("people", "QTS status", "Yes", "No"),
        ("people", "DBS status", "Current", "Expired"),
        ("people", "Probation status", "Ended", ""),
        ("people", "Post status", "Current", ""),
        ("people", "Current salary", "Yes", "No"),
        ("people", "Cover reason", "Maternity leave", ""),
        ("people", "Contract type", "Permanent", "Fixed term"),
        ("schools", "Open date", "01/09/1998", ""),
        ("schools", "Nursery", "Yes", "No"),
        ("schools", "Academy status", "Yes", "No"),
        ("schools", "Open for lettings", "Yes", "No"),
    ],
)
def test_other_columns_are_only_reported(tmp_path: Path, kind: str, heading: str, first: str, second: str):
    assert problems_of(tmp_path / "t.csv", kind, heading, first, second) == []


def test_beside_the_column_of_ours_nothing_is_overlooked(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("session,person,on,attended,Signed in\nT,a,2027-02-01,yes,No\n")
    assert found_in(path, ATTENDANCE) == []


@pytest.mark.parametrize("heading", ["Date left", "Left on", "Left"])
def test_the_day_on_which_a_person_left_is_their_last_day(tmp_path: Path, heading: str):
    path, problems = tmp_path / "t.csv", list[Problem]()
    path.write_text(f"id,role,{heading}\na,Clerk,31/08/2026\n")
    table = open_table(path, path.name, problems, PEOPLE)
    assert table is not None
    assert (problems, [row.cells.get("leaves") for row in table.rows]) == ([], ["2026-08-31"])


def test_a_reason_for_leaving_says_who_has_left(tmp_path: Path):
    [problem] = problems_of(tmp_path / "t.csv", "people", "Reason for leaving", "", "Retired")
    assert problem == (
        "t.csv:1:3: 'Reason for leaving' seems to say who has left or is away: 'Retired' on line 3. Add a column "
        "'active' with no for these lines, or remove them and this column."
    )
