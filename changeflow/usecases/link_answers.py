"""Links in messages: the question that a link asks, and the answer, which is given once by one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.people import statements
from changeflow.agenda.asks import ROUND, can_take_over, check_answer, kind_of, round_name
from changeflow.agenda.due import Answer, AnswerKind, GivenAnswers, check_passing_on, check_postponing
from changeflow.agenda.gates import weigh
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost
from changeflow.errors import InputError
from changeflow.logs import log
from changeflow.planning.last_days import LastDay, last_day
from changeflow.programme.facts import SponsorAct
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import live_people
from changeflow.programme.recording import checked_progress, finish_of
from changeflow.storage import answers, audit, facts, publications, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.keys import adopt_key, key_of, recipient_of
from changeflow.usecases.messages import digest_of
from changeflow.usecases.progress import record_progress, rehearse
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, work_in
from changeflow.values.moments import local_day
from changeflow.values.sentences import sentence

NOT_OURS = sentence("This link is not one of ours, or part of it is missing.")
WITHDRAWN = sentence("You do not need to do anything. The task is finished, or someone else is now doing it.")
USED = sentence("We have already had your answer. You do not need to do anything else.")
EXPIRED = sentence("This link has expired. The next message will have a new one.")
NOT_IN_PLAN = sentence("This task is no longer part of the plan. You do not need to do anything.")
YOU = sentence("you")


class LinkError(InputError):
    """A link that cannot be answered: forged, used, expired or withdrawn."""

    def __init__(self, text: str, *, was_known: bool, language: str = "en") -> None:
        super().__init__(text)
        self.was_known, self.language = was_known, language
        """`language` is the reader's, if the link was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuestion:
    """A link's question. It names roles, never people, so that a forwarded link reveals no one."""

    kind: str
    """`task`, `gate`, `evidence`, `feedback`, `assessment`, `sponsor` or `conversation`."""
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
    """What the person doing it should know."""
    statements: tuple[tuple[Element, str], ...] = ()
    """An assessment's questions."""
    postponed_at_most: int = 0
    """How often a due day can be postponed."""
    language: str = "en"
    """The reader's language, for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A person's answer."""

    kind: AnswerKind
    until: date | None = None
    to: str | None = None
    text: str = ""
    scores: Mapping[Element, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TakenAnswer:
    """The message to a person whose answer was recorded, and its language."""

    message: str
    language: str


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
    return _question(link, stored)


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
            message = _AnswerRecorder(work, link, given).take()
            language = _language(link, work.stored)
            name, by = link.programme, link.person
            audit.append(session, name, at=now, actor=by, action="answer", subject=link.subject, fallback=True)
    if not link.subject.startswith(ROUND):
        log("answer", programme=link.programme, subject=link.subject, kind=given.kind)
    return TakenAnswer(message, language)


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


def _language(link: AnswerLink, stored: Stored) -> str:
    contact = stored.contacts.get(link.person)
    return (contact.language if contact else "") or stored.version.definition.programme.language


def _cost(last: LastDay | None) -> LaterCost | None:
    """Return the cost of the first day after a decision's last responsible day."""
    if last is None or not last.later:
        return None
    run = last.later[0]
    first, more = run.moved[0], len(run.moved) - 1
    return LaterCost(
        from_day=run.first, name=first.name, days=first.days, before=first.before, after=first.after, more=more
    )


def _question(link: AnswerLink, stored: Stored) -> LinkQuestion:
    definition, programme = stored.version.definition, stored.programme
    kind = _kind_of(link, stored)
    task = programme.roadmap.tasks.get(link.subject.partition("#")[0])
    case = weigh(stored.judged, task.id) if task is not None and kind in ("gate", "evidence") else None
    is_open = case is not None and not programme.is_done(case.task)
    last = last_day(programme, case.task) if case is not None and is_open else None
    others = can_take_over(programme, stored.contacts, besides=link.person)
    return LinkQuestion(
        kind=kind,
        title=task.name if task else REASONS[Reason(kind)].title,
        due_on=link.due_on,
        programme=definition.programme.name,
        organisation=definition.programme.organisation,
        role=programme.person(link.person) if definition.role_of(link.person) else YOU,
        office_email=definition.programme.office.email,
        people=tuple(others) if kind in ("task", "gate", "evidence") else (),
        criteria=tuple((c.state.value, c.text) for c in case.criteria) if case else (),
        last_day=last.day if last is not None else None,
        cost=_cost(last),
        students=definition.programme.wiifts.statement if definition.programme.wiifts else "",
        note=task.note if task is not None and kind == "task" else "",
        statements=statements(definition.change.instrument, live=link.person in live_people(programme, on=programme.on))
        if kind == "assessment"
        else (),
        postponed_at_most=_postponed_at_most(stored, on=programme.on),
        language=_language(link, stored),
    )


def _postponed_at_most(stored: Stored, *, on: date) -> int:
    return stored.programme.rulepacks.number("nudges", "postponed_at_most", on=on)


class _AnswerRecorder:
    """Records one answer and its effects."""

    def __init__(self, work: UnitOfWork, link: AnswerLink, given: Given) -> None:
        self.work, self.session, self.link, self.given = work, work.session, link, given
        self.stored, self.now, self.today = work.stored, work.change.now, work.change.on
        self.known: GivenAnswers = answers.answers(work.session, work.name)
        self.kind = _kind_of(link, work.stored)

    @property
    def asked(self) -> str:
        """The person whose reminders an answer is about: for a task, the one now asked, even if a manager answers."""
        task = self.stored.programme.roadmap.tasks.get(self.link.subject)
        if task is None or task.owner is None:
            return self.link.person
        return self.known.asked_now(task.id, task.owner)

    def take(self) -> str:
        """Record the answer; return the message for the person."""
        check_answer(self.kind, self.given.kind, self.given.text)
        match self.given.kind:
            case AnswerKind.DONE:
                return self._done()
            case AnswerKind.ACKNOWLEDGED:
                self._keep()
                return sentence("You will get no more reminders about this due date.")
            case AnswerKind.NOT_YET:
                return self._not_yet()
            case AnswerKind.BLOCKED:
                self._keep(text=self.given.text.strip())
                return sentence("The programme office can now see what you wrote. We will not remind you for a week.")
            case AnswerKind.DELEGATED:
                return self._delegated()

    def _done(self) -> str:
        if self.kind == "task":
            self._finish()
            return sentence("We have marked this as done.")
        if self.kind == "assessment":
            self._assess()
            return sentence("No one will see your individual answers. We only report results for groups.")
        text = self.given.text.strip()
        if self.kind == "sponsor":
            act = SponsorAct(on=self.today, what=text)
            facts.add_act(self.session, self.link.programme, act, at=self.now, by=self.link.person)
        self._keep(text=text or None)
        return sentence("We have saved your answer.")

    def _not_yet(self) -> str:
        if self.given.until is None:
            raise InputError(sentence("Enter the date by which it will be done."))
        at_most = _postponed_at_most(self.stored, on=self.today)
        check_postponing(self.known, self.link.subject, self.asked, self.given.until, today=self.today, at_most=at_most)
        self._keep(until=self.given.until)
        return sentence("We will remind you on that day. The date in the plan does not change.")

    def _delegated(self) -> str:
        others = can_take_over(self.stored.programme, self.stored.contacts, besides=self.link.person)
        check_passing_on(self.known, self.link.subject, self.asked, self.given.to or "", dict(others))
        self._keep(to=self.given.to)
        answers.revoke_links(
            self.session, self.link.programme, person=self.link.person, now=self.now, subject=self.link.subject
        )
        return sentence("From now on, we will send them the reminders about this.")

    def _finish(self) -> None:
        programme, task = self.stored.programme, self.link.subject
        if programme.is_done(task):
            return
        checked = checked_progress(programme, [finish_of(programme, task, self.today)], self.today)
        record_progress(self.work, checked, self.link.person)

    def _assess(self) -> None:
        scores = dict(self.given.scores)
        if not scores:
            raise InputError(sentence("Answer at least one question."))
        name = round_name(int(self.link.subject.removeprefix(ROUND)))
        given = Assessment(person=self.link.person, round=name, on=self.today, scores=scores, evidence="self")
        publications.add_assessments(self.session, self.link.programme, [given])
        # No answer row: only the scores, which no one sees, show that a person answered.
        self.work.record("assess", f"assessment:{name}", by=SYSTEM)

    def _keep(self, *, until: date | None = None, to: str | None = None, text: str | None = None) -> None:
        kind, subject = self.given.kind, self.link.subject
        given = Answer(
            person=self.asked, subject=subject, due_on=self.link.due_on, kind=kind, on=self.today, until=until, to=to
        )
        answers.add_answer(self.session, self.link.programme, given, text=text, at=self.now)
        self.work.record(f"answer:{kind.value}", subject, by=self.link.person)
