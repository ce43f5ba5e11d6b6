"""What the plan asks people to do for each group: the actions, who owns them, and the material for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from changeflow.agenda.due import GivenAnswers
from changeflow.agenda.worklist import WorkFilter, WorkItem, WorkState, work_list
from changeflow.errors import InputError
from changeflow.programme.recording import task_subject
from changeflow.reports.worklist import work_state
from changeflow.storage import answers
from changeflow.usecases.evidence import EvidenceView, evidence_by_task
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Kind

AHEAD = timedelta(weeks=13)
"""How far ahead actions are shown at first."""
SHOWN = ("", "all")
"""What the page shows: the coming actions, or all actions, including those that are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLine:
    """One action of the plan."""

    task: str
    name: str
    note: str
    """What to do, and what the group gains."""
    owner: str
    """The person asked; empty if no one is."""
    state: str
    """With its day, such as `due 3 Jun 2027`."""
    is_late: bool
    is_done: bool
    material: tuple[EvidenceView, ...] = ()
    may_add: bool = False
    may_assign: bool = False
    """Whether the person may choose its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionGroup:
    """The people that one service reaches in one wave, or in the whole programme."""

    name: str
    because: str
    """Which barrier the actions are for, if the latest assessment shows one."""
    lines: tuple[ActionLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleActions:
    """The actions by group, and how many are not shown."""

    groups: tuple[ActionGroup, ...]
    more: int
    """Actions that are done, or begin later."""
    is_all: bool
    without_owner: int


def people_actions(visit: Visit, shown: str = "") -> PeopleActions:
    """Return the actions that are late or come within a quarter of a year, or all of them, by group."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    if shown not in SHOWN:
        raise InputError("Choose the coming actions, or all of them.")
    given = answers.answers(visit.session, visit.name)
    every = visit.view("people actions", lambda: _every(visit, given))
    until = visit.today + AHEAD
    chosen = [i for i in every if shown == "all" or (i.state is not WorkState.DONE and i.first <= until)]
    return PeopleActions(
        groups=tuple(_groups(visit, chosen)),
        more=len(every) - len(chosen),
        is_all=shown == "all",
        without_owner=sum(i.asked is None and i.state is not WorkState.DONE for i in every),
    )


def _every(visit: Visit, given: GivenAnswers) -> tuple[WorkItem, ...]:
    every = work_list(visit.programme, WorkFilter(states=frozenset(WorkState)), today=visit.today, answers=given)
    return tuple(item for item in every if item.task.kind is Kind.ENGAGEMENT)


def _groups(visit: Visit, items: list[WorkItem]) -> Iterator[ActionGroup]:
    programme, material = visit.programme, evidence_by_task(visit)
    waves = {w.id: n for n, w in enumerate(programme.definition.programme.waves)}
    services = {s.service: n for n, s in enumerate(programme.services)}

    def place(item: WorkItem) -> tuple[int, int, str, str]:
        service, wave = item.task.service or "", item.task.wave or ""
        return waves.get(wave, len(waves)), services.get(service, len(services)), wave, service

    for (_, _, wave, service), own in groupby(sorted(items, key=place), key=place):
        found = list(own)
        names = [next((s.name for s in programme.services if s.service == service), "")]
        names.append(next((w.name for w in programme.definition.programme.waves if w.id == wave), ""))
        yield ActionGroup(
            name=", ".join(filter(None, names)) or "The whole programme",
            because=next((i.task.because for i in found if i.task.because), ""),
            lines=tuple(
                ActionLine(
                    task=item.task.id,
                    name=item.task.name,
                    note=item.task.note or "",
                    owner=programme.person(item.asked) if item.asked else "",
                    state=work_state(item),
                    is_late=item.state is WorkState.LATE,
                    is_done=item.state is WorkState.DONE,
                    material=material.get(item.task.id, ()),
                    may_add=visit.may(Action.ADD_EVIDENCE, task_subject(item.task)),
                    may_assign=item.state is not WorkState.DONE and visit.may(Action.STORE_VERSION),
                )
                for item in found
            ),
        )
