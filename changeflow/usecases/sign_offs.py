"""Signing off a go-live on a page: the evidence in short, who has signed, and one's own answer."""

from dataclasses import dataclass

from changeflow.agenda import pilot_entries
from changeflow.agenda.criteria import ChecklistItem, State, signatures, to_confirm
from changeflow.agenda.gates import weigh
from changeflow.errors import CheckFailedError
from changeflow.pilots.entries import Signature
from changeflow.pilots.marks import run_thing, sign_off_thing
from changeflow.pilots.runs import latest_by_period
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.usecases import pilot_records
from changeflow.usecases.acts import mark_of
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffLine:
    """One person's answer."""

    who: str
    state: str
    """`signed`, `refused` or `waiting`."""
    on: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistLine:
    """An item that someone confirms before the go-live."""

    item: str
    what: str
    owner: str
    confirmed: str
    """The evidence and the day; empty if it is not confirmed."""
    may_confirm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffPage:
    """What someone reads before they sign."""

    task: str
    name: str
    service: str
    verdict: str
    against: tuple[str, ...]
    """What is not met, without the reader's own missing signature."""
    met: int
    checklist: tuple[ChecklistLine, ...]
    signers: tuple[SignOffLine, ...]
    may_sign: bool
    is_decided: bool
    seen: str


def sign_off(visit: Visit, gate: str) -> SignOffPage:
    """Return the sign-off of a go-live. Those who must sign see it even if they see no other school."""
    visit.permit(Action.READ_PROGRAMME)
    programme, person = visit.programme, visit.visitor.person
    if not _is_asked(programme, gate, person):
        permit_whole(visit)
    task = pilot_entries.go_live_gate(programme, gate)
    case = visit.view("sign-off", lambda: weigh(visit.stored.judged, task.id), task.id)
    against = [c for c in case.criteria if c.state in (State.BLOCKS, State.OPEN)]
    return SignOffPage(
        task=task.id,
        name=task.name,
        service=task.service or "",
        verdict=case.sentence,
        against=tuple(c.text for c in against if c.person != person),
        met=sum(c.state is State.MET for c in case.criteria),
        checklist=tuple(_item(visit, task, asked) for asked in to_confirm(programme, task)),
        signers=tuple(_line(programme, who, given) for who, given in signatures(programme, task).items()),
        may_sign=visit.may(Action.SIGN, pilot_entries.signature_subject(programme, task.id)),
        is_decided=programme.is_done(task.id),
        seen=mark_to_sign(programme, task.id),
    )


def mark_to_sign(programme: Programme, gate: str) -> str:
    """Return the mark of what must not change while someone signs: the decision, its checklist, signatures and runs."""
    task = pilot_entries.go_live_gate(programme, gate)
    runs = latest_by_period(programme.facts.runs_of(task.service or ""))
    return mark_of(programme, (task.id, sign_off_thing(task.id), *(run_thing(r.service, r.period) for r in runs)))


def permit_sign(visit: Visit, gate: str) -> None:
    """Raise unless the person may sign a go-live."""
    visit.permit(Action.READ_PROGRAMME)
    if not _is_asked(visit.programme, gate, visit.visitor.person):
        permit_whole(visit)
    visit.permit(Action.SIGN, pilot_entries.signature_subject(visit.programme, gate))


def sign_gate(gate: str, words: str, change: Change, *, agrees: bool) -> int | None:
    """Sign a go-live that is not decided yet, or refuse to."""

    def about(programme: Programme) -> None:
        if programme.is_done(gate):
            raise CheckFailedError("The decision has already been made, so it can no longer be signed off.")

    return pilot_records.sign(gate, words, change, agrees=agrees, check=about)


def _is_asked(programme: Programme, gate: str, person: str) -> bool:
    task = programme.roadmap.tasks.get(gate)
    service = next((s for s in programme.services if task is not None and s.service == task.service), None)
    return service is not None and service.go_no_go is not None and person in service.go_no_go.sign


def _item(visit: Visit, gate: Task, asked: ChecklistItem) -> ChecklistLine:
    given = asked.confirmed
    return ChecklistLine(
        item=asked.item.id,
        what=asked.item.what,
        owner=visit.programme.person(asked.owner) if asked.owner else "",
        confirmed=f"{given.evidence} ({format_day(given.on)})" if given else "",
        may_confirm=visit.may(
            Action.CONFIRM, pilot_entries.confirmation_subject(visit.programme, gate.id, asked.item.id)
        ),
    )


def _line(programme: Programme, person: str, given: Signature | None) -> SignOffLine:
    state = "waiting" if given is None else "signed" if given.agrees else "refused"
    on, words = (format_day(given.on), given.words) if given is not None else ("", "")
    return SignOffLine(who=programme.person(person), state=state, on=on, words=words)
