"""`check-table` refuses what the command refuses that takes the table, in the same words."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.intake.assessments import read_assessments
from changeflow.intake.facts import read_announcements, read_attendance, read_decisions
from changeflow.programme.definition import School
from changeflow.usecases.table_check import check_table
from changeflow.values.problem import Problem
from tests.builders import a_folder, a_task

ON = date(2027, 3, 1)
BAD = {
    "decisions": (
        "task,outcome,by,on,reason,condition,condition_owner",
        {
            "gate,Deferred,sro,2027-02-01,More tests,,": "'Deferred' is not an outcome.",
            "gate,approve,sro,2027-03-02,Ready,,": "2027-03-02 is in the future. Write a day up to 2027-03-01.",
            "gate,approve_with_conditions,sro,2027-02-01,Ready,Train cover,": "The condition has no owner.",
            "gate,approve_with_conditions,sro,2027-02-01,Ready,Train cover,it": "The condition has no day.",
        },
    ),
    "attendance": (
        "session,person,on,attended",
        {
            "training,head,2027-02-01,": "'attended' is empty. Write yes for a person who came, otherwise no.",
            "training,head,2027-02-01,yes\ntraining,head,2027-02-02,yes": "Duplicate person 'head' (first on line 2).",
            "training,head,2027-02-01,yes\ntraining,head,2027-02-01,no": "Line 2 says the opposite of head on",
            "training,head,2027-03-02,yes": "2027-03-02 is in the future.",
        },
    ),
    "announcements": (
        "service,school,date,on,how",
        {
            "payroll,ash,2027-06-01,2027-03-02,email": "2027-03-02 is in the future.",
            "payroll,ash,2027-06-01,2027-02-01,email\npayroll,ash,2027-07-01,2027-02-01,email": (
                "The same was announced on this day for 2027-06-01 (line 2) and for 2027-07-01."
            ),
        },
    ),
    "assessments": (
        "person,on,awareness",
        {
            "head,2027-02-01,3\nhead,2027-02-02,4": "Duplicate person 'head' (first on line 2).",
            "head,2027-03-02,3": "2027-03-02 is in the future.",
        },
    ),
}
"""Lines of each kind of table that the command refuses, and with what message."""
CASES = [(kind, head, line, says) for kind, (head, lines) in BAD.items() for line, says in lines.items()]


def problems_of_the_command(path: Path, kind: str) -> list[Problem]:
    problems: list[Problem] = []
    school = School(id="ash", name="Ash School", phase="primary", authority="north")
    people, sessions = {"head", "sro", "it"}, {"training": a_task("training", 1)}
    reading = {
        "decisions": lambda: read_decisions(path, path.name, problems, until=ON),
        "attendance": lambda: read_attendance(path, path.name, problems, sessions=sessions, people=people, until=ON),
        "announcements": lambda: read_announcements(
            path, path.name, problems, services={"payroll": "Payroll"}, schools=[school], today=ON
        ),
        "assessments": lambda: read_assessments(path, path.name, problems, people=people, until=ON),
    }
    list(reading[kind]())
    return problems


@pytest.mark.filterwarnings("ignore::changeflow.errors.UnusedWarning")
@pytest.mark.parametrize(("kind", "head", "line", "says"), CASES)
def test_what_the_command_refuses_is_refused_in_the_same_words(
    tmp_path: Path, kind: str, head: str, line: str, says: str
):
    path = tmp_path / "list.csv"
    path.write_text(f"{head}\n{line}\n")
    found = check_table(path, kind, on=ON).problems
    assert any(says in str(problem) for problem in found)
    assert found == problems_of_the_command(path, kind)


PEOPLE = {
    "a,Head,a,,": "The managers go round in a circle: a is managed by a.",
    "a,Head,b,,\nb,Clerk,a,,": "The managers go round in a circle: a is managed by b is managed by a.",
    "a,Head,,2027-02-01,2027-01-01": "a leaves on 2027-01-01, before joining on 2027-02-01.",
    "a,Head,z,,": "In the column 'manager', there is no person 'z'.",
    "a,Head,,,\na,Clerk,,,": "Duplicate person 'a' (first on line 2).",
    "a,,,,": "'role' is empty",
}


@pytest.mark.parametrize(("lines", "says"), PEOPLE.items())
@pytest.mark.parametrize("is_in_folder", [False, True])
def test_lists_of_people_are_checked_as_validate_does(tmp_path: Path, lines: str, says: str, is_in_folder: bool):
    folder = a_folder(tmp_path) if is_in_folder else tmp_path
    path = folder / "people.csv"
    path.write_text(f"id,role,manager,joins,leaves\n{lines}\n")
    found = [str(problem) for problem in check_table(path, "people", on=ON).problems]
    assert sum(says in problem for problem in found) == 1, found


def test_a_school_is_checked_where_the_folder_has_schools(tmp_path: Path):
    head = "id,role,school,moves\na,Head,elm,2027-02-01=oak\n"
    (tmp_path / "people.csv").write_text(head)
    assert check_table(tmp_path / "people.csv", "people", on=ON).problems == []
    folder = a_folder(tmp_path / "folder", people=head)
    found = [problem.what for problem in check_table(folder / "people.csv", None, on=ON).problems]
    assert found == ["There is no school 'elm'.", "There is no school 'oak'."]


def test_a_school_of_the_folder_without_a_wave_is_a_mistake(tmp_path: Path):
    folder = a_folder(tmp_path)
    with (folder / "schools.csv").open("a") as schools:
        schools.write("elm,Elm School,primary,north\n")
    [problem] = check_table(folder / "schools.csv", None, on=ON).problems
    assert problem.what == "No wave has the school 'elm'."


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("C1,N1\nC1,N2", "'C1' already has a new id."),
        ("C1,N1\nC2,N1", "'N1' is already the new id on line 2."),
        ("C1,C2\nC2,N2", "'C2' is also an old id"),
    ],
)
def test_ids_are_never_used_again(tmp_path: Path, lines: str, says: str):
    path = tmp_path / "ids.csv"
    path.write_text(f"old,new\n{lines}\n")
    [problem] = check_table(path, "identities", on=ON).problems
    assert problem.what.startswith(says)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("A,100%,2027-02-01,,3,", "% complete: is 100%, with 3 days left."),
        ("A,50%,2027-02-01,2027-02-10,,", "% complete: is 50%, with an Actual finish of 10 Feb 2027."),
        ("A,,2027-02-01,2027-02-10,2,", "Remaining: is 2 days, with an Actual finish of 10 Feb 2027."),
        ("A,,2027-02-10,2027-02-01,,", "Actual finish: 1 Feb 2027 is before the start, 10 Feb 2027."),
        ("A,,2027-03-02,,,", "Actual start: 2 Mar 2027 is in the future."),
        (f"A,,,,,{'x' * 2001}", "Comment: has 2,001 characters."),
    ],
)
def test_cells_of_progress_that_contradict_each_other_are_mistakes(tmp_path: Path, line: str, says: str):
    path = tmp_path / "progress.csv"
    path.write_text(f"Task,% complete,Actual start,Actual finish,Remaining (days),Comment\n{line}\n")
    [problem] = check_table(path, "progress", on=ON).problems
    assert problem.what.startswith(says)


@pytest.mark.parametrize(
    ("head", "says"),
    [("Task,Owner", "No column has progress."), ("Owner,% complete", "No column says which task each line is about.")],
)
def test_a_sheet_without_tasks_or_progress_is_a_mistake(tmp_path: Path, head: str, says: str):
    path = tmp_path / "progress.csv"
    path.write_text(f"{head}\nA,50\n")
    [problem] = check_table(path, "progress", on=ON).problems
    assert problem.what == says


def test_a_plan_without_dates_is_a_mistake(tmp_path: Path):
    path = tmp_path / "plan.csv"
    path.write_text("Task Name,Bucket Name,Due date\nA,B,\n")
    [problem] = check_table(path, "planner", on=ON).problems
    assert problem.what == "No task of the plan has a date."
