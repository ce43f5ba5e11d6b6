"""How specific a calendar file is for a school, and which definition applies to it."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TypeVar

from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.definition import Definition, School

T = TypeVar("T")


class Level(IntEnum):
    """The level of a calendar file, most specific first."""

    SCHOOL = 0
    AUTHORITY = 1
    TRUST = 2


def level_of(file: CalendarFile, school: School | None) -> Level | None:
    """Return a file's level for a school, or for work at no school; None if it does not apply.

    A school's file that also names an authority applies only if the school belongs to that authority.
    """
    if not file.school and not file.authority:
        return Level.TRUST
    if school is None or file.school not in (None, school.id) or file.authority not in (None, school.authority):
        return None
    return Level.SCHOOL if file.school else Level.AUTHORITY


def of_nearest_level(
    definition: Definition, school: School | None, found_in: Callable[[CalendarFile], Iterable[T]]
) -> tuple[tuple[CalendarFile, T], ...]:
    """Return what applies to a school, with its files: everything at the most specific level that has any.

    This is the one rule for terms, pay tables and meetings: the school's own files, or else its authority's, or else
    the trust's. Blackouts of all levels apply together (`blackouts.py`). A closed or open day overrides those of less
    specific levels (`assembly/calendars.py`).
    """
    by_level: dict[Level, list[tuple[CalendarFile, T]]] = {}
    for file in definition.calendars:
        if (level := level_of(file, school)) is not None:
            by_level.setdefault(level, []).extend((file, found) for found in found_in(file))
    return next((tuple(by_level[level]) for level in Level if by_level.get(level)), ())
