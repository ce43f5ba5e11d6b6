"""The most specific calendar file with a definition applies: the school's, its authority's or the trust's."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.definition import Definition
from changeflow.programme.levels import Level, level_of, of_nearest_level
from changeflow.programme.meetings import meetings_held
from changeflow.programme.school_terms import SchoolTerms
from tests.builders import a_folder

MEETING = {"id": "board", "name": "Board", "dates": ["2027-02-09"]}
TERM = {"name": "Spring", "first_day": "2027-01-04", "last_day": "2027-03-25"}


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    return read_folder(a_folder(tmp_path_factory.mktemp("trust"))).definition


def files(*whose: dict[str, str], **content: object) -> tuple[CalendarFile, ...]:
    return tuple(CalendarFile.model_validate({"calendar": f"c{n}"} | own | content) for n, own in enumerate(whose))


TRUST, NORTH, ASH = {}, {"authority": "north"}, {"school": "ash"}
ASH_OF_NORTH, ASH_OF_SOUTH = {"school": "ash", "authority": "north"}, {"school": "ash", "authority": "south"}


@pytest.mark.parametrize(
    ("whose", "level"),
    [
        (TRUST, Level.TRUST),
        (NORTH, Level.AUTHORITY),
        (ASH, Level.SCHOOL),
        (ASH_OF_NORTH, Level.SCHOOL),
        (ASH_OF_SOUTH, None),
        ({"school": "beech"}, None),
        ({"authority": "south"}, None),
    ],
)
def test_a_files_level_follows_the_names_in_it(definition, whose: dict[str, str], level: Level | None):
    """Ash is a school in the north."""
    [file] = files(whose)
    assert level_of(file, definition.schools[0]) is level


@pytest.mark.parametrize(
    ("whose", "counts"),
    [([TRUST, NORTH, ASH], [2]), ([TRUST, NORTH, NORTH], [1, 2]), ([TRUST, ASH_OF_SOUTH], [0]), ([ASH_OF_SOUTH], [])],
)
def test_terms_and_meetings_follow_the_same_levels(definition, whose: list[dict[str, str]], counts: list[int]):
    ash = definition.schools[0]
    known = definition.model_copy(update={"calendars": files(*whose, terms=[TERM], meetings=[MEETING])})
    assert [f.calendar for f, _ in of_nearest_level(known, ash, lambda file: file.terms)] == [f"c{n}" for n in counts]
    held = meetings_held(known, "board", frozenset({"ash"}))
    assert [h.calendar for h in held] == [f"c{n}" for n in counts[:1]]
    assert (SchoolTerms(known).of(ash) is None) == (not counts)


def test_overlapping_terms_in_two_files_are_reported_in_both(tmp_path: Path):
    """Two files for the north; the trust's own terms may overlap them."""
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir()
    terms = {
        "a": ("authority: north\n", "2027-01-04", "2027-03-25"),
        "b": ("authority: north\n", "2027-03-20", "2027-07-21"),
        "c": ("", "2027-01-04", "2027-07-21"),
    }
    for name, (whose, first, last) in terms.items():
        text = f"calendar: {name}\n{whose}terms:\n  - {{name: Term {name}, first_day: {first}, last_day: {last}}}\n"
        (folder / "calendars" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert [(p.file, p.line, p.what) for p in caught.value.problems] == [
        (
            "calendars/a.yaml",
            4,
            "'Term a' overlaps 'Term b' of the calendar 'b' (20 Mar to 21 Jul 2027), for the same schools.",
        ),
        (
            "calendars/b.yaml",
            4,
            "'Term b' overlaps 'Term a' of the calendar 'a' (4 Jan to 25 Mar 2027), for the same schools.",
        ),
    ]
