"""A decision's page: the evidence, who must still provide what, what each answer means, and what was decided."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.criteria import Criterion, State
from changeflow.agenda.gates import GateCase, gate_of, gate_words
from changeflow.programme.dates import Dates
from changeflow.programme.mandates import Subject, in_role
from changeflow.programme.programme import Programme
from changeflow.reports.decisions import DecisionLine, DecisionLog, MadeLine
from changeflow.reports.go_no_go import AnswerLine, answer_lines, verdict_of
from changeflow.reports.last_days import LastDayLine, last_day_line
from changeflow.reports.no_return import NoReturnLine, no_return_lines
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.catalogue import RULES
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day
from changeflow.values.words import Kind, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """One criterion, with what would meet it and who can provide that."""

    text: str
    state: str
    """`blocks`, `open`, `noted`, `waived` or `met`."""
    remedy: str
    who: str
    """Empty if the criterion is met, or concerns no one in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """Everything about a decision that does not depend on its kind; a go-live also has its go/no-go page."""

    task: TaskId
    name: str
    gate: str
    """What the decision allows, in words."""
    owner: str
    schools: str
    is_open: bool
    verdict: str
    """What the evidence supports; empty if the decision needs none."""
    needed: DecisionLine | None
    """Its line in the list of decisions needed, if it is there."""
    last_day: LastDayLine | None
    criteria: tuple[CriterionRow, ...]
    answers: tuple[AnswerLine, ...]
    no_return: tuple[NoReturnLine, ...]
    made: tuple[MadeLine, ...]
    """The answers given, latest first."""
    condition_tasks: tuple[tuple[TaskId, ...], ...]
    """For each answer, the tasks of its conditions, in their order; empty for a condition that has no task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterDecision:
    """A decision that is further away than those that are needed now."""

    task: TaskId
    name: str
    gate: str
    day: str
    """The day for which it is planned."""
    owner: str


def build_decision_page(
    programme: Programme,
    case: GateCase,
    log: DecisionLog,
    *,
    today: date,
    if_go: Mapping[TaskId, Dates],
    if_no: Mapping[TaskId, Dates],
) -> DecisionPage:
    """Build a decision's page.

    `if_go` and `if_no` are the plan's dates if it is approved or rejected today; empty if it cannot be answered yet.
    """
    gate = gate_of(programme, case.task)
    is_open = not programme.is_done(gate.id)
    return DecisionPage(
        task=gate.id,
        name=gate.name,
        gate=gate_words(programme, gate),
        owner=programme.person(gate.owner),
        schools=programme.schools_in_words(gate.schools),
        is_open=is_open,
        verdict=verdict_of(case) if case.criteria else "",
        needed=next((line for line in log.needed if line.task == gate.id), None),
        last_day=last_day_line(programme, gate.id, today=today) if is_open else None,
        criteria=tuple(_rows(programme, gate, case.criteria)),
        answers=tuple(answer_lines(programme, gate, if_go, if_no)) if is_open else (),
        no_return=no_return_lines(programme, service=gate.service, wave=gate.wave) if gate.wave else (),
        made=tuple(line for line in log.made if line.task == gate.id),
        condition_tasks=tuple(_condition_tasks(programme, gate)),
    )


def _condition_tasks(programme: Programme, gate: Task) -> Iterator[tuple[TaskId, ...]]:
    for made in reversed([d for d in programme.facts.decisions if d.task == gate.id]):
        tasks = (made.condition_task(number) for number, _ in made.numbered)
        yield tuple(t if t in programme.roadmap.tasks else "" for t in tasks)


def later_decisions(programme: Programme, log: DecisionLog) -> tuple[LaterDecision, ...]:
    """Return the open decisions that are not needed yet, by day."""
    soon = {line.task for line in log.needed}
    ahead = [t for t in programme.tasks(kind=Kind.DECISION) if t.id not in soon and not programme.is_done(t.id)]
    ahead.sort(key=lambda t: (programme.days_of(t.id)[1], t.id))
    return tuple(
        LaterDecision(
            task=t.id,
            name=t.name,
            gate=gate_words(programme, t),
            day=format_day(programme.days_of(t.id)[1]),
            owner=programme.person(t.owner),
        )
        for t in ahead
    )


def _rows(programme: Programme, gate: Task, criteria: Iterable[Criterion]) -> Iterator[CriterionRow]:
    for criterion in criteria:
        is_settled = criterion.state in (State.MET, State.WAIVED)
        yield CriterionRow(
            text=criterion.text,
            state=criterion.state.value,
            remedy="" if is_settled else criterion.remedy,
            who="" if is_settled else _who(programme, gate, criterion),
        )


def _who(programme: Programme, gate: Task, criterion: Criterion) -> str:
    """Name who can meet a criterion: the person asked, the owner of the work, or the service's manager or lead."""
    named = criterion.person or criterion.owner
    if named:
        return programme.person(named)
    rule = RULES.get(criterion.rule)
    if gate.service is None or rule is None or not rule.met_by_service:
        return ""
    subject = Subject(service=gate.service)
    in_charge = (in_role(programme.definition, role, subject) for role in (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER))
    return ", ".join(programme.person(person) for person in sorted(next(filter(None, in_charge), ())))
