"""Decisions in words: those needed, with evidence and last day, and those made."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.agenda.criteria import State
from changeflow.agenda.decisions import LoggedDecision, MovedMilestone, decision_log, delay_so_far
from changeflow.agenda.due import due_days
from changeflow.agenda.gates import GateCase, gate_of, gate_words, weigh
from changeflow.phrases import capitalised
from changeflow.planning.last_days import last_day
from changeflow.programme.facts import Decision
from changeflow.programme.programme import Programme
from changeflow.reports.last_days import LastDayLine, format_cost, last_day_line, refusal_text
from changeflow.reports.no_return import no_return_lines, no_return_text
from changeflow.rules.engine import Judged
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day

SOON = timedelta(days=30)
"""How far ahead decisions are listed: our own choice."""
SHOWN_NEEDED = 8
RefusalDates = Mapping[TaskId, Mapping[TaskId, date]]
MARKS = {
    State.MET: "met",
    State.WAIVED: "waived",
    State.NOTED: "check",
    State.OPEN: "outstanding",
    State.BLOCKS: "not met",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    text: str
    state: str
    """`blocks`, `open`, `noted`, `waived` or `met`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """A decision that is needed now or soon."""

    task: str
    name: str
    gate: str
    """What the decision allows, in words."""
    needed_by: str
    """The last responsible day."""
    last_day: LastDayLine
    """The last responsible day, and the cost of each later day."""
    owner: str
    waiting: bool
    """Whether everything before it is done."""
    waited: str
    """When it was asked for, and what the delay has cost so far; empty if not yet asked for."""
    refusal: str = ""
    """The dates that a rejection today would delay; empty if it cannot be answered yet, or this was not computed."""
    proposal: str
    """`approve`, `approve_with_conditions`, `reject`, or empty if the decision needs no evidence."""
    says: str
    criteria: tuple[CriterionLine, ...]
    """Reasons against come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLine:
    text: str
    owner: str
    due: str
    met: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLine:
    """A decision that was made."""

    task: str
    name: str
    gate: str
    on: str
    outcome: str
    by: str
    reason: str
    dissent: str
    waited: str
    conditions: tuple[ConditionLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLog:
    """Decisions needed and decisions made."""

    needed: tuple[DecisionLine, ...]
    made: tuple[MadeLine, ...]


def build_decisions(judged: Judged, *, today: date, refused: RefusalDates | None = None) -> DecisionLog:
    """List the decisions that wait, are due within 30 days or were rejected, and every answer given.

    `refused` has, for each decision, the dates of the plan in which it is rejected today.
    """
    programme = judged.programme
    log = decision_log(programme, today=today)
    return DecisionLog(
        needed=tuple(_needed(judged, log, today, refused or {})), made=tuple(_made(programme, log, today))
    )


def _needed(
    judged: Judged, log: Iterable[LoggedDecision], today: date, refused: RefusalDates
) -> Iterator[DecisionLine]:
    programme = judged.programme
    due = due_days(programme)
    last = {
        d.task.id: last_day(programme, d.task.id)
        for d in log
        if d.is_open and (d.is_waiting or _is_soon(programme, d, today))
    }
    found = sorted(
        (d for d in log if d.task.id in last), key=lambda d: (not d.is_waiting, last[d.task.id].day, d.task.id)
    )
    for logged in found[:SHOWN_NEEDED]:
        case = weigh(judged, logged.task.id)
        line = last_day_line(programme, logged.task.id, today=today)
        yield DecisionLine(
            task=logged.task.id,
            name=logged.task.name,
            gate=gate_words(programme, logged.task),
            needed_by=line.day,
            last_day=line,
            owner=programme.person(logged.task.owner),
            waiting=logged.is_waiting,
            waited=_waited(programme, logged, due.get(logged.task.id)),
            refusal=refusal_text(last[logged.task.id], no) if (no := refused.get(logged.task.id)) is not None else "",
            proposal=case.proposal.value if case.criteria else "",
            says=case.sentence if case.criteria else "",
            criteria=tuple(CriterionLine(text=c.text, state=c.state.value) for c in case.criteria),
        )


def _is_soon(programme: Programme, logged: LoggedDecision, today: date) -> bool:
    """Whether to list a decision that does not wait yet: its day is near, or it was rejected."""
    return bool(logged.answers) or day_of(programme.timed(logged.task.id).early_start) <= today + SOON


def _made(programme: Programme, log: Iterable[LoggedDecision], today: date) -> Iterator[MadeLine]:
    """Yield the answers, latest first; a gate rejected before has several."""
    for logged in log:
        for answer in reversed(logged.answers):
            is_last = answer is logged.answers[-1] and not logged.is_open
            days = f"{counted(logged.waited, 'day')} after it was requested"
            yield MadeLine(
                task=logged.task.id,
                name=logged.task.name,
                gate=gate_words(programme, logged.task),
                on=format_day(answer.on),
                outcome=answer.outcome.label,
                by=programme.person(answer.by),
                reason=answer.reason,
                dissent=answer.dissent,
                waited=(days if logged.waited else "on the day it was requested")
                if is_last and logged.asked_on
                else "",
                conditions=tuple(_conditions(programme, answer, today)),
            )


def _conditions(programme: Programme, answer: Decision, today: date) -> Iterator[ConditionLine]:
    for n, condition in answer.numbered:
        met = programme.is_done(answer.condition_task(n))
        yield ConditionLine(
            text=condition.text,
            owner=programme.person(condition.owner),
            due=format_day(condition.due),
            met=met,
            late=not met and condition.due < today,
        )


def _waited(programme: Programme, logged: LoggedDecision, due_on: date | None) -> str:
    if not logged.is_waiting or logged.asked_on is None:
        return ""
    days = counted(logged.waited, "day")
    message = f"Requested on {format_day(logged.asked_on)}, {days} ago." if logged.waited else "Requested today."
    if logged.late and due_on is not None:
        message += f" Planned for {format_day(due_on)}."
        if moved := next(delay_so_far(programme, logged), None):
            message += f" So far, this has delayed {_move(moved)}."
    return message


def _move(moved: MovedMilestone) -> str:
    days = counted(moved.days, "day")
    before, after = format_day(moved.first_day), format_day(moved.last_day)
    return f"“{moved.milestone.name}” by {days}, from {before} to {after}"


def case_text(programme: Programme, case: GateCase) -> Iterator[str]:
    """Yield one gate's evidence, last day and points of no return, for the terminal."""
    gate = gate_of(programme, case.task)
    yield f"{gate.name} ({gate_words(programme, gate)})"
    answer = programme.facts.decision(gate.id)
    if answer is not None:
        who, day = programme.the_person(answer.by), format_day(answer.on)
        yield f"Decided: {answer.outcome.label} on {day} by {who}. {answer.reason}"
    if answer is None or not answer.outcome.is_approval:
        yield case.sentence
    if not programme.is_done(gate.id):
        found = last_day(programme, gate.id)
        yield f"Needed by {format_day(found.day, weekday=True)}. {format_cost(found)}"
    if gate.wave is not None and (points := no_return_lines(programme, service=gate.service, wave=gate.wave)):
        yield "Points of no return: after each of these dates, going back is harder or impossible"
        yield from no_return_text(points)
    for criterion in case.criteria:
        yield f"  {MARKS[criterion.state] + ':':<13}{criterion.text}"


def decisions_text(lines: DecisionLog) -> Iterator[str]:
    """Yield the decision log for the terminal."""
    yield f"Decisions needed: {len(lines.needed) or 'none in the next 30 days'}"
    for d in lines.needed:
        yield f"  {d.name} ({d.task}, {d.gate})"
        needed = f"Needed by {d.needed_by}{' (today)' if d.last_day.today else ''}. Owner: {d.owner}."
        yield "    " + " ".join(filter(None, (needed, d.waited)))
        yield "    " + " ".join(filter(None, (d.last_day.cost, d.refusal)))
        if d.says:
            yield f"    {d.says}"
    yield f"Decisions made: {len(lines.made) or 'none yet'}"
    for m in lines.made:
        waited = f", {m.waited}" if m.waited else ""
        yield f"  {m.on}  {m.name}"
        yield f"    {capitalised(m.outcome)} ({m.by}{waited}). Reason: {m.reason}"
        if m.dissent:
            yield f"    Dissent: {m.dissent}"
        for c in m.conditions:
            state = "met" if c.met else "overdue" if c.late else "not met yet"
            yield f"    Condition ({state}): {c.text} ({c.owner}, by {c.due})"
