"""Conditions of approvals become tasks: after the gate, with a day, before what must wait for them."""

from collections.abc import Iterable

from changeflow.calendar.working import WorkingCalendar
from changeflow.programme.expansion import Expansion
from changeflow.programme.facts import Condition, Decision
from changeflow.roadmap.tasks import Bound, Constraint, Link, Task
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, day_of, minute_of
from changeflow.values.words import Kind, Origin


def add_conditions(
    expansion: Expansion, decisions: Iterable[Decision], office: WorkingCalendar, *, minutes_per_day: int
) -> None:
    """Add a task for each condition of each approval; a gate that is no longer there takes its conditions along.

    A condition takes a day (our own choice: what it takes is told by progress), the last working day that it has.
    """
    closures = sorted(t.id for t in expansion.tasks.values() if t.kind is Kind.CLOSURE)
    for decision in decisions:
        gate = expansion.tasks.get(decision.task)
        for n, condition in enumerate(decision.conditions if gate else (), start=1):
            if gate is None:
                break
            task = _task(gate, decision.condition_task(n), condition, office, minutes_per_day)
            expansion.tasks[task.id] = task
            expansion.links.append(Link(gate.id, task.id, origin=Origin.DECISION))
            waiting = [condition.before] if condition.before in expansion.tasks else closures
            expansion.links.extend(Link(task.id, w, origin=Origin.DECISION) for w in waiting if w is not None)


def _task(gate: Task, name: str, condition: Condition, office: WorkingCalendar, minutes_per_day: int) -> Task:
    end = minute_of(condition.due) + DAY
    return Task(
        id=name,
        name=f"Condition: {condition.text}",
        phase=gate.phase,
        service=gate.service,
        schools=gate.schools,
        wave=gate.wave,
        duration=Duration(minutes_per_day, Unit.WORKING),
        calendar="office",
        constraints=(Constraint(Bound.START_NO_EARLIER, minute_of(day_of(office.previous_working(end) - 1))),),
        deadline=end,
        owner=condition.owner,
    )
