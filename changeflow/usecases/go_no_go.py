"""The page for a go or no-go: the case as it stands, and what either answer would mean."""

from datetime import date, datetime

from changeflow.agenda.decisions import played_through
from changeflow.agenda.gates import gate_of, weigh
from changeflow.errors import UnknownThingError
from changeflow.programme.dates import Dates, dates_of
from changeflow.programme.programme import Programme
from changeflow.reports.go_no_go import GoNoGoPage, build_go_no_go
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.authority import note_look
from changeflow.usecases.stored import judged, stored_on
from changeflow.values.words import Action, Gate, Outcome


def go_no_go_of(
    gate: str, *, db: str, programme: str | None, today: date, actor: str | None = None, now: datetime | None = None
) -> GoNoGoPage:
    """Build the page of a gate before a go-live; a go and a no of today are played through, and nothing is kept.

    Where a name is given, or it has been published where people are, the audit notes that it was read (`now` is when).
    """
    stored = stored_on(programme, db=db, on=today)
    gate_of(stored.programme, gate)
    if now is not None and (actor is not None or stored.programme.facts.snapshot):
        note_look(stored.version.definition, actor, Action.READ_REPORT, f"go-no-go:{gate}", db=db, now=now)
    found = stored.programme
    task = gate_of(found, gate)
    if task.gate is not Gate.GO_LIVE:
        raise UnknownThingError("gate before a go-live", gate, [t.id for t in found.tasks() if t.gate is Gate.GO_LIVE])
    case = weigh(stored.judged, task.id)
    go, no = (_if_answered(found, task, outcome, today) for outcome in (Outcome.APPROVE, Outcome.REJECT))
    return build_go_no_go(found, case, today=today, if_go=go, if_no=no, version=stored.version.number)


def _if_answered(programme: Programme, gate: Task, outcome: Outcome, today: date) -> dict[str, Dates]:
    """Return the dates of the plan in which a gate is answered today; none where it has been passed."""
    if programme.is_done(gate.id):
        return {}
    facts = played_through(programme, gate, outcome, on=today)
    return dates_of(judged(programme.definition, facts=facts, on=programme.on).programme)
