"""The schools that a signed-in person may see, and one of them.

People whose role covers the whole programme see every school. Everyone else sees the school that people.csv gives
them, and no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from changeflow.errors import HiddenThingError, InputError, NotAllowedError, UnknownThingError
from changeflow.programme.announcements import announced_sentence, go_lives
from changeflow.programme.definition import School
from changeflow.programme.mandates import Subject
from changeflow.reports.changes import Changes
from changeflow.reports.schools import SchoolList, SchoolPage, changes_at_once, school_list, school_page
from changeflow.storage import answers
from changeflow.usecases.calendar_feeds import FEED
from changeflow.usecases.moves import move_of
from changeflow.usecases.own_school import own_school, sees_all
from changeflow.usecases.stored import known_until
from changeflow.usecases.visits import Visit
from changeflow.usecases.wave_boards import waves_now
from changeflow.values.base import TaskId
from changeflow.values.moments import local_day
from changeflow.values.words import Action

LATE = "late"
ONLY = ("", LATE)
"""What the list can be narrowed to: everything, or schools with a go-live later than announced."""


@dataclass(frozen=True, slots=True)
class SchoolsSeen:
    """The list for one person."""

    list: SchoolList
    is_all: bool
    """Whether the person may see every school."""
    only: str
    own: str | None
    """The person's own school, if it is in the programme."""


def schools(visit: Visit, *, only: str = "") -> SchoolsSeen:
    """Return the schools that the person may see, their own first."""
    visit.permit(Action.READ_PROGRAMME)
    if only not in ONLY:
        raise InputError("The list of schools cannot be narrowed to that. Open it again from the menu.")
    whole = visit.view("schools", lambda: school_list(visit.programme))
    known = [s.school for s in whole.schools]
    own = visit.visitor.school if visit.visitor.school in known else None
    is_all = sees_all(visit)
    seen = [s for s in whole.schools if is_all or s.school == own]
    shown = sorted((s for s in seen if not only or s.is_late), key=lambda s: s.school != own)
    sentence = whole.sentence
    if not is_all:
        sentence = announced_sentence(visit.programme, [g for g in go_lives(visit.programme) if g.school == own])
    return SchoolsSeen(replace(whole, schools=tuple(shown), sentence=sentence), is_all, only, own)


def may_open(visit: Visit, school: str) -> bool:
    """Return whether the person may open a school's page, for links."""
    return visit.visitor.school == school or visit.may(Action.READ_SCHOOL, Subject(schools=frozenset({school})))


def permit_school(visit: Visit, name: str) -> School:
    """Return a school that the person may see; another is as unknown as one that does not exist."""
    found = next((s for s in visit.definition.schools if s.id == name), None)
    if found is None:
        raise UnknownThingError("school", name)
    if visit.visitor.school == name:
        visit.permit(Action.READ_PROGRAMME)
    else:
        try:
            visit.permit(Action.READ_SCHOOL, Subject(thing=found.name, schools=frozenset({name})))
        except NotAllowedError:
            raise HiddenThingError("school", name) from None
    return found


def school(visit: Visit, name: str) -> SchoolPage:
    """Return one school's page; one that the person may not see is as unknown as one that does not exist."""
    found, waves = permit_school(visit, name), waves_now(visit)
    given = answers.answers(visit.session, visit.name, until=known_until(visit.session, visit.name))
    busy = changes_at_once(waves.problem, waves.plan, name, today=visit.today) if waves else ()
    page = visit.view(
        "school",
        lambda: school_page(visit.programme, found, today=visit.today, answers=given, at_once=busy),
        name,
    )
    own = own_school(visit)
    return own.only(page) if own else page


def moves(visit: Visit, page: SchoolPage) -> Mapping[TaskId, Changes]:
    """Return why each go-live on a school's page is not on the day announced to the school, by its task."""
    found = {v.task: move_of(visit, v.task, page.school) for v in page.services if v.task and v.line.days}
    own = own_school(visit)
    return {task: own.only(move) if own else move for task, move in found.items() if move is not None}


def calendar_since(visit: Visit) -> date | None:
    """Return the day on which the person made the calendar address that still works; None if there is none."""
    known = answers.current_link(visit.session, visit.name, person=visit.visitor.person, action=FEED, now=visit.now)
    return local_day(known.created_at) if known else None
