"""One person's working days: their office's, less those on which they do not work or are away."""

from datetime import date

from changeflow.adkar.people import Away, Contact, Person
from changeflow.agenda.due import PersonalDays
from tests.builders import OFFICE

WEDNESDAY, THURSDAY, FRIDAY = (date(2027, 1, day) for day in (6, 7, 8))
NEXT_MONDAY, NEXT_TUESDAY = date(2027, 1, 11), date(2027, 1, 12)


def days(works_on: tuple[str, ...] = (), *away: date) -> PersonalDays:
    person = Person(id="lead", role="Director of People", works_on=works_on)
    spans = tuple(Away(first_day=day, last_day=day) for day in away)
    return PersonalDays(OFFICE, person, Contact(person="lead", name="Director", away=spans))


def test_who_is_away_does_not_work():
    """Away on Thursday 7: two days after Wednesday 6 is Monday 11, and two days before Friday 8 is Tuesday 5."""
    own = days((), THURSDAY)
    assert [own.works_on(d) for d in (WEDNESDAY, THURSDAY, FRIDAY)] == [True, False, True]
    assert (own.after(WEDNESDAY, 2), own.after(FRIDAY, -2)) == (NEXT_MONDAY, date(2027, 1, 5))


def test_who_works_on_some_days_does_not_work_on_the_others():
    """Mondays and Thursdays: the next day after Thursday 7 is Monday 11; Tuesday 12 is none."""
    own = days(("mon", "thu"))
    assert own.after(THURSDAY, 1) == NEXT_MONDAY
    assert not own.works_on(NEXT_TUESDAY)


def test_an_answer_does_not_depend_on_what_was_asked_before():
    own = days((), THURSDAY)
    before = [own.works_on(d) for d in (THURSDAY, FRIDAY)]
    assert [own.works_on(d) for d in (THURSDAY, FRIDAY)] == before == [False, True]
