"""Record a person's answer to a request, with its effects: through a link in a message, or on a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.agenda.asks import ROUND, can_take_over, check_answer, round_name
from changeflow.agenda.due import Answer, AnswerKind, GivenAnswers, check_passing_on, check_postponing
from changeflow.errors import InputError
from changeflow.programme.facts import SponsorAct
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.recording import checked_progress, finish_of, with_progress
from changeflow.storage import answers, facts, publications
from changeflow.usecases.answer_causes import cause_of
from changeflow.usecases.progress import record_progress, record_reason
from changeflow.usecases.stored import Stored
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.values.sentences import sentence


@dataclass(frozen=True, slots=True)
class Request:
    """What a person is asked: something that is due on a day."""

    person: str
    subject: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A person's answer."""

    kind: AnswerKind
    until: date | None = None
    to: str | None = None
    text: str = ""
    cause: str = ""
    """Why announced dates or decisions become later."""
    scores: Mapping[Element, int] = field(default_factory=dict)


def postponed_at_most(stored: Stored, *, on: date) -> int:
    return stored.programme.rulepacks.number("nudges", "postponed_at_most", on=on)


class AnswerRecorder:
    """Records one answer and its effects."""

    def __init__(self, work: UnitOfWork, request: Request, given: Given, *, kind: str) -> None:
        """`kind` is what the request asks for, as `kind_of` returns it."""
        self.work, self.session, self.request, self.given, self.kind = work, work.session, request, given, kind
        self.stored, self.now, self.today = work.stored, work.change.now, work.change.on
        self.known: GivenAnswers = answers.answers(work.session, work.name)

    @property
    def asked(self) -> str:
        """Whose reminders an answer is about: for a task, the person now asked, even if a manager answers."""
        task = self.stored.programme.roadmap.tasks.get(self.request.subject)
        if task is None or task.owner is None:
            return self.request.person
        return self.known.asked_now(task.id, task.owner)

    def take(self) -> str:
        """Record the answer; return the message for the person."""
        check_answer(self.kind, self.given.kind, self.given.text)
        match self.given.kind:
            case AnswerKind.DONE:
                return self._done()
            case AnswerKind.ACKNOWLEDGED:
                self._keep()
                return sentence("We will not remind you about this again unless the due date changes.")
            case AnswerKind.NOT_YET:
                return self._not_yet()
            case AnswerKind.BLOCKED:
                self._keep(text=self.given.text.strip())
                return sentence("The programme office can now see what you wrote. We will not remind you for a week.")
            case AnswerKind.DELEGATED:
                return self._delegated()
            case AnswerKind.UNDONE:
                raise InputError(sentence("Choose one of the answers on the page."))

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
            facts.add_act(self.session, self.work.name, act, at=self.now, by=self.request.person)
        self._keep(text=text or None)
        return sentence("We have saved your answer.")

    def _not_yet(self) -> str:
        if self.given.until is None:
            raise InputError(sentence("Enter the date by which it will be done."))
        at_most = postponed_at_most(self.stored, on=self.today)
        check_postponing(
            self.known, self.request.subject, self.asked, self.given.until, today=self.today, at_most=at_most
        )
        self._keep(until=self.given.until)
        return sentence("We will remind you on that day. The date in the plan does not change.")

    def _delegated(self) -> str:
        others = can_take_over(self.stored.programme, self.stored.contacts, besides=self.request.person)
        check_passing_on(self.known, self.request.subject, self.asked, self.given.to or "", dict(others))
        self._keep(to=self.given.to)
        answers.revoke_links(
            self.session, self.work.name, person=self.request.person, now=self.now, subject=self.request.subject
        )
        return sentence("From now on, we will send them the reminders about this.")

    def _finish(self) -> None:
        programme, task = self.stored.programme, self.request.subject
        if programme.is_done(task):
            return
        checked = checked_progress(programme, [finish_of(programme, task, self.today)], self.today)
        cause = cause_of(self.work, self.request.person, with_progress(programme.facts, checked), self.given.cause)
        record_reason(self.work, [task], cause, self.request.person)
        record_progress(self.work, checked, self.request.person)

    def _assess(self) -> None:
        scores = dict(self.given.scores)
        if not scores:
            raise InputError(sentence("Answer at least one question."))
        name = round_name(int(self.request.subject.removeprefix(ROUND)))
        given = Assessment(person=self.request.person, round=name, on=self.today, scores=scores, evidence="self")
        publications.add_assessments(self.session, self.work.name, [given])
        # No answer row: only the scores, which no one sees, show that a person answered.
        self.work.record("assess", f"assessment:{name}", by=SYSTEM)

    def _keep(self, *, until: date | None = None, to: str | None = None, text: str | None = None) -> None:
        kind, subject = self.given.kind, self.request.subject
        given = Answer(
            person=self.asked, subject=subject, due_on=self.request.due_on, kind=kind, on=self.today, until=until, to=to
        )
        answers.add_answer(self.session, self.work.name, given, text=text, at=self.now)
        self.work.record(f"answer:{kind.value}", subject, by=self.request.person)
