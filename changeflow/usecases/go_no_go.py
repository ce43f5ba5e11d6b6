"""The page for a go/no-go decision."""

from datetime import date, datetime

from changeflow.agenda.gates import gate_of, weigh
from changeflow.errors import UnknownThingError
from changeflow.reports.go_no_go import GoNoGoPage, build_go_no_go
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.authority import note_look
from changeflow.usecases.refusals import dates_if_answered
from changeflow.usecases.stored import Stored, stored_on
from changeflow.values.words import Action, Gate


def go_no_go_of(
    gate: str, *, db: str, programme: str | None, today: date, actor: str | None = None, now: datetime | None = None
) -> GoNoGoPage:
    """Build a gate's go/no-go page, with the dates if it is approved or rejected today. Neither is saved.

    If a name is given, or figures about people are published, the audit records the reading, at `now`.
    """
    stored = stored_on(programme, db=db, on=today)
    found, task = stored.programme, gate_of(stored.programme, gate)
    if now is not None and (actor is not None or found.facts.snapshot):
        definition, names = stored.version.definition, stored.programme.names
        note_look(definition, actor, Action.READ_REPORT, f"go-no-go:{gate}", db=db, now=now, names=names)
    return build_page(stored, task, today=today)


def build_page(stored: Stored, gate: Task, *, today: date) -> GoNoGoPage:
    """Build the go/no-go page of a go-live gate of a loaded programme."""
    found = stored.programme
    if gate.gate is not Gate.GO_LIVE:
        raise UnknownThingError("go-live gate", gate.id, [t.id for t in found.tasks() if t.gate is Gate.GO_LIVE])
    case = weigh(stored.judged, gate.id)
    go, no = dates_if_answered(found, gate, today)
    return build_go_no_go(found, case, today=today, if_go=go, if_no=no, version=stored.version.number)
