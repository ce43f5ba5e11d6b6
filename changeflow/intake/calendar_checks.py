"""Check calendars in the second pass: their schools, the order of days, and contradictions between two files about the
same schools."""

from collections.abc import Iterator
from itertools import combinations
from typing import get_args

from changeflow.intake.checks import unknown, unknown_among
from changeflow.programme.calendar_files import CalendarFile, Term
from changeflow.programme.definition import Definition, SchoolPhase
from changeflow.programme.pay import days_of_table
from changeflow.programme.references import DefinitionError, Place
from changeflow.programme.school_terms import SchoolTerms
from changeflow.values.moments import format_days
from changeflow.values.problem import is_near, nearest
from changeflow.values.words import Kind


def check_calendars(definition: Definition) -> Iterator[DefinitionError]:
    """Find unknown names in calendars, days that contradict each other, and authorities without terms."""
    yield from _calendars(definition)
    yield from _authorities(definition)
    yield from _terms_of_several_files(definition)
    yield from _pay_tables(definition)


def _calendars(definition: Definition) -> Iterator[DefinitionError]:
    schools = {s.id for s in definition.schools}
    authorities = {s.authority for s in definition.schools}
    services = {s.service for s in definition.services}
    kinds = [str(k) for k in Kind]
    met: set[tuple[str, str | None, str | None]] = set()
    for calendar in definition.calendars:
        place = Place(f"calendar:{calendar.calendar}")
        yield from unknown(place.at("authority"), "school in authority", calendar.authority, authorities)
        yield from unknown(place.at("school"), "school", calendar.school, schools)
        for n, blackout in enumerate(calendar.blackouts):
            here = place.at("blackouts", n)
            yield from unknown_among(here.at("activities"), "kind of task", blackout.activities, kinds)
            yield from unknown_among(here.at("phases"), "phase", blackout.phases, get_args(SchoolPhase))
            yield from unknown_among(here.at("schools"), "school", blackout.schools, schools)
            yield from unknown_among(here.at("services"), "service", blackout.services, services)
        for n, meeting in enumerate(calendar.meetings):
            whose = (meeting.id, calendar.authority, calendar.school)
            if whose in met:
                what = f"The dates of '{meeting.id}' are written twice."
                yield DefinitionError(
                    place.at("meetings", n, "id"), what, "Merge them, or give one of them another id."
                )
            met.add(whose)
        for group in ("terms", "closed", "blackouts"):
            for n, span in enumerate(getattr(calendar, group)):
                last = span.last if group == "closed" else span.last_day
                if last < span.first_day:
                    where = place.at(group, n, "last_day")
                    yield DefinitionError(where, f"'{span.name}' ends before it begins.", "Swap the two days.")
        for n, term in enumerate(calendar.terms):
            if n and term.first_day <= calendar.terms[n - 1].last_day:
                where = place.at("terms", n, "first_day")
                yield DefinitionError(
                    where, f"'{term.name}' begins before the previous term ends.", "Correct the dates."
                )


def _authorities(definition: Definition) -> Iterator[DefinitionError]:
    """Find schools' authorities without terms although other authorities have them: such a school would follow the
    wrong terms.

    An authority is accepted if the trust's own terms may be meant for it, unless it is one typing slip from an
    authority with terms.
    """
    named = {c.authority for c in definition.calendars if c.authority and c.terms}
    elsewhere = SchoolTerms(definition)
    for school in definition.schools if named else ():
        if school.authority not in named and (is_near(school.authority, named) or elsewhere.of(school) is None):
            remedy = f"{nearest(school.authority, named)} Otherwise add its terms to calendars/.".strip()
            what = f"No calendar has terms of the authority '{school.authority}'."
            yield DefinitionError(Place("schools", (school.id, "authority")), what, remedy)


def _terms_of_several_files(definition: Definition) -> Iterator[DefinitionError]:
    """Find terms of the same schools that overlap in two files; report each at its own place."""
    placed: dict[tuple[str | None, str | None], list[tuple[Term, CalendarFile, Place]]] = {}
    for file in definition.calendars:
        whose = (None, file.school) if file.school else (file.authority, None)
        for n, term in enumerate(file.terms):
            here = Place(f"calendar:{file.calendar}", ("terms", n, "first_day"))
            placed.setdefault(whose, []).append((term, file, here))
    for own in placed.values():
        for (term, file, here), (other, elsewhere, there) in combinations(own, 2):
            if file is not elsewhere and term.first_day <= other.last_day and other.first_day <= term.last_day:
                yield _overlap(here, term, other, elsewhere)
                yield _overlap(there, other, term, file)


def _overlap(place: Place, term: Term, other: Term, file: CalendarFile) -> DefinitionError:
    days = format_days(other.first_day, other.last_day)
    what = f"'{term.name}' overlaps '{other.name}' of the calendar '{file.calendar}' ({days}), for the same schools."
    return DefinitionError(place, what, "Keep each term in one of the two files.")


def _pay_tables(definition: Definition) -> Iterator[DefinitionError]:
    """Find months for which two tables for the same schools give different paydays or cut-offs."""
    files = [f for f in definition.calendars if f.pay_periods is not None]
    for n, file in enumerate(files):
        for other in files[:n]:
            mine, theirs = file.pay_periods, other.pay_periods
            if mine is None or theirs is None or (file.authority, file.school) != (other.authority, other.school):
                continue
            (first, last), (from_, to) = days_of_table(mine), days_of_table(theirs)
            same = (mine.payday, mine.cut_off_working_days) == (theirs.payday, theirs.cut_off_working_days)
            if not same and first <= to and from_ <= last:
                what = f"The table '{other.calendar}' gives {max(first, from_):%B %Y} a different payday or cut-off."
                place = Place(f"calendar:{file.calendar}", ("pay_periods",))
                yield DefinitionError(place, what, "Keep each month in one table.", on_key=True)
