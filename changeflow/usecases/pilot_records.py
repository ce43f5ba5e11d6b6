"""Records of a pilot: explanations, issues, feedback, lessons, repetitions, signatures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from changeflow.agenda import pilot_entries
from changeflow.agenda.pilot_entries import LessonEffect, lesson_effect, unanswered_lesson
from changeflow.errors import NOT_SAVED, InputError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.pilots import entries
from changeflow.pilots.issues import ProposedRule, lessons_of, proposed_rules
from changeflow.programme.assembly.decisions_applied import repetition_of
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_named, service_subject
from changeflow.storage import pilots, versions
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.words import Action

Build = Callable[[UnitOfWork, str], entries.Entry]
"""Makes an entry for the acting person."""
About = Callable[[Programme], Subject]
"""Finds the subject of an entry, with its owners; an unknown name is an error."""
Statement = TypeVar("Statement", bound=entries.PilotStatement)


def entry_of(kind: type[Statement], **values: object) -> Statement:
    """Make an entry from typed values; raise `InputError` if they are invalid."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{_in_words(error)} {NOT_SAVED}") from None


def _in_words(error: ValidationError) -> str:
    said = []
    for one in error.errors():
        field = str(one["loc"][-1]).replace("_", " ") if one["loc"] else ""
        message = one["msg"].removeprefix("Value error, ").rstrip(".")
        said.append(f"{field}: {message}.")
    return " ".join(dict.fromkeys(said))


def record(action: Action, about: About, build: Build, change: Change) -> int | None:
    """Check the actor and the entry, and add it; return its number, or None if it was already recorded."""
    with unit_of_work(change) as work:
        work.actor()
        by = work.permit(action, about(work.programme))
        try:
            entry = pilot_entries.checked(work.programme, build(work, by))
        except ValidationError as error:
            raise InputError(f"{_in_words(error)} {NOT_SAVED}") from None
        number = pilots.add_entry(work.session, work.name, entry, at=change.now)
        if number is not None:
            work.record(f"pilot:{entry.kind}", f"{entry.service}:{number}", by=by)
    return number


def _of_service(service: str) -> About:
    return lambda programme: service_subject(programme, service)


def _signed(entry: entries.Entry, change: Change) -> Build:
    """Return a builder that gives an entry the acting person and the change's day."""
    return lambda _, by: entry.model_copy(update={"by": by, "on": change.on})


def explain(
    service: str,
    period: str,
    element: str,
    change: Change,
    *,
    contract: str | None,
    between: tuple[Decimal, Decimal] | None,
    reason: str,
    evidence: str,
    until: str | None = None,
) -> int | None:
    """Record why amounts differ, from the next reconciliation of the period; it counts up to the month `until`.

    For one contract, this explains the kept difference; if the amount changes, it is unexplained again.
    """

    def build(work: UnitOfWork, by: str) -> entries.Entry:
        pilot_entries.check_run(work.programme, service, period)
        kept = pilots.latest_variances(work.session, work.name, service, period)
        span = pilot_entries.explained_span(
            kept, period, element, contract=contract, between=between, evidence=evidence
        )
        return entries.Explanation(
            service=service,
            on=change.on,
            by=by,
            period=period,
            element=element,
            contract=contract,
            between=span,
            reason=reason,
            evidence=evidence,
            until=until,
        )

    return record(Action.EXPLAIN_CONTRACTS, _of_service(service), build, change)


def rules_for(service: str, *, db: str, programme: str | None, on: date) -> tuple[ProposedRule, ...]:
    """Return the rules that explanations propose and no one has accepted."""
    found = loaded(programme, db=db, on=on)
    service_named(found, service)
    return tuple(proposed_rules(found.facts.pilot, service))


def accept_rule(service: str, rule: str, change: Change) -> ProposedRule:
    """Accept a proposed rule for its period; return it."""
    taken: list[ProposedRule] = []

    def build(work: UnitOfWork, by: str) -> entries.Entry:
        taken.append(pilot_entries.proposed_rule(work.programme, service, rule))
        return pilot_entries.accepted(taken[0], on=change.on, by=by)

    record(Action.EXPLAIN_CONTRACTS, _of_service(service), build, change)
    return taken[0]


def raise_issue(issue: entries.IssueRaised, change: Change) -> int | None:
    """Record an issue of a pilot; `by` and `on` are the change's."""
    return record(Action.RAISE_ISSUE, _of_service(issue.service), _signed(issue, change), change)


def update_issue(update: entries.IssueUpdate, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        return pilot_entries.issue_subject(programme, update.service, update.issue)

    return record(Action.UPDATE_ISSUE, about, _signed(update, change), change)


def give_feedback(feedback: entries.FeedbackGiven, change: Change) -> int | None:
    """Record feedback from users or providers; an item must be in the service's agreement."""
    return record(Action.GIVE_FEEDBACK, _of_service(feedback.service), _signed(feedback, change), change)


def plan_improvement(item: entries.ImprovementPlanned, change: Change) -> int | None:
    return record(Action.PLAN_IMPROVEMENT, _of_service(item.service), _signed(item, change), change)


def make_improvement(service: str, number: int, did: str, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        return pilot_entries.improvement_subject(programme, service, number)

    def build(_: UnitOfWork, by: str) -> entries.Entry:
        return entries.ImprovementMade(service=service, on=change.on, by=by, improvement=number, did=did)

    return record(Action.FINISH_IMPROVEMENT, about, build, change)


def repeat(task: TaskId, duration: str, reason: str, change: Change) -> TaskId | None:
    """Repeat a pilot, a parallel run or a test pack; return the new task, or None if already recorded."""

    def build(work: UnitOfWork, by: str) -> entries.Entry:
        service = work.programme.roadmap.tasks[task].service or ""
        return entries.PilotRepeated(service=service, on=change.on, by=by, task=task, duration=duration, reason=reason)

    number = record(Action.REPEAT_PILOT, lambda known: pilot_entries.repetition_subject(known, task), build, change)
    return repetition_of(task, number) if number is not None else None


def confirm(gate: TaskId, item: str, evidence: str, until: date | None, change: Change) -> int | None:
    """Confirm an item on the go-live checklist."""

    def about(programme: Programme) -> Subject:
        return pilot_entries.confirmation_subject(programme, gate, item)

    def build(work: UnitOfWork, by: str) -> entries.Entry:
        service = pilot_entries.go_live_gate(work.programme, gate).service or ""
        return entries.Confirmation(
            service=service, on=change.on, by=by, gate=gate, item=item, evidence=evidence, until=until
        )

    return record(Action.CONFIRM, about, build, change)


def sign(
    gate: TaskId, words: str, change: Change, *, agrees: bool, check: Callable[[Programme], None] = lambda _: None
) -> int | None:
    """Sign a go-live or withhold the signature. Only the required people may sign, each for themselves.

    `check` raises if the gate can no longer be signed.
    """

    def build(work: UnitOfWork, by: str) -> entries.Entry:
        check(work.programme)
        service = pilot_entries.go_live_gate(work.programme, gate).service or ""
        return entries.Signature(service=service, on=change.on, by=by, gate=gate, agrees=agrees, words=words)

    return record(Action.SIGN, lambda programme: pilot_entries.signature_subject(programme, gate), build, change)


def test_case(service: str, case: str, evidence: str, change: Change, *, passed: bool) -> int | None:
    """Record the result of a case in the test pack."""

    def build(_: UnitOfWork, by: str) -> entries.Entry:
        return entries.CaseTested(service=service, on=change.on, by=by, case=case, passed=passed, evidence=evidence)

    return record(Action.RECORD_TEST, _of_service(service), build, change)


def propose_lesson(lesson: entries.LessonProposed, change: Change) -> LessonEffect:
    """Record a lesson and return its effect; the plan changes only when someone accepts it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.PROPOSE_LESSON, Subject(service=lesson.service))
        stated = lesson.model_copy(update={"by": by, "on": change.on})
        effect = lesson_effect(work.programme, work.definition, stated, shipped_rulepacks())
        number = pilots.add_entry(work.session, work.name, stated, at=change.now)
        if number is None:
            known = lessons_of(work.programme.facts.pilot, lesson.service)
            number = next(n for n, (one, _) in known.items() if one.model_copy(update={"number": 0}) == stated)
        else:
            work.record("pilot:lesson", f"{lesson.service}:{number}", by=by)
    return replace(effect, number=number)


def answer_lesson(service: str, number: int, reason: str, change: Change, *, accepted: bool) -> LessonEffect:
    """Accept a lesson as the next version of the definition, or decline it. The first answer is final."""
    with unit_of_work(change) as work:
        by = work.permit(Action.ANSWER_LESSON, Subject(service=service))
        lesson = unanswered_lesson(work.programme, service, number)
        effect = lesson_effect(work.programme, work.definition, lesson, shipped_rulepacks())
        answer = entries.LessonAnswered(
            service=service, on=change.on, by=by, lesson=number, accepted=accepted, reason=reason
        )
        pilots.add_entry(work.session, work.name, answer, at=change.now)
        version = _append(work, effect, by) if accepted else None
        action = "pilot:lesson-accepted" if accepted else "pilot:lesson-declined"
        subject = f"{service}:{number}" + (f":version:{version}" if version else "")
        work.record(action, subject, by=by)
    return replace(effect, number=number, version=version)


def _append(work: UnitOfWork, effect: LessonEffect, by: str) -> int:
    version = work.stored.version
    return versions.append(
        work.session, effect.changed, sources=version.sources, parent=version, at=work.change.now, by=by
    )
