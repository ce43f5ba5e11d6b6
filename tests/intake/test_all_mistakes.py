"""One mistake hides no other: what is found of each alone is found of all together, and nothing else."""

import shutil
from itertools import combinations
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.places import programme_templates
from changeflow.values.problem import Problem

CATERING = """\
service: catering
name: Catering
lead_provider: {person: director-of-estates, days_per_week: 1}
team: {manager: change-lead, members: [{person: change-lead, days_per_week: 1}]}
agreement: {kind: gives_and_gets, gives: [Numbers by Thursday], gets: [A hot meal]}
tasks:
  menu-tasted:
    name: Let students taste the menu
    duration: 5d
    after: requirements
  ash/train-staff: {duration: 3d}
"""
MISTAKES = {
    "a misspelt key": ("programme.yaml", "organisation:", "organization:"),
    "a day that does not exist": ("programme.yaml", "start: 2027-01-04", "start: 2027-02-30"),
    "a text for a day": ("programme.yaml", "approved_on: 2026-12-10", "approved_on: soon"),
    "a misspelt key in a list": ("programme.yaml", "schools: [ash]", "scools: [ash]"),
    "an unknown school": ("programme.yaml", "[beech, cedar]", "[beech, cedar, elm]"),
    "an unknown person": ("programme.yaml", "contact: data-protection", "contact: data-protekshun"),
    "an unknown link": ("programme.yaml", "after: closing-agreed", "after: closing-agred"),
    "an unknown key": ("programme.yaml", "    kind: closure\n", "    kind: closure\n    colour: red\n"),
    "an unknown milestone": ("programme.yaml", "after: estates/go-live", "after: estates/go-lives"),
    "a key written twice": ("programme.yaml", "name: Our first", "name: One\nname: Our first"),
    "a wrong kind": ("services/estates.yaml", "kind: gives_and_gets", "kind: gives"),
    "a range that is no range": ("services/estates.yaml", "[7d, 10d, 16d]", "[17d, 10d, 16d]"),
    "an unknown manager": ("services/estates.yaml", "manager: change-lead", "manager: change-led"),
    "an unknown lead provider": ("services/catering.yaml", "person: director-of-estates", "person: nobody-here"),
    "a text for a number": ("services/catering.yaml", "days_per_week: 1}\nteam", "days_per_week: two}\nteam"),
    "too few values": ("services/estates.yaml", "[2d, 3d, 5d]", "[2d, 3d]"),
    "a number that is too large": ("services/catering.yaml", "days_per_week: 1}]", "days_per_week: 9}]"),
    "a link of a service": ("services/catering.yaml", "after: requirements", "after: requirments"),
    "a negative duration": ("services/catering.yaml", "duration: 5d", "duration: -5d"),
    "a wave that is not there": ("services/catering.yaml", "ash/train-staff", "w9/train-staff"),
    "a term in the wrong order": ("calendars/terms.yaml", "last_day: 2027-07-21", "last_day: 2027-04-11"),
    "a holiday that is not one": ("calendars/terms.yaml", "[2027-10-25, 2027-10-29]", "[2027-10-25, later]"),
    "a phase that is not one": ("schools.csv", "Beech School,secondary", "Beech School,middle"),
    "an address that is not one": ("people.csv", ",change-lead@example.org,", ",change-lead example,"),
    "a manager that is not there": ("people.csv", "governance,chief-executive", "governance,chief-exec"),
    "a school that is not there": ("people.csv", "manager,cedar", "manager,sedar"),
}  # fmt: skip


def copy(folder: Path) -> Path:
    shutil.copytree(programme_templates()["first-programme"], folder)
    (folder / "services" / "catering.yaml").write_text(CATERING)
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert text.count(old) == 1, old
    (folder / file).write_text(text.replace(old, new))


def problems(folder: Path) -> tuple[Problem, ...]:
    try:
        read_folder(folder)
    except ProblemsError as error:
        return error.problems
    return ()


def problems_of(folder: Path, *names: str) -> set[str]:
    """Return what is found with these mistakes, without places and remedies: each mistake may move those below it, and
    a remedy lists what is known."""
    copy(folder)
    for name in names:
        change(folder, *MISTAKES[name])
    return {f"{p.file}: {p.what}" for p in problems(folder)}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    base = tmp_path_factory.mktemp("alone")
    return {name: problems_of(base / str(n), name) for n, name in enumerate(MISTAKES)}


@pytest.mark.slow
def test_each_mistake_is_found_alone_and_in_its_own_file(alone: dict[str, set[str]]):
    assert {name for name, found in alone.items() if not found} == set()
    for name, found in alone.items():
        assert {one.partition(":")[0] for one in found} == {MISTAKES[name][0]}


@pytest.mark.slow
def test_all_mistakes_are_found_together(tmp_path: Path, alone: dict[str, set[str]]):
    assert problems_of(tmp_path / "all", *MISTAKES) == set().union(*alone.values())


WHOLE = {
    "a programme that is no YAML": ("programme.yaml", "waves:\n", "waves: [\n"),
    "a service that is no YAML": ("services/estates.yaml", "team:\n", "team: [\n"),
    "a pathway that there is not": ("services/catering.yaml", "name: Catering", "name: Catering\npathway: kitchens"),
    "schools without their ids": ("schools.csv", "id,name,phase", "x,name,phase"),
    "people without their ids": ("people.csv", "id,name,role", "x,name,role"),
    "no waves": ("programme.yaml", "waves:\n", "rounds:\n"),
    "a service without its id": ("services/catering.yaml", "service: catering", "service: [catering]"),
}
"""What leaves so much out that the rest cannot be joined."""


@pytest.mark.parametrize("name", WHOLE)
def test_what_follows_from_a_larger_mistake_is_not_reported(name: str, tmp_path: Path):
    file, old, new = WHOLE[name]
    folder = copy(tmp_path / "one")
    change(folder, file, old, new)

    found = problems(folder)

    assert {p.file for p in found} == {file}
    assert len({p.what for p in found}) == (2 if name == "no waves" else 1)


@pytest.mark.parametrize("name", WHOLE)
def test_a_larger_mistake_hides_none_of_other_files(name: str, tmp_path: Path):
    others = {
        "services/catering.yaml": ("agreement: {kind", "agreement: {knd"),
        "calendars/terms.yaml": ("2027-10-29]", "later]"),
        "people.csv": (",change-lead@example.org,", ",change-lead example,"),
    }
    folder = copy(tmp_path / "one")
    change(folder, *WHOLE[name])
    for file, (old, new) in others.items():
        change(folder, file, old, new)

    files = {p.file for p in problems(folder)}

    assert files == {WHOLE[name][0], *others}


@pytest.mark.slow
def test_answers_of_a_person_whose_line_is_wrong_are_no_mistake_of_their_own(tmp_path: Path):
    """The id is refused, or the whole table; a person that no line has is reported all the same."""
    for n, (old, new, reported) in enumerate((
        ("change-lead,Change Lead,Change Lead,", "change-lead,Change Lead,,", {"adkar/2027-01.csv", "people.csv"}),
        ("id,name,role", "x,name,role", {"people.csv"}),
    )):  # fmt: skip
        folder = copy(tmp_path / str(n))
        (folder / "adkar").mkdir()
        (folder / "adkar" / "2027-01.csv").write_text(
            "person,on,desire\nchange-lead,2027-01-05,3\nnobody,2027-01-05,3\n"
        )
        change(folder, "people.csv", old, new)
        assert {p.file for p in problems(folder)} == reported
        assert not [p for p in problems(folder) if "'change-lead'" in p.what]


@pytest.mark.thorough
@pytest.mark.slow
def test_no_mistake_hides_another(tmp_path: Path, alone: dict[str, set[str]]):
    for n, (one, other) in enumerate(combinations(MISTAKES, 2)):
        assert problems_of(tmp_path / str(n), one, other) == alone[one] | alone[other], f"{one}, {other}"
