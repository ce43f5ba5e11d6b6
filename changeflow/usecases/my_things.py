"""A signed-in person's own things: what they are asked for now, their answers, and undoing one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from changeflow.agenda.due import Readers
from changeflow.errors import UnknownThingError
from changeflow.reports.my_things import MyThing, MyThings, my_things
from changeflow.storage import agenda, answers, facts
from changeflow.usecases.answer_recording import AnswerRecorder, Given, Request
from changeflow.usecases.answer_undo import UNDO_FOR, can_undo, take_back
from changeflow.usecases.link_answers import LinkQuestion, question_about
from changeflow.usecases.stored import Stored
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class Undoable:
    """An answer that the person can still undo."""

    subject: str
    title: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MyPage:
    """A person's own page."""

    things: MyThings
    questions: Mapping[str, LinkQuestion]
    """What each thing asks, by its subject."""
    undoable: tuple[Undoable, ...]


def my_page(visit: Visit) -> MyPage:
    """Return what the person is asked for now, with the questions, and what they can still undo."""
    visit.permit(Action.ANSWER_OWN)
    person, stored = visit.visitor.person, visit.stored
    things = visit.view("my-things", lambda: _things(visit, person), person)
    questions = {
        t.subject: question_about(Request(person, t.subject, t.due_on), stored, t.kind, with_evidence=False)
        for t in things.now
    }
    return MyPage(things, questions, tuple(_undoable(visit, person)))


def _things(visit: Visit, person: str) -> MyThings:
    given = answers.answers(visit.session, visit.name)
    readers = Readers(visit.stored.contacts, given, agenda.invited(visit.session, visit.name))
    return my_things(visit.stored.judged, person, today=visit.today, readers=readers)


def _undoable(visit: Visit, person: str) -> list[Undoable]:
    moments = _answered_at(visit.session, visit.name, person)
    standing = answers.answers(visit.session, visit.name)
    found = []
    for subject, at in moments.items():
        is_standing = visit.programme.is_done(subject) or bool(standing.about(subject, person))
        if can_undo(subject, at, visit.now) and is_standing:
            task = visit.programme.roadmap.tasks.get(subject.partition("#")[0])
            found.append(Undoable(subject, task.name if task else "", at + UNDO_FOR))
    return sorted(found, key=lambda u: u.until, reverse=True)


def answer_own(subject: str, change: Change, given: Callable[[], Given]) -> None:
    """Record the person's answer to something that they are asked for now; any other subject is unknown.

    `given` reads the answer once the subject is known, and raises an `InputError` if it cannot be understood.
    """
    with unit_of_work(change) as work:
        person = work.permit(Action.ANSWER_OWN)
        thing = _asked(work, person, subject)
        AnswerRecorder(work, Request(person, subject, thing.due_on), given(), kind=thing.kind).take()
        answers.revoke_links(work.session, work.name, person=person, now=change.now, subject=subject)


def _asked(work: UnitOfWork, person: str, subject: str) -> MyThing:
    stored: Stored = work.stored
    given = answers.answers(work.session, work.name)
    readers = Readers(stored.contacts, given, agenda.invited(work.session, work.name))
    every = my_things(stored.judged, person, today=work.change.on, readers=readers).now
    thing = next((t for t in every if t.subject == subject), None)
    if thing is None:
        raise UnknownThingError("request", subject)
    return thing


def undo_own(subject: str, change: Change) -> None:
    """Take back what the person last answered about a subject, within a quarter of an hour."""
    with unit_of_work(change) as work:
        person = work.permit(Action.ANSWER_OWN)
        at = _answered_at(work.session, work.name, person).get(subject)
        if at is None or not take_back(work, person, subject, at):
            raise UnknownThingError("answer", subject)


def _answered_at(session: Session, name: str, person: str) -> Mapping[str, datetime]:
    """Return when the person last answered about each subject, or recorded its progress."""
    moments = [(at, a.subject) for a, _, at in answers.listed(session, name) if a.person == person]
    own = (f for f in facts.recorded(session, name, "progress") if f.by == person and f.withdrawn is None)
    moments += [(f.at, str(f.values["task"])) for f in own]
    return {subject: at for at, subject in sorted(moments)}
