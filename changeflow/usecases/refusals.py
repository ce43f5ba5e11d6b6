"""Find what follows if a decision is made today; nothing is recorded."""

from datetime import date

from changeflow.agenda.decisions import decision_log, played_through
from changeflow.planning.last_days import last_day
from changeflow.programme.dates import Dates, dates_of
from changeflow.programme.programme import Programme
from changeflow.reports.decisions import RefusalDates
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.stored import planned
from changeflow.values.words import Outcome

MOST_REFUSED = 4
"""The most decisions to try with a no, because each needs the programme to be planned again: our own choice."""


def refusals(programme: Programme, *, today: date) -> RefusalDates:
    """Return what follows if someone decides no today, for the first decisions that only wait for an answer: each date
    in a plan with that decision."""
    waiting = [d for d in decision_log(programme, today=today) if d.is_open and d.is_waiting]
    waiting.sort(key=lambda d: (last_day(programme, d.task.id).day, d.task.id))
    found = {}
    for logged in waiting[:MOST_REFUSED]:
        dates = dates_if(programme, logged.task, Outcome.REJECT, today)
        days = {t: programme.timed(t).day_at(d.finish) for t, d in dates.items() if t in programme.roadmap.tasks}
        found[logged.task.id] = days
    return found


def dates_if_answered(programme: Programme, gate: Task, today: date) -> tuple[dict[str, Dates], dict[str, Dates]]:
    """Return the plan's dates if a gate is approved today, and if it is rejected; empty if no one can answer it today.

    Until everything before it is finished, the dates would mean nothing.
    """
    if not any(d.task.id == gate.id and d.is_waiting for d in decision_log(programme, today=today)):
        return {}, {}
    return dates_if(programme, gate, Outcome.APPROVE, today), dates_if(programme, gate, Outcome.REJECT, today)


def dates_if(programme: Programme, gate: Task, outcome: Outcome, today: date) -> dict[str, Dates]:
    """Return the plan's dates if a gate is answered today; empty if it is already passed."""
    if programme.is_done(gate.id):
        return {}
    facts = played_through(programme, gate, outcome, on=today)
    return dates_of(planned(programme.definition, facts=facts, on=programme.on))
