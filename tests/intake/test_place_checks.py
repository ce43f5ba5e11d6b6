"""Whoever removes a school or a person sees every place of it at once, each at its own line."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from tests.builders import PROGRAMME, SCHOOLS, SERVICE, a_folder

TASKS = """\
tasks:
  cedar/train: {duration: 3d}
  quick-win: {after: [go-live, payroll/cedar/train]}
  roles-end: {redundancies: {cedar: 1}}
waivers:
  - {rule: R02, task: payroll/cedar/train, reason: Small, owner: lead, approved_by: chief, expires: 2027-03-31}
"""
OTHERS = {
    "risk.yaml": "causes:\n  - {id: one, name: One, correlation: 0.5, tasks: [payroll/cedar/train]}\n",
    "levelling.yaml": "accepted: {payroll/cedar/train: 2027-03-17}\n",
    "rollout.yaml": "schools:\n  cedar: {risk: 3}\n",
    "calendars/cedar.yaml": "calendar: cedar-days\nschool: cedar\n",
}


def problems(path: Path) -> set[tuple[str, int]]:
    with pytest.raises(ProblemsError) as caught:
        read_folder(path)
    return {(p.file, p.line) for p in caught.value.problems}


def folder(path: Path, **files: str) -> Path:
    a_folder(path, service=SERVICE + TASKS, **files)
    for name, text in OTHERS.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    return path


def test_removing_a_school_names_every_place_at_its_own_line(tmp_path: Path):
    """SERVICE has seven lines with the pathway's, so that `tasks:` is the seventh."""
    milestone = PROGRAMME.replace("after: payroll/go-live,", "after: payroll/cedar/train,")
    schools = "".join(line for line in SCHOOLS.splitlines(keepends=True) if not line.startswith("cedar"))
    first = SERVICE.count("\n") + 1
    assert problems(folder(tmp_path, programme=milestone, schools=schools)) == {
        ("programme.yaml", PROGRAMME[: PROGRAMME.index("id: w2")].count("\n") + 1),
        ("programme.yaml", milestone[: milestone.index("all-live")].count("\n") + 1),
        ("services/payroll.yaml", first + 1),
        ("services/payroll.yaml", first + 2),
        ("services/payroll.yaml", first + 3),
        ("services/payroll.yaml", first + 5),
        ("risk.yaml", 2),
        ("levelling.yaml", 1),
        ("rollout.yaml", 2),
        ("calendars/cedar.yaml", 2),
    }


def test_answers_of_a_person_who_is_gone_hide_no_other_mistake(tmp_path: Path):
    (tmp_path / "adkar").mkdir()
    (tmp_path / "adkar" / "one.csv").write_text("person,on,awareness\ngone,2027-01-04,4\n")
    a_folder(tmp_path, programme=PROGRAMME.replace("schools: [cedar]", "schools: [ceder]"))
    line = PROGRAMME[: PROGRAMME.index("id: w2")].count("\n") + 1
    assert {("adkar/one.csv", 2), ("programme.yaml", line)} <= problems(tmp_path)


def test_a_folder_in_which_all_places_exist_has_no_problem(tmp_path: Path):
    a_folder(
        tmp_path, service=SERVICE + TASKS.replace("roles-end: {redundancies: {cedar: 1}}", "roles-end: {duration: 1d}")
    )
    assert read_folder(tmp_path).definition.schools


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        read_folder(path)
    return [f"{p.file}: {p.what} {p.remedy}" for p in caught.value.problems]


@pytest.mark.parametrize("said", ["{duration: 15d}", "{drop: true}", "{after: go-live}", "{phase: develop}"])
def test_a_misspelt_step_is_no_new_task(tmp_path: Path, said: str):
    a_folder(tmp_path, service=SERVICE + f"tasks:\n  requirments: {said}\n")
    assert mistakes(tmp_path) == [
        "services/payroll.yaml: There is no step 'requirments'. Did you mean 'requirements'? A new task needs a name."
    ]


@pytest.mark.parametrize("said", ["{name: System built again, duration: 1d}", "{duration: 1d, after: go-live}"])
def test_a_task_with_a_name_or_a_place_of_its_own_is_new(tmp_path: Path, said: str):
    a_folder(tmp_path, service=SERVICE + f"tasks:\n  quick-look: {said}\n")
    tasks = read_folder(tmp_path).programme.roadmap.tasks
    assert [t for t in tasks if t.endswith("quick-look")]


TERMS = "terms:\n  - {name: All year, first_day: 2026-09-01, last_day: 2028-07-20}\n"


def test_a_misspelt_authority_is_said_though_the_trust_has_terms(tmp_path: Path):
    """Every school follows `north`, but for one whose letters changed places."""
    a_folder(tmp_path, schools=SCHOOLS.replace(",north", ",nroth", 1))
    (tmp_path / "calendars").mkdir(exist_ok=True)
    (tmp_path / "calendars" / "north.yaml").write_text(f"calendar: north-days\nauthority: north\n{TERMS}")
    (tmp_path / "calendars" / "trust.yaml").write_text(f"calendar: trust-days\n{TERMS}")
    [said] = mistakes(tmp_path)
    assert said.startswith("schools.csv: No calendar has terms of the authority 'nroth'. Did you mean 'north'?")


def test_a_misspelt_link_is_said_beside_other_wrong_names(tmp_path: Path):
    service = SERVICE.replace("person: lead,", "person: laed,", 1) + "tasks:\n  system-live: {after: requirments}\n"
    a_folder(tmp_path, service=service)
    assert mistakes(tmp_path) == [
        "services/payroll.yaml: There is no person 'laed'. Did you mean 'lead'?",
        "services/payroll.yaml: There is no task 'requirments'. Did you mean 'requirements'?",
    ]


def test_a_step_in_the_programmes_own_file_is_no_new_task(tmp_path: Path):
    a_folder(tmp_path, programme=PROGRAMME.replace("tasks:\n", "tasks:\n  requirements: {duration: 3d}\n"))
    [said] = mistakes(tmp_path)
    assert said.startswith("programme.yaml: The programme has no task 'requirements' to change. A new task needs")
