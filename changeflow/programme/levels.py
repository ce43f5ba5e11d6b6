"""How near a calendar file is to a school, and where the definition that counts for it is looked up."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TypeVar

from changeflow.programme.definition import CalendarFile, Definition, School

T = TypeVar("T")


class Level(IntEnum):
    """Whose a calendar file is, the nearest first."""

    SCHOOL = 0
    AUTHORITY = 1
    TRUST = 2


def level_of(file: CalendarFile, school: School | None) -> Level | None:
    """Return how near a file is to a school, or to work at no school; None where it is about others.

    A file of a school that names an authority as well is that school's, if the school is of that authority.
    """
    if not file.school and not file.authority:
        return Level.TRUST
    if school is None or file.school not in (None, school.id) or file.authority not in (None, school.authority):
        return None
    return Level.SCHOOL if file.school else Level.AUTHORITY


def of_nearest_level(
    definition: Definition, school: School | None, found_in: Callable[[CalendarFile], Iterable[T]]
) -> tuple[tuple[CalendarFile, T], ...]:
    """Return what counts for a school, with the files that it is in: all of the nearest level that has any.

    The one rule for terms, pay tables and meetings: the school's own files, else its authority's, else the trust's.
    Blackouts of all levels add up (`blackouts.py`); days that are closed or open are laid over each other
    (`assembly/calendars.py`).
    """
    by_level: dict[Level, list[tuple[CalendarFile, T]]] = {}
    for file in definition.calendars:
        if (level := level_of(file, school)) is not None:
            by_level.setdefault(level, []).extend((file, found) for found in found_in(file))
    return next((tuple(by_level[level]) for level in Level if by_level.get(level)), ())
