"""Check entries about pilots, compute what a lesson would change, and propose which schools go first.

An unknown name in an entry is an `UnknownThingError`; an entry that cannot be recorded is an `InputError` or a
`CheckFailedError`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from changeflow.agenda.criteria import signatures, to_confirm
from changeflow.agenda.gates import gate_of
from changeflow.errors import NOT_SAVED, CheckFailedError, InputError, UnknownThingError
from changeflow.pilots.choosing import Cohort, choose
from changeflow.pilots.entries import (
    CaseTested,
    Confirmation,
    Entry,
    Explanation,
    FeedbackGiven,
    ImprovementPlanned,
    IssueRaised,
    IssueUpdate,
    LessonProposed,
    PilotRepeated,
)
from changeflow.pilots.issues import ProposedRule, improvements, issues, lessons_of, proposed_rules
from changeflow.pilots.runs import KeptVariance
from changeflow.planning.pilot_cohort import candidates, most_at_once
from changeflow.programme.assembly.decisions_applied import CAN_BE_REPEATED
from changeflow.programme.dates import Moved, compare, dates_of
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme, join
from changeflow.programme.recording import check_person, service_named
from changeflow.roadmap.model.pathways import StepFields
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.engine import judge
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.problem import check_known, pick
from changeflow.values.rulepack import Rulepacks
from changeflow.values.words import Gate


def issue_subject(programme: Programme, service: str, number: int) -> Subject:
    service_named(programme, service)
    found = {i.number: i for i in issues(programme.facts.pilot, service)}
    _check_number("issue", number, found)
    owners, schools = (frozenset({one} if one else ()) for one in (found[number].owner, found[number].school))
    return Subject(thing=f"issue {number}", service=service, owners=owners, schools=schools)


def improvement_subject(programme: Programme, service: str, number: int) -> Subject:
    service_named(programme, service)
    found = {i.number: i for i in improvements(programme.facts.pilot, service)}
    _check_number("improvement", number, found)
    return Subject(thing=f"improvement {number}", service=service, owners=frozenset({found[number].owner}))


def measure_subject(programme: Programme, service: str, criterion: str) -> Subject:
    pilot = service_named(programme, service).pilot
    owner = pick("exit criterion", criterion, {c.id: c for c in pilot.exit_criteria} if pilot else {}).owner
    return Subject(service=service, owners=frozenset({owner} if owner else ()))


def repetition_subject(programme: Programme, task: TaskId) -> Subject:
    tasks = programme.roadmap.tasks
    can = [t.id for t in tasks.values() if t.kind in CAN_BE_REPEATED and "-again-" not in t.id]
    check_known("pilot, parallel run or test pack", task, can)
    return Subject(service=tasks[task].service)


def confirmation_subject(programme: Programme, gate: TaskId, item: str) -> Subject:
    task = go_live_gate(programme, gate)
    owner = pick("item to confirm", item, {v.item.id: v for v in to_confirm(programme, task)}).owner
    return Subject(thing=f"“{task.name}”", service=task.service, owners=frozenset({owner} if owner else ()))


def signature_subject(programme: Programme, gate: TaskId) -> Subject:
    task = go_live_gate(programme, gate)
    return Subject(thing=f"“{task.name}”", service=task.service, signatories=frozenset(signatures(programme, task)))


def go_live_gate(programme: Programme, name: TaskId) -> Task:
    gate = gate_of(programme, name)
    if gate.gate is not Gate.GO_LIVE or gate.service is None:
        known = [t.id for t in programme.tasks() if t.gate is Gate.GO_LIVE]
        raise UnknownThingError("go-live gate", name, known)
    return gate


def check_run(programme: Programme, service: str, period: str) -> None:
    """Refuse a period that has no stored run."""
    known = [r.period for r in programme.facts.runs_of(service)]
    check_known("run", period, known, remedy="Reconcile the period first.")


def explained_span(
    kept: Sequence[KeptVariance],
    period: str,
    element: str,
    *,
    contract: str | None,
    between: tuple[Decimal, Decimal] | None,
    evidence: str,
) -> tuple[Decimal, Decimal] | None:
    """Return the range of differences that an explanation covers; None for a contract that is only on one side.

    `kept` are the differences of the period's latest run. For one contract the range is its stored difference, unless
    `between` says otherwise: if the difference changes later, it is unexplained again.
    """
    if contract is None:
        if between is None and element not in ("missing", "extra"):
            raise InputError(
                f"To explain all contracts, give the range of differences, such as --between=-12..12. {NOT_SAVED}"
            )
        return between
    if not evidence.strip():
        raise InputError(f"An explanation for one contract needs evidence: add --evidence. {NOT_SAVED}")
    here = [v for v in kept if v.contract == contract and (v.element or v.outcome.value) == element]
    if not here:
        raise InputError(f"The run of {period} has no such difference for that contract. {NOT_SAVED}")
    one = here[0].difference
    return (one, one) if here[0].element and between is None else between


def proposed_rule(programme: Programme, service: str, rule: str) -> ProposedRule:
    return pick("proposed rule", rule, {r.id: r for r in proposed_rules(programme.facts.pilot, service)})


def accepted(rule: ProposedRule, *, on: date, by: str) -> Explanation:
    """Return the explanation that a proposed rule becomes once it is accepted."""
    return Explanation(
        service=rule.service,
        on=on,
        by=by,
        period=rule.period,
        element=rule.element,
        between=rule.between,
        reason=rule.reason,
        evidence=f"Explained {counted(rule.contracts, 'contract')} in {rule.seen_in}",
        learnt=True,
    )


def checked(programme: Programme, entry: Entry) -> Entry:
    """Check an entry, including every name in it, and return it as it is recorded."""
    match entry:
        case IssueRaised():
            _check_names(programme, person=entry.owner, school=entry.school)
        case IssueUpdate():
            _check_names(programme, person=entry.owner)
        case FeedbackGiven():
            _check_names(programme, school=entry.school)
            return entry.model_copy(update={"item": _item_of_agreement(programme, entry)})
        case ImprovementPlanned():
            _check_names(programme, person=entry.owner)
            _check_taken_up(programme, entry)
        case PilotRepeated():
            _check_may_repeat(programme, entry.task)
        case Confirmation():
            asked = {v.item.id: v.item for v in to_confirm(programme, go_live_gate(programme, entry.gate))}
            if asked[entry.item].ends and entry.until is None:
                raise InputError(f"“{asked[entry.item].what}” needs an end date: add --until. {NOT_SAVED}")
        case CaseTested():
            cases = [c.id for c in service_named(programme, entry.service).assurance.cases]
            check_known(
                "test case",
                entry.case,
                cases,
                remedy="" if cases else "Add cases to the service's file, under assurance.",
            )
    return entry


def _item_of_agreement(programme: Programme, feedback: FeedbackGiven) -> str:
    """Return the one item of the service's agreement that begins with the feedback's item."""
    if not feedback.item:
        return ""
    agreement = service_named(programme, feedback.service).agreement
    items = [*agreement.gives, *agreement.gets] if agreement else []
    found = [i for i in items if i.casefold().startswith(feedback.item.casefold())]
    if len(found) != 1:
        raise UnknownThingError("item of the agreement", feedback.item, items)
    return found[0]


def _check_taken_up(programme: Programme, item: ImprovementPlanned) -> None:
    log = programme.facts.pilot
    said = [e.number for e in log if isinstance(e, FeedbackGiven) and e.service == item.service]
    raised = [i.number for i in issues(log, item.service)]
    for what, wanted, have in (("feedback", item.feedback, said), ("issue", item.issues, raised)):
        for number in wanted:
            _check_number(what, number, have)


def _check_may_repeat(programme: Programme, task: TaskId) -> None:
    begun = sorted(t for t in programme.graph.successors(task) if t in programme.facts.progress)
    if begun:
        name = programme.roadmap.tasks[begun[0]].name
        raise CheckFailedError(f"“{name}” has begun, so what comes before it cannot be repeated. {NOT_SAVED}")


def _check_number(what: str, number: int, known: Iterable[int]) -> None:
    check_known(what, str(number), map(str, known))


def _check_names(programme: Programme, *, person: str | None = None, school: str | None = None) -> None:
    if person is not None:
        check_person(programme.definition, person)
    check_known("school", school, [s.id for s in programme.definition.schools])


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEffect:
    """The tasks of later waves that a lesson changes, and every date that moves with them."""

    lesson: LessonProposed
    tasks: tuple[TaskId, ...]
    moved: tuple[Moved, ...]
    names: dict[TaskId, str]
    changed: Definition
    """The changed definition."""
    number: int = 0
    version: int | None = None
    """The version in which it was accepted."""


def lesson_effect(
    programme: Programme, definition: Definition, lesson: LessonProposed, rulepacks: Rulepacks
) -> LessonEffect:
    """Compute the plan with and without the lesson, from the same facts.

    `definition` is the stored one, because the programme's own definition places people where they are on the data
    date. `rulepacks` are the shipped ones. A lesson that changes nothing or breaks the definition is an `InputError`.
    """
    tasks = _changeable(programme, lesson)
    changed = _changed(definition, lesson, tasks)
    joined, errors = join(changed, rulepacks=rulepacks, facts=programme.facts, on=programme.on)
    if errors:
        raise InputError(f"{errors[0].what} {errors[0].remedy} {NOT_SAVED}")
    after = judge(joined).programme
    moved = compare(dates_of(programme), dates_of(after))
    names = {m.task: after.roadmap.tasks[m.task].name for m in moved if m.task in after.roadmap.tasks}
    return LessonEffect(lesson=lesson, tasks=tuple(tasks), moved=moved, names=names, changed=changed)


def unanswered_lesson(programme: Programme, service: str, number: int) -> LessonProposed:
    """Return a proposed lesson; raise `CheckFailedError` if it already has an answer."""
    known = {str(n): found for n, found in lessons_of(programme.facts.pilot, service).items()}
    lesson, before = pick("lesson", str(number), known)
    if before is not None:
        was = "accepted" if before.accepted else "declined"
        raise CheckFailedError(f"Lesson {number} was already {was}: {before.reason.rstrip('.')}. {NOT_SAVED}")
    return lesson


def _changeable(programme: Programme, lesson: LessonProposed) -> Sequence[TaskId]:
    """Return the tasks of the lesson's step that have not begun, in waves other than the pilot."""
    service_named(programme, lesson.service)
    if lesson.duration is None and not lesson.also_after:
        raise InputError(f"A lesson must change something: give --duration, --also-after, or both. {NOT_SAVED}")
    here = [t for t in programme.tasks(service=lesson.service) if t.step == lesson.step]
    if not here:
        steps = sorted({t.step for t in programme.tasks(service=lesson.service) if t.wave})
        raise UnknownThingError("step", lesson.step, steps)
    later = [t.id for t in here if t.wave and not programme.is_pilot(t.wave) and t.id not in programme.facts.progress]
    if not later:
        raise InputError(f"“{lesson.step}” has begun in every wave, so no lesson can change it. {NOT_SAVED}")
    return later


def _changed(definition: Definition, lesson: LessonProposed, tasks: Sequence[TaskId]) -> Definition:
    stated = StepFields(duration=lesson.duration, also_after=lesson.also_after or None)
    services = []
    for service in definition.services:
        if service.service == lesson.service:
            own = dict(service.tasks)
            for task in tasks:
                local = task.removeprefix(f"{lesson.service}/")
                own[local] = own[local].changed_by(stated) if local in own else stated
            service = service.model_copy(update={"tasks": own})
        services.append(service)
    return definition.model_copy(update={"services": tuple(services)})


def proposed_cohorts(programme: Programme, *, size: int) -> tuple[Cohort, ...]:
    """Return possible cohorts of a size, best first; raise `InputError` with the reason if there are none."""
    schools = programme.definition.schools
    if not 1 <= size < len(schools):
        raise InputError(f"A pilot cannot have {size} of {len(schools)} schools. Give a smaller number with --size.")
    most, why = most_at_once(programme)
    if size > most:
        raise InputError(f"{counted(size, 'school')} cannot go first: {why}, which is enough for {most}.")
    everybody = candidates(programme)
    found = choose(everybody, size=size)
    if not found:
        able = sum(not c.why_not for c in everybody)
        raise InputError(
            f"No group of {counted(size, 'school')} can go first: only {able} of {len(schools)} are able to, and "
            "rollout.yaml says which must be included."
        )
    return found
