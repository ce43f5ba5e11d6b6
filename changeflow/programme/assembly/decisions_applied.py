"""The effect of decisions on the plan: conditions become tasks, rejected gates are decided again, pilots repeat."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from changeflow.calendar.working import WorkingCalendar
from changeflow.pilots.entries import Entry, PilotRepeated
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.facts import Condition, Decision
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit, parse_duration
from changeflow.values.moments import DAY, day_of, format_day, minute_of
from changeflow.values.words import Gate, Kind, Origin


def add_conditions(
    expansion: Expansion, decisions: Iterable[Decision], office: WorkingCalendar, *, minutes_per_day: int
) -> None:
    """Add a task for each condition of each approval. The conditions of a gate that no longer exists are dropped.

    A condition takes one day, its last possible working day. This is our own choice; progress shows the real duration.
    """
    closures = sorted(t.id for t in expansion.tasks.values() if t.kind is Kind.CLOSURE)
    for decision in decisions:
        gate = expansion.tasks.get(decision.task)
        for n, condition in decision.numbered if gate else ():
            if gate is None:
                break
            task = _task(gate, decision.condition_task(n), condition, office, minutes_per_day)
            expansion.tasks[task.id] = task
            expansion.links.append(Link(gate.id, task.id, origin=Origin.DECISION))
            waiting = [condition.before] if condition.before in expansion.tasks else closures
            expansion.links.extend(Link(task.id, w, origin=Origin.DECISION) for w in waiting if w is not None)


def add_rejections(
    expansion: Expansion,
    decisions: Iterable[Decision],
    calendars: Calendars,
    progress: Mapping[TaskId, TaskProgress],
) -> None:
    """Schedule rejected gates for a new decision, and add the day of rejection to their names.

    A date set for a gate applied to the round that was held. The gate is decided again in its next start window, such
    as the board's next meeting, or otherwise from the next working day. A rejected go-live needs evidence from a period
    that has not begun, so its gate is decided when the next pay period or month (as the go-live requires) has opened,
    and the go-live misses that one. An approval is an actual and overrides all this.
    """
    latest = {d.task: d for d in decisions}
    for name, decision in latest.items():
        gate = expansion.tasks.get(name)
        if gate is None or decision.outcome.is_approval or (name in progress and progress[name].is_done):
            continue
        rejected, after = format_day(decision.on), minute_of(decision.on) + DAY
        again = minute_of(day_of(calendars.office.next_working(after)))
        why = f"it was rejected on {rejected} ({decision.reason.rstrip('.')})"
        kept = tuple(c for c in gate.constraints if c.bound not in SET_FOR_A_ROUND or c.at > after)
        opens = [*([gate.starts_on] if gate.starts_on else []), *_go_live_windows(expansion, gate)]
        if opens:
            again = max(calendars.periods.made[key].next_start(after) for key in opens)
            what = "at the next meeting" if opens == [gate.starts_on] else "when the next period has opened"
            why += f", and it can be decided again {what}, on {format_day(day_of(again))}"
        if gate.is_milestone and gate.starts_on is None:
            # A decision takes effect on the evening of its day.
            again = max(again, calendars.office.previous_working(again + DAY))
        named, dates = (
            f"{gate.name} (rejected on {rejected})",
            (*kept, Constraint(Bound.START_NO_EARLIER, again, because=why)),
        )
        expansion.tasks[name] = replace(gate, name=named, constraints=dates, because=why)


SET_FOR_A_ROUND = (Bound.MUST_START, Bound.MUST_FINISH, Bound.START_NO_LATER, Bound.FINISH_NO_LATER)
"""Dates set for a gate's first round."""


def _go_live_windows(expansion: Expansion, gate: Task) -> list[str]:
    """Return the start windows of the go-lives that a gate opens."""
    if gate.gate is not Gate.GO_LIVE:
        return []
    after = {k.successor for k in expansion.links if k.predecessor == gate.id}
    lives = (t for a in after if (t := expansion.tasks.get(a)) and t.kind is Kind.GO_LIVE)
    return sorted({t.starts_on for t in lives if t.starts_on})


def _task(gate: Task, name: str, condition: Condition, office: WorkingCalendar, minutes_per_day: int) -> Task:
    end = minute_of(condition.due) + DAY
    return Task(
        id=name,
        name=str(replace(gate.in_parts, step=f"{condition.text.rstrip('.')} (condition)")),
        service_name=gate.service_name,
        place=gate.place,
        phase=gate.phase,
        service=gate.service,
        schools=gate.schools,
        wave=gate.wave,
        duration=Duration(minutes_per_day, Unit.WORKING),
        calendar="office",
        constraints=(Constraint(Bound.START_NO_EARLIER, minute_of(day_of(office.previous_working(end) - 1))),),
        deadline=end,
        owner=condition.owner,
        is_added=True,
    )


CAN_BE_REPEATED = (Kind.PILOT, Kind.PARALLEL_RUN, Kind.TEST_PACK)


def repetition_of(task: TaskId, number: int) -> TaskId:
    """Return the id of a task's repetition; repetitions are numbered within the service, from 1."""
    return f"{task}-again-{number}"


def add_repetitions(
    expansion: Expansion, entries: Iterable[Entry], progress: Mapping[TaskId, TaskProgress], *, minutes_per_day: int
) -> None:
    """Add a task for each repetition, between the original and its successors that have not begun."""
    for entry in (e for e in entries if isinstance(e, PilotRepeated)):
        first = expansion.tasks.get(entry.task)
        if first is None:
            continue
        name = repetition_of(first.id, entry.number)
        waiting = [k.successor for k in expansion.links if k.predecessor == first.id and k.successor not in progress]
        before = [t for t in expansion.tasks if t == first.id or t.startswith(f"{first.id}-again-")]
        since = Constraint(Bound.START_NO_EARLIER, minute_of(entry.on) + DAY)
        expansion.tasks[name] = replace(
            first,
            id=name,
            name=f"{first.name}, repeated",
            duration=parse_duration(entry.duration, minutes_per_day=minutes_per_day),
            estimate=None,
            constraints=(since,),
            deadline=None,
            because=f"it is repeated ({entry.reason.rstrip('.')})",
        )
        expansion.links.append(Link(before[-1], name, origin=Origin.DECISION))
        later = (task for task in dict.fromkeys(waiting) if not task.startswith(f"{first.id}-again-"))
        expansion.links.extend(Link(name, task, origin=Origin.DECISION) for task in later)
