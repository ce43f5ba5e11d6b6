"""Record what is said while a pilot runs: explanations, issues, feedback, improvements, repetitions, signatures."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from changeflow.agenda.pilot_entries import (
    accepted,
    check_run,
    checked,
    confirmation_subject,
    explained_span,
    go_live_gate,
    improvement_subject,
    issue_subject,
    proposed_rule,
    repetition_subject,
    signature_subject,
)
from changeflow.errors import NOT_SAVED, InputError
from changeflow.pilots.entries import (
    CaseTested,
    Confirmation,
    Entry,
    Explanation,
    FeedbackGiven,
    ImprovementMade,
    ImprovementPlanned,
    IssueRaised,
    IssueUpdate,
    PilotRepeated,
    PilotStatement,
    Signature,
)
from changeflow.pilots.issues import ProposedRule, proposed_rules
from changeflow.programme.assembly.repeats import repetition_of
from changeflow.programme.known_names import service_named, service_subject
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.storage import pilots
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.words import Action

Build = Callable[[UnitOfWork, str], Entry]
"""Makes an entry for who says it."""
About = Callable[[Programme], Subject]
"""Finds the thing that it is about, with its owners; a name that nothing has is an error."""
Statement = TypeVar("Statement", bound=PilotStatement)


def entry_of(kind: type[Statement], **values: object) -> Statement:
    """Make an entry of what somebody typed; what is wrong with it is an `InputError`."""
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
    """Check who says it and what they say, and add one entry; return its number, or None when it was known already."""
    with unit_of_work(change) as work:
        work.actor()
        by = work.permit(action, about(work.programme))
        try:
            entry = checked(work.programme, build(work, by))
        except ValidationError as error:
            raise InputError(f"{_in_words(error)} {NOT_SAVED}") from None
        number = pilots.add_entry(work.session, work.name, entry, at=change.now)
        if number is not None:
            work.record(f"pilot:{entry.kind}", f"{entry.service}:{number}", by=by)
    return number


def _of_service(service: str) -> About:
    return lambda programme: service_subject(programme, service)


def _signed(entry: Entry, change: Change) -> Build:
    """Return what makes an entry the acting person's, of the change's day."""
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
) -> int | None:
    """Record why amounts differ; it counts from the next reconciliation of the period on.

    Of one contract the kept difference is what is explained: should it become another, it is unexplained again.
    """

    def build(work: UnitOfWork, by: str) -> Entry:
        check_run(work.programme, service, period)
        kept = pilots.latest_variances(work.session, work.name, service, period)
        span = explained_span(kept, period, element, contract=contract, between=between, evidence=evidence)
        return Explanation(
            service=service,
            on=change.on,
            by=by,
            period=period,
            element=element,
            contract=contract,
            between=span,
            reason=reason,
            evidence=evidence,
        )

    return record(Action.EXPLAIN_CONTRACTS, _of_service(service), build, change)


def rules_for(service: str, *, db: str, programme: str | None, on: date) -> tuple[ProposedRule, ...]:
    """Return the rules that explanations propose and nobody has accepted."""
    found = loaded(programme, db=db, on=on)
    service_named(found, service)
    return tuple(proposed_rules(found.facts.pilot, service))


def accept_rule(service: str, rule: str, change: Change) -> ProposedRule:
    """Let a proposed rule explain the period that it is proposed for; return it."""
    taken: list[ProposedRule] = []

    def build(work: UnitOfWork, by: str) -> Entry:
        taken.append(proposed_rule(work.programme, service, rule))
        return accepted(taken[0], on=change.on, by=by)

    record(Action.EXPLAIN_CONTRACTS, _of_service(service), build, change)
    return taken[0]


def raise_issue(issue: IssueRaised, change: Change) -> int | None:
    """Record an issue of a pilot; `by` and `on` are the change's."""
    return record(Action.RAISE_ISSUE, _of_service(issue.service), _signed(issue, change), change)


def update_issue(update: IssueUpdate, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        return issue_subject(programme, update.service, update.issue)

    return record(Action.UPDATE_ISSUE, about, _signed(update, change), change)


def give_feedback(feedback: FeedbackGiven, change: Change) -> int | None:
    """Record what users or providers say; an item must be one of the service's agreement."""
    return record(Action.GIVE_FEEDBACK, _of_service(feedback.service), _signed(feedback, change), change)


def plan_improvement(item: ImprovementPlanned, change: Change) -> int | None:
    return record(Action.PLAN_IMPROVEMENT, _of_service(item.service), _signed(item, change), change)


def make_improvement(service: str, number: int, did: str, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        return improvement_subject(programme, service, number)

    def build(_: UnitOfWork, by: str) -> Entry:
        return ImprovementMade(service=service, on=change.on, by=by, improvement=number, did=did)

    return record(Action.FINISH_IMPROVEMENT, about, build, change)


def repeat(task: TaskId, duration: str, reason: str, change: Change) -> TaskId | None:
    """Repeat a pilot, a parallel run or a test pack; return the new task, or None when that was known already."""

    def build(work: UnitOfWork, by: str) -> Entry:
        service = work.programme.roadmap.tasks[task].service or ""
        return PilotRepeated(service=service, on=change.on, by=by, task=task, duration=duration, reason=reason)

    number = record(Action.REPEAT_PILOT, lambda programme: repetition_subject(programme, task), build, change)
    return repetition_of(task, number) if number is not None else None


def confirm(gate: TaskId, item: str, evidence: str, until: date | None, change: Change) -> int | None:
    """Confirm an item on the go-live checklist."""

    def about(programme: Programme) -> Subject:
        return confirmation_subject(programme, gate, item)

    def build(work: UnitOfWork, by: str) -> Entry:
        service = go_live_gate(work.programme, gate).service or ""
        return Confirmation(service=service, on=change.on, by=by, gate=gate, item=item, evidence=evidence, until=until)

    return record(Action.CONFIRM, about, build, change)


def sign(gate: TaskId, words: str, change: Change, *, agrees: bool) -> int | None:
    """Sign a go-live, or withhold the signature; only those who must sign do, each for themselves."""

    def build(work: UnitOfWork, by: str) -> Entry:
        service = go_live_gate(work.programme, gate).service or ""
        return Signature(service=service, on=change.on, by=by, gate=gate, agrees=agrees, words=words)

    return record(Action.SIGN, lambda programme: signature_subject(programme, gate), build, change)


def test_case(service: str, case: str, evidence: str, change: Change, *, passed: bool) -> int | None:
    """Record how a case of the test pack came out."""

    def build(_: UnitOfWork, by: str) -> Entry:
        return CaseTested(service=service, on=change.on, by=by, case=case, passed=passed, evidence=evidence)

    return record(Action.RECORD_TEST, _of_service(service), build, change)
