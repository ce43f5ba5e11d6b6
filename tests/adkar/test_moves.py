"""A person's school over time: corrections, moves from a day, and schools that leave the programme."""

from datetime import date

import pytest

from changeflow.adkar.moves import corrected, is_expected_at, moved, without_school
from changeflow.adkar.people import Move, Person

TODAY = date(2027, 3, 25)
JANUARY, FEBRUARY, MAY, SEPTEMBER = date(2027, 1, 4), date(2027, 2, 1), date(2027, 5, 1), date(2027, 9, 1)


def at(school: str | None, *moves: tuple[date, str], leaves: date | None = None) -> Person:
    made = tuple(Move(on=day, school=to) for day, to in moves)
    return Person(id="head", role="Head", school=school, moves=made, leaves=leaves)


def test_a_correction_drops_past_moves_and_keeps_those_to_come():
    person = at("ash", (JANUARY, "beech"), (SEPTEMBER, "cedar"))
    assert corrected(person, "elm", TODAY) == at("elm", (SEPTEMBER, "cedar"))
    assert corrected(person, "cedar", TODAY) == at("cedar")
    assert corrected(person, None, TODAY) == at(None, (SEPTEMBER, "cedar"))


@pytest.mark.parametrize(
    ("before", "school", "day", "after"),
    [
        (at("ash"), "beech", MAY, at("ash", (MAY, "beech"))),
        (at("ash", (SEPTEMBER, "cedar")), "beech", MAY, at("ash", (MAY, "beech"), (SEPTEMBER, "cedar"))),
        (at("ash", (SEPTEMBER, "cedar")), "beech", SEPTEMBER, at("ash", (SEPTEMBER, "beech"))),
        (at("ash", (SEPTEMBER, "cedar")), "ash", SEPTEMBER, at("ash")),
        (at("ash", (FEBRUARY, "cedar")), "beech", JANUARY, at("ash", (JANUARY, "beech"))),
        (at(None), "beech", TODAY, at(None, (TODAY, "beech"))),
        (at("ash"), "ash", MAY, at("ash")),
    ],
)
def test_a_move_begins_on_its_day(before: Person, school: str, day: date, after: Person):
    assert moved(before, school, day, TODAY) == after


def test_a_person_is_expected_at_their_school_and_where_they_move_to():
    person = at("ash", (JANUARY, "beech"), (SEPTEMBER, "cedar"))
    assert [is_expected_at(person, school, TODAY) for school in ("ash", "beech", "cedar")] == [False, True, True]
    assert not is_expected_at(at("ash", leaves=JANUARY), "ash", TODAY)
    assert is_expected_at(at("ash", leaves=MAY), "ash", TODAY)


def test_a_school_is_taken_out_of_the_past():
    person = at("ash", (JANUARY, "beech"), (SEPTEMBER, "cedar"))
    assert without_school(person, "ash") == at("beech", (SEPTEMBER, "cedar"))
    assert without_school(person, "beech") == at("ash", (SEPTEMBER, "cedar"))
    assert without_school(at("ash"), "ash") == at(None)
    assert without_school(at("ash", (JANUARY, "beech"), (FEBRUARY, "ash")), "beech") == at("ash")
