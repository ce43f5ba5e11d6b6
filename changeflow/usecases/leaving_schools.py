"""The people of a school that leaves the programme: who needs another school first, and who only used to be there."""

from collections.abc import Iterable, Sequence
from datetime import date

from changeflow.adkar.moves import is_expected_at, without_school
from changeflow.adkar.people import Person
from changeflow.intake.editing.base import Namer
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.waves import RemoveSchool
from changeflow.phrases import listed
from changeflow.usecases.next_versions import SHOWN


def left_behind(edits: Sequence[Edit], people: Sequence[Person], name: Namer, on: date) -> str | None:
    """Return why a school cannot leave yet: people are at it, or are to move to it."""
    for id_ in _leaving(edits):
        found = [p.id for p in people if is_expected_at(p, id_, on)]
        if found:
            school = name("school", id_)
            shown = listed([name("person", person).removesuffix(f", {school}") for person in found], most=SHOWN)
            return (
                f"{school} still has people: {shown}. Give each of them another school on “Change someone’s details”, "
                "under People. Then remove the school."
            )
    return None


def without_left_schools(edits: Sequence[Edit], people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return the people without the schools that leave, where some of them used to be."""
    for school in _leaving(edits):
        if any(school in (p.school, *(m.school for m in p.moves)) for p in people):
            people = tuple(without_school(p, school) for p in people)
    return people


def _leaving(edits: Sequence[Edit]) -> Iterable[str]:
    return (edit.school for edit in edits if isinstance(edit, RemoveSchool))
