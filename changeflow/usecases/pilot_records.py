"""Record what is said while a pilot runs: explanations, issues, feedback, improvements, repetitions, signatures."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from changeflow.agenda.gates import gate_of
from changeflow.agenda.go_live import signatures, to_confirm
from changeflow.errors import CheckFailedError, InputError, UnknownThingError
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
from changeflow.pilots.issues import improvements, issues
from changeflow.pilots.learning import ProposedRule, proposed_rules
from changeflow.pilots.reconciliation import MatchOutcome
from changeflow.programme.assembly.repeats import CAN_BE_REPEATED, repetition_of
from changeflow.programme.definition import ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.storage import pilots
from changeflow.storage.database import read_scope
from changeflow.usecases.authority import check_actor
from changeflow.usecases.parallel_runs import service_subject
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.base import TaskId
from changeflow.values.roles import Action
from changeflow.values.words import Gate

NOTHING = "Nothing was recorded."
Build = Callable[[UnitOfWork, str], Entry]
"""Makes an entry for who says it, once everything that it names is checked."""
About = Callable[[Programme], Subject]
"""Finds the thing that it is about, with its owners; a name that nothing has is an error."""
Statement = TypeVar("Statement", bound=PilotStatement)


def entry_of(kind: type[Statement], **values: object) -> Statement:
    """Make an entry of what somebody typed; what is wrong with it is an `InputError`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{_in_words(error)} {NOTHING}") from None


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
            entry = build(work, by)
        except ValidationError as error:
            raise InputError(f"{_in_words(error)} {NOTHING}") from None
        number = pilots.add_entry(work.session, work.name, entry, at=change.now)
        if number is not None:
            work.record(f"pilot:{entry.kind}", f"{entry.service}:{number}", by=by)
    return number


def _of_service(service: str) -> About:
    return lambda programme: service_subject(programme, service)


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
        _service(work.programme, service)
        if not any(r.period == period for r in work.programme.facts.runs_of(service)):
            known = [r.period for r in work.programme.facts.runs_of(service)]
            raise UnknownThingError("run", period, known, remedy="Reconcile the period first.")
        span = between
        if contract is not None:
            if not evidence.strip():
                raise InputError(f"What explains one contract needs what shows it: give --evidence. {NOTHING}")
            kept = pilots.latest_variances(work.session, work.name, service, period)
            here = [v for v in kept if v.contract == contract and _is_about(v.element, v.outcome, element)]
            if not here:
                raise InputError(f"The run of {period} has no such difference of that contract. {NOTHING}")
            if here[0].element and span is None:
                span = (here[0].difference, here[0].difference)
        elif span is None and element not in ("missing", "extra"):
            raise InputError(f"An explanation of all contracts says from where to where it holds. {NOTHING}")
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


def _is_about(found: str, outcome: MatchOutcome, element: str) -> bool:
    return found == element if found else outcome.value == element


def rules_for(service: str, *, db: str, programme: str | None, on: date) -> tuple[ProposedRule, ...]:
    """Return the rules that explanations propose and nobody has accepted."""
    with read_scope(db) as session:
        found = load(session, programme, on=on).programme
    _service(found, service)
    return tuple(proposed_rules(found.facts.pilot, service))


def accept_rule(service: str, rule: str, change: Change) -> ProposedRule:
    """Let a proposed rule explain the period that it is proposed for; return it."""
    taken: list[ProposedRule] = []

    def build(work: UnitOfWork, by: str) -> Entry:
        _service(work.programme, service)
        proposed = {r.id: r for r in proposed_rules(work.programme.facts.pilot, service)}
        if rule not in proposed:
            raise UnknownThingError("proposed rule", rule, proposed)
        chosen = proposed[rule]
        taken.append(chosen)
        return Explanation(
            service=service,
            on=change.on,
            by=by,
            period=chosen.period,
            element=chosen.element,
            between=chosen.between,
            reason=chosen.reason,
            evidence=f"Explained {chosen.contracts} contracts in {chosen.seen_in}",
            learnt=True,
        )

    record(Action.EXPLAIN_CONTRACTS, _of_service(service), build, change)
    return taken[0]


def raise_issue(issue: IssueRaised, change: Change) -> int | None:
    """Record an issue of a pilot; `by` and `on` are the change's."""

    def build(work: UnitOfWork, by: str) -> Entry:
        _service(work.programme, issue.service)
        _known(work, people=[issue.owner], schools=[issue.school])
        return issue.model_copy(update={"by": by, "on": change.on})

    return record(Action.RAISE_ISSUE, _of_service(issue.service), build, change)


def update_issue(update: IssueUpdate, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        _service(programme, update.service)
        found = {i.number: i for i in issues(programme.facts.pilot, update.service)}
        if update.issue not in found:
            raise UnknownThingError("issue", str(update.issue), [str(n) for n in found])
        issue = found[update.issue]
        owners, schools = (frozenset({one} if one else ()) for one in (issue.owner, issue.school))
        return Subject(thing=f"issue {issue.number}", service=issue.service, owners=owners, schools=schools)

    def build(work: UnitOfWork, by: str) -> Entry:
        _known(work, people=[update.owner], schools=[])
        return update.model_copy(update={"by": by, "on": change.on})

    return record(Action.UPDATE_ISSUE, about, build, change)


def give_feedback(feedback: FeedbackGiven, change: Change) -> int | None:
    """Record what users or providers say; an item must be one of the service's agreement."""

    def build(work: UnitOfWork, by: str) -> Entry:
        service = _service(work.programme, feedback.service)
        _known(work, people=[], schools=[feedback.school])
        agreement = service.agreement
        items = [*agreement.gives, *agreement.gets] if agreement else []
        item = feedback.item
        if item:
            found = [i for i in items if i.casefold().startswith(item.casefold())]
            if len(found) != 1:
                raise UnknownThingError("item of the agreement", item, items)
            item = found[0]
        return feedback.model_copy(update={"by": by, "on": change.on, "item": item})

    return record(Action.GIVE_FEEDBACK, _of_service(feedback.service), build, change)


def plan_improvement(item: ImprovementPlanned, change: Change) -> int | None:
    def build(work: UnitOfWork, by: str) -> Entry:
        _service(work.programme, item.service)
        _known(work, people=[item.owner], schools=[])
        log = work.programme.facts.pilot
        said = [e.number for e in log if isinstance(e, FeedbackGiven) and e.service == item.service]
        raised = [i.number for i in issues(log, item.service)]
        for what, wanted, have in (("feedback", item.feedback, said), ("issue", item.issues, raised)):
            for number in wanted:
                if number not in have:
                    raise UnknownThingError(what, str(number), [str(n) for n in have])
        return item.model_copy(update={"by": by, "on": change.on})

    return record(Action.PLAN_IMPROVEMENT, _of_service(item.service), build, change)


def make_improvement(service: str, number: int, did: str, change: Change) -> int | None:
    def about(programme: Programme) -> Subject:
        _service(programme, service)
        found = {i.number: i for i in improvements(programme.facts.pilot, service)}
        if number not in found:
            raise UnknownThingError("improvement", str(number), [str(n) for n in found])
        owners = frozenset({found[number].owner})
        return Subject(thing=f"improvement {number}", service=service, owners=owners)

    def build(_: UnitOfWork, by: str) -> Entry:
        return ImprovementMade(service=service, on=change.on, by=by, improvement=number, did=did)

    return record(Action.FINISH_IMPROVEMENT, about, build, change)


def repeat(task: TaskId, duration: str, reason: str, change: Change) -> TaskId | None:
    """Repeat a pilot, a parallel run or a test pack; return the new task, or None when that was known already."""

    def about(programme: Programme) -> Subject:
        tasks = programme.roadmap.tasks
        can = [t.id for t in tasks.values() if t.kind in CAN_BE_REPEATED and "-again-" not in t.id]
        if task not in can:
            raise UnknownThingError("pilot, parallel run or test pack", task, can)
        return Subject(service=tasks[task].service)

    def build(work: UnitOfWork, by: str) -> Entry:
        roadmap = work.programme.roadmap
        after = [t for t in work.programme.graph.successors(task) if t in work.programme.facts.progress]
        if after:
            name = roadmap.tasks[sorted(after)[0]].name
            raise CheckFailedError(f"“{name}” has begun: what comes before it cannot be repeated. {NOTHING}")
        service = roadmap.tasks[task].service or ""
        return PilotRepeated(service=service, on=change.on, by=by, task=task, duration=duration, reason=reason)

    number = record(Action.REPEAT_PILOT, about, build, change)
    return repetition_of(task, number) if number is not None else None


def confirm(gate: TaskId, item: str, evidence: str, until: date | None, change: Change) -> int | None:
    """Vouch for one thing that a go-live asks for."""

    def about(programme: Programme) -> Subject:
        task = _go_live_gate(programme, gate)
        asked = {v.item.id: v for v in to_confirm(programme, task)}
        if item not in asked:
            raise UnknownThingError("item to confirm", item, asked)
        owner = asked[item].owner
        owners = frozenset({owner} if owner else ())
        return Subject(thing=f"“{task.name}”", service=task.service, owners=owners)

    def build(work: UnitOfWork, by: str) -> Entry:
        task = _go_live_gate(work.programme, gate)
        asked = {v.item.id: v.item for v in to_confirm(work.programme, task)}
        if asked[item].ends and until is None:
            raise InputError(f"“{asked[item].what}” is true until a day: say which, with --until. {NOTHING}")
        return Confirmation(
            service=task.service or "", on=change.on, by=by, gate=gate, item=item, evidence=evidence, until=until
        )

    return record(Action.CONFIRM, about, build, change)


def sign(gate: TaskId, words: str, change: Change, *, agrees: bool) -> int | None:
    """Sign a go-live, or withhold the signature; only those who must sign do, each for themselves."""

    def about(programme: Programme) -> Subject:
        task = _go_live_gate(programme, gate)
        signers = frozenset(signatures(programme, task))
        return Subject(thing=f"“{task.name}”", service=task.service, signatories=signers)

    def build(work: UnitOfWork, by: str) -> Entry:
        task = _go_live_gate(work.programme, gate)
        return Signature(service=task.service or "", on=change.on, by=by, gate=gate, agrees=agrees, words=words)

    return record(Action.SIGN, about, build, change)


def test_case(service: str, case: str, evidence: str, change: Change, *, passed: bool) -> int | None:
    """Record how a case of the test pack came out."""

    def build(work: UnitOfWork, by: str) -> Entry:
        cases = [c.id for c in _service(work.programme, service).assurance.cases]
        if case not in cases:
            raise UnknownThingError(
                "test case", case, cases, remedy="" if cases else "Name them under assurance: cases."
            )
        return CaseTested(service=service, on=change.on, by=by, case=case, passed=passed, evidence=evidence)

    return record(Action.RECORD_TEST, _of_service(service), build, change)


def _go_live_gate(programme: Programme, name: TaskId) -> Task:
    gate = gate_of(programme, name)
    if gate.gate is not Gate.GO_LIVE or gate.service is None:
        known = [t.id for t in programme.tasks() if t.gate is Gate.GO_LIVE]
        raise UnknownThingError("gate before a go-live", name, known)
    return gate


def _service(programme: Programme, name: str) -> ServiceFile:
    known = {s.service: s for s in programme.services}
    if name not in known:
        raise UnknownThingError("service", name, known)
    return known[name]


def _known(work: UnitOfWork, *, people: Iterable[str | None], schools: Iterable[str | None]) -> None:
    definition = work.definition
    for person in people:
        if person is not None:
            check_actor(definition, person)
    known = [s.id for s in definition.schools]
    for school in schools:
        if school is not None and school not in known:
            raise UnknownThingError("school", school, known)
