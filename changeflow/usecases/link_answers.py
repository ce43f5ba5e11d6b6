"""Links in messages: the question that a link asks, and the answer, which is given once by one person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from sqlmodel import Session

from changeflow.adkar.elements import Element
from changeflow.adkar.people import statements
from changeflow.agenda.asks import ROUND, can_take_over, kind_of
from changeflow.agenda.due import AnswerKind
from changeflow.agenda.gates import weigh
from changeflow.agenda.notices import COMMENT
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost
from changeflow.errors import InputError
from changeflow.logs import log
from changeflow.planning.last_days import LastDay, last_day
from changeflow.programme.people import live_people
from changeflow.programme.recording import finish_of
from changeflow.roadmap.model.tasks import Task
from changeflow.storage import answers, audit, facts, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.keys import adopt_key, key_of, recipient_of
from changeflow.usecases.answer_recording import AnswerRecorder, Given, Request, postponed_at_most
from changeflow.usecases.answer_undo import CHANGED, UNDO_FOR, can_undo, move_day, take_back
from changeflow.usecases.messages import digest_of
from changeflow.usecases.progress import rehearse
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, work_in
from changeflow.values.moments import local_day
from changeflow.values.sentences import sentence

NOT_OURS = sentence("This link is not one of ours, or part of it is missing.")
WITHDRAWN = sentence("You do not need to do anything. The task is finished, or someone else is now doing it.")
USED = sentence("We have already had your answer. You do not need to do anything else.")
NOT_USED = sentence("There is no answer to undo.")
EXPIRED = sentence("This link has expired. The next message will have a new one.")
NOT_IN_PLAN = sentence("This task is no longer part of the plan. You do not need to do anything.")
YOU = sentence("you")


class LinkError(InputError):
    """A link that cannot be answered: forged, used, expired or withdrawn."""

    def __init__(self, text: str, *, was_known: bool, language: str = "en") -> None:
        super().__init__(text)
        self.was_known, self.language = was_known, language
        """`language` is the reader's, if the link was known."""

    @property
    def is_settled(self) -> bool:
        """Whether the person has nothing more to do."""
        return self.text in (WITHDRAWN, USED, NOT_IN_PLAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuestion:
    """A link's question. It names roles, never people, so that a forwarded link reveals no one."""

    kind: str
    """`task`, `gate`, `evidence`, `feedback`, `assessment`, `sponsor`, `conversation` or `comment`."""
    title: str
    due_on: date
    programme: str
    organisation: str
    role: str
    office_email: str
    people: tuple[tuple[str, str], ...] = ()
    """People it can be passed on to: ids, and roles with their school or hub."""
    criteria: tuple[tuple[str, str], ...] = ()
    """For a gate and its evidence: each criterion's `State` and text, reasons against first."""
    last_day: date | None = None
    """A decision's last responsible day; `cost` is the cost of the next day."""
    cost: LaterCost | None = None
    students: str = ""
    note: str = ""
    """What the person doing the task should know."""
    owner: str = ""
    """The role of the task's owner, if the link's reader is someone else."""
    statements: tuple[tuple[Element, str], ...] = ()
    """An assessment's questions."""
    postponed_at_most: int = 0
    """How often a due date can be postponed."""
    page: str = ""
    """The address of the task's or decision's page, for readers who sign in."""
    language: str = "en"
    """The reader's language, for the page."""


@dataclass(frozen=True, slots=True)
class TakenAnswer:
    """The message to a person whose answer was recorded, and its language."""

    message: str
    language: str
    undo_until: datetime | None = None
    """Until when the answer can be undone; None if it cannot be."""
    is_finish: bool = False
    """Whether the answer said that a task is done, so that the day can be corrected."""


@dataclass(frozen=True, slots=True)
class MessageChoice:
    """Whether a person has switched optional messages off, and their language."""

    is_off: bool
    language: str


def question_of(token: str, *, db: str, now: datetime) -> LinkQuestion:
    """Return a link's question. Opening it does not use it up, because mail scanners open every link."""
    with read_scope(db) as session:
        link = usable(session, token, "answer", now)
        stored = load(session, link.programme, on=local_day(now))
    return question_about(Request(link.person, link.subject, link.due_on), stored, _kind_of(link, stored))


def answer(token: str, given: Given, *, db: str, now: datetime, ahead: Stored | None = None) -> TakenAnswer:
    """Use up the link and record the answer with its effects, in one transaction; return the message to the person.

    `ahead` is the result of `prepare_done`.
    """
    with session_scope(db) as session:
        link = usable(session, token, "answer", now)
        change = Change(db=db, programme=link.programme, actor=link.person, now=now, on=local_day(now))
        with work_in(session, change, ahead=ahead) as work:
            # Use up the link first; a later error undoes this too.
            if not answers.use_link(session, digest_of(token), now=now):
                raise LinkError(USED, was_known=True, language=_language(link, work.stored))
            request = Request(link.person, link.subject, link.due_on)
            message = AnswerRecorder(work, request, given, kind=_kind_of(link, work.stored)).take()
            language = _language(link, work.stored)
            name, by = link.programme, link.person
            audit.append(session, name, at=now, actor=by, action="answer", subject=link.subject, fallback=True)
    if not link.subject.startswith(ROUND):
        log("answer", programme=link.programme, subject=link.subject, kind=given.kind)
    is_finish = given.kind is AnswerKind.DONE and "#" not in link.subject
    return _taken(link.subject, now, message, language, now=now, is_finish=is_finish)


def just_answered(token: str, *, db: str, now: datetime) -> TakenAnswer | None:
    """Return the answer given through a link in the last few minutes, if it can still be undone."""
    with read_scope(db) as session:
        link = answers.find_link(session, digest_of(token))
        if link is None or link.revoked_at or link.used_at is None or not can_undo(link.subject, link.used_at, now):
            return None
        answered_at = link.used_at
        is_finish = any(
            f.by == link.person and f.at >= answered_at and f.withdrawn is None and f.values.get("task") == link.subject
            for f in facts.recorded(session, link.programme, "progress")
        )
        language = versions.language_of_messages(session, link.programme, link.person)
    return _taken(link.subject, answered_at, USED, language, now=now, is_finish=is_finish)


def _taken(
    subject: str, answered_at: datetime, message: str, language: str, *, now: datetime, is_finish: bool
) -> TakenAnswer:
    until = answered_at + UNDO_FOR if can_undo(subject, answered_at, now) else None
    return TakenAnswer(message, language, until, is_finish=is_finish and until is not None)


def undo(token: str, *, db: str, now: datetime) -> None:
    """Take back the answer given through a link, within a quarter of an hour; the link then works again."""
    with _answered_link(token, db, now) as (work, link, answered_at):
        if not take_back(work, link.person, link.subject, answered_at):
            raise LinkError(CHANGED, was_known=True, language=_language(link, work.stored))
        answers.reopen_link(work.session, digest_of(token))


def correct_day(token: str, day: date, *, db: str, now: datetime, cause: str = "") -> TakenAnswer:
    """Correct the finish day of a task that was marked as done through a link; `cause` says why dates become later."""
    with _answered_link(token, db, now) as (work, link, answered_at):
        move_day(work, link.person, link.subject, answered_at, day, cause)
        language = _language(link, work.stored)
    return TakenAnswer(sentence("We have marked this as done on %(day)s.", day=day), language)


@contextmanager
def _answered_link(token: str, db: str, now: datetime) -> Iterator[tuple[UnitOfWork, AnswerLink, datetime]]:
    with session_scope(db) as session:
        link = answers.find_link(session, digest_of(token))
        if link is None or link.action != "answer":
            raise LinkError(NOT_OURS, was_known=False)
        if link.used_at is None:
            raise LinkError(NOT_USED, was_known=True)
        change = Change(db=db, programme=link.programme, actor=link.person, now=now, on=local_day(now))
        with work_in(session, change) as work:
            yield work, link, link.used_at


def prepare_done(token: str, *, db: str, now: datetime) -> Stored | None:
    """Compute the effects of "it is done" before the answer locks the programme, so that others wait less.

    It writes and refuses nothing; the answer itself reports errors. Return the programme after the answer, if the plan
    determines it.
    """
    today = local_day(now)
    with read_scope(db) as session:
        link = answers.find_link(session, digest_of(token))
        if link is None or link.action != "answer" or link.used_at is not None:
            return None
        before = load(session, link.programme, on=today)
    programme = before.programme
    if link.subject not in programme.roadmap.tasks or programme.is_done(link.subject):
        return None
    if _kind_of(link, before) != "task":
        return None
    return rehearse(before, [finish_of(programme, link.subject, today)])


def choice_of(token: str, *, db: str, now: datetime) -> MessageChoice:
    """Return whether the person with this link has switched optional messages off."""
    with read_scope(db) as session:
        link = usable(session, token, answers.CHOICE, now)
        recipient = _recipient(session, link)
        known = answers.reach(session, [recipient]).get(recipient)
        language = versions.language_of_messages(session, link.programme, link.person)
    return MessageChoice(known is not None and known.optional_off, language)


def switch_optional(token: str, *, off: bool, db: str, now: datetime) -> MessageChoice:
    """Switch optional messages off or on. When off, messages about the person's own tasks come once a week.

    One click is enough (RFC 8058), and the link can be used again.
    """
    with session_scope(db) as session:
        link = usable(session, token, answers.CHOICE, now)
        versions.lock_programme(session, link.programme)
        adopt_key(session)
        answers.switch_optional(session, _recipient(session, link), off=off)
        action, subject = f"optional:{'off' if off else 'on'}", f"person:{link.person}"
        name, by = link.programme, link.person
        audit.append(session, name, at=now, actor=by, action=action, subject=subject, fallback=True)
        return MessageChoice(off, versions.language_of_messages(session, name, by))


def _recipient(session: Session, link: AnswerLink) -> str:
    contact = versions.contact(session, link.programme, link.person)
    return recipient_of(key_of(session), link.programme, link.person, contact)


def usable(session: Session, token: str, action: str, now: datetime) -> AnswerLink:
    """Return what a token lets its holder do, or raise a `LinkError` that says why it does not work."""
    link = answers.find_link(session, digest_of(token))
    if link is None or link.action != action:
        raise LinkError(NOT_OURS, was_known=False)
    reason = WITHDRAWN if link.revoked_at else USED if link.used_at else EXPIRED if link.expires_at <= now else None
    if reason is not None:
        language = versions.language_of_messages(session, link.programme, link.person)
        raise LinkError(reason, was_known=True, language=language)
    return link


def _kind_of(link: AnswerLink, stored: Stored) -> str:
    kind = kind_of(link.subject, stored.programme)
    if kind is None:
        raise LinkError(NOT_IN_PLAN, was_known=True, language=_language(link, stored))
    return kind


def language_for(person: str, stored: Stored) -> str:
    """Return the language of a person's messages."""
    contact = stored.contacts.get(person)
    return (contact.language if contact else "") or stored.version.definition.programme.language


def _language(link: AnswerLink, stored: Stored) -> str:
    return language_for(link.person, stored)


def _cost(last: LastDay | None) -> LaterCost | None:
    """Return the cost of the first day after a decision's last responsible day."""
    if last is None or not last.later:
        return None
    run = last.later[0]
    first, more = run.moved[0], len(run.moved) - 1
    return LaterCost(
        from_day=run.first, name=first.name, days=first.days, before=first.before, after=first.after, more=more
    )


def question_about(request: Request, stored: Stored, kind: str, *, with_evidence: bool = True) -> LinkQuestion:
    """Return what a person is asked; `kind` is as `kind_of` returns it.

    `with_evidence` adds a decision's criteria, last responsible day and cost, each of which needs the programme to be
    planned again.
    """
    definition, programme = stored.version.definition, stored.programme
    task = programme.roadmap.tasks.get(request.subject.partition("#")[0])
    is_weighed = with_evidence and kind in ("gate", "evidence")
    case = weigh(stored.judged, task.id) if task is not None and is_weighed else None
    is_open = case is not None and not programme.is_done(case.task)
    last = last_day(programme, case.task) if case is not None and is_open else None
    others = can_take_over(programme, stored.contacts, besides=request.person)
    return LinkQuestion(
        kind=kind,
        title=task.name if task else REASONS[Reason(kind)].title,
        due_on=request.due_on,
        programme=definition.programme.name,
        organisation=definition.programme.organisation,
        role=programme.person(request.person) if definition.role_of(request.person) else YOU,
        office_email=definition.programme.office.email,
        people=tuple(others) if kind in ("task", "gate", "evidence") else (),
        criteria=tuple((c.state.value, c.text) for c in case.criteria) if case else (),
        last_day=last.day if last is not None else None,
        cost=_cost(last),
        students=definition.programme.wiifts.statement if definition.programme.wiifts else "",
        note=task.note if task is not None and kind == "task" else "",
        owner=programme.person(task.owner) if task is not None and task.owner not in (None, request.person) else "",
        statements=statements(
            definition.change.instrument, live=request.person in live_people(programme, on=programme.on)
        )
        if kind == "assessment"
        else (),
        postponed_at_most=postponed_at_most(stored, on=programme.on),
        page=_page(programme.id, task, kind),
        language=language_for(request.person, stored),
    )


def _page(programme: str, task: Task | None, kind: str) -> str:
    if task is None:
        return ""
    part = "decisions" if kind in ("gate", "evidence") else "plan"
    return f"/p/{quote(programme)}/{part}/{quote(task.id)}{'#comments' if kind == COMMENT else ''}"
