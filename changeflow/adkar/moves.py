"""A person's school over time: corrected, changed from a day on, or cleared of a school that leaves the programme."""

from collections.abc import Iterable, Iterator
from datetime import date

from changeflow.adkar.people import Move, Person


def corrected(person: Person, school: str | None, on: date) -> Person:
    """Return a person who has always been at a school; only moves after `on` remain."""
    return _at(person, school, (m for m in person.moves if m.on > on))


def moved(person: Person, school: str, day: date, on: date) -> Person:
    """Return a person who is at a school from a day.

    Moves between that day and `on` are dropped, and so is another move on that day; later ones remain.
    """
    kept = (m for m in person.moves if not day <= m.on <= max(day, on))
    return _at(person, person.school, [*kept, Move(on=day, school=school)])


def is_expected_at(person: Person, school: str, on: date) -> bool:
    """Return whether a person is at a school on a day or later."""
    if person.leaves is not None and person.leaves < on:
        return False
    return person.school_on(on) == school or any(m.school == school for m in person.moves if m.on > on)


def without_school(person: Person, school: str) -> Person:
    """Return a person who was never at a school: their next school, if any, takes its place."""
    moves = [m for m in sorted(person.moves, key=lambda m: m.on) if m.school != school]
    if person.school != school:
        return _at(person, person.school, moves)
    return _at(person, moves[0].school if moves else None, moves[1:])


def _at(person: Person, school: str | None, moves: Iterable[Move]) -> Person:
    ordered = sorted(moves, key=lambda m: m.on)
    return person.model_copy(update={"school": school, "moves": tuple(_changes(school, ordered))})


def _changes(school: str | None, moves: Iterable[Move]) -> Iterator[Move]:
    """Leave out moves to the school where the person already is."""
    for move in moves:
        if move.school != school:
            yield move
        school = move.school
