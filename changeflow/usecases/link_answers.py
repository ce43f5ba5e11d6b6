"""What a link in a message leads to: the question that it asks, and the answer, given once and by one person."""

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
from changeflow.errors import InputError
from changeflow.logs import log
from changeflow.planning.last_days import last_day
from changeflow.programme.facts import SponsorAct
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import live_people
from changeflow.programme.recording import checked_progress, finish_of
from changeflow.reports.last_days import format_cost
from changeflow.storage import answers, audit, facts, publications, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.keys import adopt_key, key_of, recipient_of
from changeflow.usecases.messages import digest_of
from changeflow.usecases.progress import record_progress, rehearse
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, work_in
from changeflow.values.moments import local_day


class LinkError(InputError):
    """A link that leads nowhere: forged, used, expired or withdrawn."""

    def __init__(self, text: str, *, was_known: bool) -> None:
        super().__init__(text)
        self.was_known = was_known


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuestion:
    """What a link asks. It names a role, never a person, so that a forwarded link gives nothing away."""

    kind: str
    """`task`, `gate`, `evidence`, `feedback`, `assessment`, `sponsor` or `conversation`."""
    title: str
    due_on: date
    programme: str
    organisation: str
    role: str
    office_email: str
    people: tuple[tuple[str, str], ...] = ()
    """Whom it can be passed on to: ids, and roles with their school or hub."""
    criteria: tuple[tuple[str, str], ...] = ()
    """Of a gate and its evidence: how each criterion stands (a `State`), and its text; reasons against first."""
    last_day: date | None = None
    """A decision's last responsible day, and what the next day costs."""
    cost: str = ""
    students: str = ""
    note: str = ""
    """What whoever does it should know."""
    statements: tuple[tuple[Element, str], ...] = ()
    """What an assessment asks."""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person answers."""

    kind: AnswerKind
    until: date | None = None
    to: str | None = None
    text: str = ""
    scores: Mapping[Element, int] = field(default_factory=dict)


def question_of(token: str, *, db: str, now: datetime) -> LinkQuestion:
    """Return what a link asks; looking at it uses nothing up, for mail scanners look at every link."""
    with read_scope(db) as session:
        link = usable(session, token, "answer", now)
        stored = load(session, link.programme, on=local_day(now))
    return _question(link, stored)


def answer(token: str, given: Given, *, db: str, now: datetime, ahead: Stored | None = None) -> str:
    """Take an answer: the link is used up, and what follows from it is written, in one transaction or not at all.

    Returns what to tell the person. `ahead` is what `prepare_done` found.
    """
    with session_scope(db) as session:
        link = usable(session, token, "answer", now)
        change = Change(db=db, programme=link.programme, actor=link.person, now=now, on=local_day(now))
        with work_in(session, change, ahead=ahead) as work:
            # Used up first: whatever goes wrong afterwards takes this back as well.
            if not answers.use_link(session, digest_of(token), now=now):
                raise LinkError("This link has been used already.", was_known=True)
            message = _AnswerRecorder(work, link, given).take()
            name, by = link.programme, link.person
            audit.append(session, name, at=now, actor=by, action="answer", subject=link.subject, fallback=True)
    if not link.subject.startswith(ROUND):
        log("answer", programme=link.programme, subject=link.subject, kind=given.kind)
    return message


def prepare_done(token: str, *, db: str, now: datetime) -> Stored | None:
    """Work out what follows from "it is done" before the answer takes its turn: others then wait for it much less.

    Nothing is written and nothing refused: the answer itself says what is wrong with it. Returns what the programme
    will be, where that follows from the plan.
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
    if _kind_of(link.subject, before) != "task":
        return None
    return rehearse(before, [finish_of(programme, link.subject, today)])


def reach_of(token: str, *, db: str, now: datetime) -> bool:
    """Return whether optional messages are switched off for whoever has this link."""
    with read_scope(db) as session:
        link = usable(session, token, answers.CHOICE, now)
        recipient = _recipient(session, link)
        known = answers.reach(session, [recipient]).get(recipient)
    return known is not None and known.optional_off


def switch_optional(token: str, *, off: bool, db: str, now: datetime) -> None:
    """Switch optional messages off, or on again; what comes with somebody's part then comes once a week.

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


def _recipient(session: Session, link: AnswerLink) -> str:
    contact = versions.contact(session, link.programme, link.person)
    return recipient_of(key_of(session), link.programme, link.person, contact)


def usable(session: Session, token: str, action: str, now: datetime) -> AnswerLink:
    """Return what a token lets its holder do; a `LinkError` says why it does not."""
    link = answers.find_link(session, digest_of(token))
    if link is None or link.action != action:
        raise LinkError("This link is not one of ours, or part of it is missing.", was_known=False)
    if link.revoked_at is not None:
        raise LinkError("This link has been withdrawn: the task is closed, or someone else has it now.", was_known=True)
    if link.used_at is not None:
        raise LinkError(
            "This link has been used already. Thank you: you do not need to do anything else.", was_known=True
        )
    if link.expires_at <= now:
        raise LinkError("This link has expired. The next message will have a new one.", was_known=True)
    return link


def _kind_of(subject: str, stored: Stored) -> str:
    kind = kind_of(subject, stored.programme)
    if kind is None:
        raise LinkError("What this link asks about is no longer part of the plan.", was_known=True)
    return kind


def _question(link: AnswerLink, stored: Stored) -> LinkQuestion:
    definition, programme = stored.version.definition, stored.programme
    kind = _kind_of(link.subject, stored)
    task = programme.roadmap.tasks.get(link.subject.partition("#")[0])
    case = weigh(stored.judged, task.id) if task is not None and kind in ("gate", "evidence") else None
    is_open = case is not None and not programme.is_done(case.task)
    last = last_day(programme, case.task) if case is not None and is_open else None
    contact = stored.contacts.get(link.person)
    others = can_take_over(programme, stored.contacts, besides=link.person)
    return LinkQuestion(
        kind=kind,
        title=task.name if task else REASONS[Reason(kind)].title,
        due_on=link.due_on,
        programme=definition.programme.name,
        organisation=definition.programme.organisation,
        role=programme.person(link.person) if definition.role_of(link.person) else "you",
        office_email=definition.programme.office.email,
        people=tuple(others) if kind in ("task", "gate", "evidence") else (),
        criteria=tuple((c.state.value, c.text) for c in case.criteria) if case else (),
        last_day=last.day if last is not None else None,
        cost=format_cost(last) if last is not None else "",
        students=definition.programme.wiifts.statement if definition.programme.wiifts else "",
        note=task.note if task is not None and kind == "task" else "",
        statements=statements(definition.change.instrument, live=link.person in live_people(programme, on=programme.on))
        if kind == "assessment"
        else (),
        language=contact.language if contact else "en",
    )


class _AnswerRecorder:
    """One answer, and what follows from it."""

    def __init__(self, work: UnitOfWork, link: AnswerLink, given: Given) -> None:
        self.work, self.session, self.link, self.given = work, work.session, link, given
        self.stored, self.now, self.today = work.stored, work.change.now, work.change.on
        self.known: GivenAnswers = answers.answers(work.session, work.name)
        self.kind = _kind_of(link.subject, work.stored)

    @property
    def asked(self) -> str:
        """Whose reminders an answer is about: of a task's, whoever is asked now, also where their manager answers."""
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
                return "Thank you. You will not be reminded of it again for this due day."
            case AnswerKind.NOT_YET:
                return self._not_yet()
            case AnswerKind.BLOCKED:
                self._keep(text=self.given.text.strip())
                return "Thank you. The programme office sees what stands in the way; reminders rest for a week."
            case AnswerKind.DELEGATED:
                return self._delegated()

    def _done(self) -> str:
        if self.kind == "task":
            self._finish()
            return "Thank you. It is recorded as done."
        if self.kind == "assessment":
            self._assess()
            return "Thank you. Your answers are kept apart, and only groups are reported."
        text = self.given.text.strip()
        if self.kind == "sponsor":
            act = SponsorAct(on=self.today, what=text)
            facts.add_act(self.session, self.link.programme, act, at=self.now, by=self.link.person)
        self._keep(text=text or None)
        return "Thank you. It is recorded."

    def _not_yet(self) -> str:
        if self.given.until is None:
            raise InputError("Give the day by which it will be done.")
        packs = self.stored.programme.rulepacks
        at_most = packs.number("nudges", "postponed_at_most", on=self.today)
        check_postponing(self.known, self.link.subject, self.asked, self.given.until, today=self.today, at_most=at_most)
        self._keep(until=self.given.until)
        return "Thank you. We will ask again on that day. The plan keeps its own day until it is changed."

    def _delegated(self) -> str:
        others = can_take_over(self.stored.programme, self.stored.contacts, besides=self.link.person)
        check_passing_on(self.known, self.link.subject, self.asked, self.given.to or "", dict(others))
        self._keep(to=self.given.to)
        answers.revoke_links(
            self.session, self.link.programme, person=self.link.person, now=self.now, subject=self.link.subject
        )
        return "Thank you. They are asked from now on."

    def _finish(self) -> None:
        programme, task = self.stored.programme, self.link.subject
        if programme.is_done(task):
            return
        checked = checked_progress(programme, [finish_of(programme, task, self.today)], self.today)
        record_progress(self.work, checked, self.link.person)

    def _assess(self) -> None:
        scores = dict(self.given.scores)
        if not scores:
            raise InputError("Choose an answer to one question at least.")
        name = round_name(int(self.link.subject.removeprefix(ROUND)))
        given = Assessment(person=self.link.person, round=name, on=self.today, scores=scores, evidence="self")
        publications.add_assessments(self.session, self.link.programme, [given])
        # No answer row: that somebody answered stands with their scores alone, which nobody sees.
        self.work.record("assess", f"assessment:{name}", by=SYSTEM)

    def _keep(self, *, until: date | None = None, to: str | None = None, text: str | None = None) -> None:
        kind, subject = self.given.kind, self.link.subject
        given = Answer(
            person=self.asked, subject=subject, due_on=self.link.due_on, kind=kind, on=self.today, until=until, to=to
        )
        answers.add_answer(self.session, self.link.programme, given, text=text, at=self.now)
        self.work.record(f"answer:{kind.value}", subject, by=self.link.person)
