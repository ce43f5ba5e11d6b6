"""Decisions for a signed-in person: what waits, what was decided, and the page of each."""

from dataclasses import dataclass

from changeflow.agenda.gates import gate_of, gate_subject, weigh
from changeflow.reports.decision_form import DecisionForm, build_decision_form
from changeflow.reports.decision_pages import DecisionPage, LaterDecision, build_decision_page, later_decisions
from changeflow.reports.decisions import DecisionLog, build_decisions
from changeflow.reports.go_no_go import GoNoGoPage
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases.acts import mark_of
from changeflow.usecases.go_no_go import build_page
from changeflow.usecases.own_school import own_school, permit_known, permit_whole
from changeflow.usecases.refusals import dates_if_answered, refusals
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionList:
    """The lists of decisions."""

    log: DecisionLog
    later: tuple[LaterDecision, ...]


def decisions(visit: Visit) -> DecisionList:
    """Return the decisions that are needed, those that are further away, and those that were made."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    log = _log(visit)
    return visit.view("decision-list", lambda: DecisionList(log=log, later=later_decisions(visit.programme, log)))


def decision(visit: Visit, gate: str) -> DecisionPage:
    """Return a decision's evidence, what each answer would mean today, and the answers given."""
    visit.permit(Action.READ_PROGRAMME)
    task, log = _gate(visit, gate), _log(visit)
    if visit.programme.facts.snapshot:
        visit.note_look(f"go-no-go:{task.id}")

    def make() -> DecisionPage:
        programme, today = visit.programme, visit.today
        go, no = dates_if_answered(programme, task, today)
        case = weigh(visit.stored.judged, task.id)
        return build_decision_page(programme, case, log, today=today, if_go=go, if_no=no)

    return visit.view("decision", make, task.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What a person may do about an open decision."""

    form: DecisionForm
    may_decide: bool
    may_record: bool
    """Whether they may record what another person has decided."""
    is_again: bool
    """Whether it was rejected, so that it is now decided again."""
    seen: str
    """The mark of what is recorded about it."""


def deciding(visit: Visit, gate: str) -> Deciding | None:
    """Return what the person may do about a decision; None if it has been made, or if they may do nothing."""
    task = _gate(visit, gate)
    may_decide, may_record = visit.may(Action.DECIDE_GATE, gate_subject(task)), visit.may(Action.RECORD_DECISION)
    if visit.programme.is_done(task.id) or not (may_decide or may_record):
        return None
    form = visit.view(
        "decision-form", lambda: build_decision_form(visit.programme, weigh(visit.stored.judged, task.id)), task.id
    )
    is_again = visit.programme.facts.decision(task.id) is not None
    seen = mark_of(visit.programme, (task.id,))
    return Deciding(form=form, may_decide=may_decide, may_record=may_record, is_again=is_again, seen=seen)


def permit_decide(visit: Visit, gate: str) -> None:
    """Raise unless the person may decide a gate."""
    visit.permit(Action.READ_PROGRAMME)
    visit.permit(Action.DECIDE_GATE, gate_subject(_gate(visit, gate)))


def permit_record(visit: Visit, gate: str) -> None:
    """Raise unless the person may record what another person has decided at a gate."""
    visit.permit(Action.READ_PROGRAMME)
    _gate(visit, gate)
    visit.permit(Action.RECORD_DECISION)


def go_no_go(visit: Visit, gate: str) -> GoNoGoPage:
    """Return the go/no-go page of a go-live, as the command writes it."""
    visit.permit(Action.READ_REPORT)
    task = _gate(visit, gate)
    if visit.programme.facts.snapshot:
        visit.note_look(f"go-no-go:{task.id}")
    return visit.view("go-no-go", lambda: build_page(visit.stored, task, today=visit.today), task.id)


def is_go_live(visit: Visit, gate: str) -> bool:
    return gate_of(visit.programme, gate).gate is Gate.GO_LIVE


def may_open(visit: Visit, gate: Task) -> bool:
    """Return whether the person may open a gate's page, for links.

    People who see only their own school may open only what they decide or sign, because the evidence is also about
    other schools.
    """
    services = [s for s in visit.programme.services if s.service == gate.service and s.go_no_go]
    signatories = {p for s in services if s.go_no_go for p in s.go_no_go.sign}
    is_theirs = visit.visitor.person in {gate.owner, *(signatories if gate.gate is Gate.GO_LIVE else ())}
    return is_theirs or own_school(visit) is None


def _gate(visit: Visit, gate: str) -> Task:
    """Return a gate; one that the person may not open is as unknown as one that does not exist."""
    task = gate_of(visit.programme, gate)
    if not may_open(visit, task):
        permit_known(visit, "gate", gate)
    return task


def _log(visit: Visit) -> DecisionLog:
    def build() -> DecisionLog:
        judged, today = visit.stored.judged, visit.today
        return build_decisions(judged, today=today, refused=refusals(judged.programme, today=today))

    return visit.view("decision-log", build)
