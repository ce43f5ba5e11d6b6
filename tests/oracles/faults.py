"""Faults to plant: what an engine could get wrong without anybody noticing, each as a change of what it is given."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task
from changeflow.values.duration import Duration, Unit

DAY = 24 * 60


def _tasks(change: Callable[[Task], Task]) -> Callable[[Roadmap], Roadmap]:
    return lambda r: replace(r, tasks={t: change(task) for t, task in r.tasks.items()})


def _links(change: Callable[[Link], Link]) -> Callable[[Roadmap], Roadmap]:
    return lambda r: replace(r, links=tuple(change(link) for link in r.links))


def _of_type(old: LinkType, new: LinkType) -> Callable[[Roadmap], Roadmap]:
    return _links(lambda link: replace(link, type=new) if link.type is old else link)


def _lag(unit: Unit, change: Callable[[int], Duration]) -> Callable[[Roadmap], Roadmap]:
    return _links(lambda link: replace(link, lag=change(link.lag.amount)) if link.lag.unit is unit else link)


def _set(bound: Bound, by: int) -> Callable[[Roadmap], Roadmap]:
    def change(task: Task) -> Task:
        moved = tuple(replace(c, at=c.at + by) if c.bound is bound else c for c in task.constraints)
        return replace(task, constraints=moved)

    return _tasks(change)


def _without_rest(roadmap: Roadmap) -> Roadmap:
    return replace(roadmap, progress={t: replace(p, remaining=None) for t, p in roadmap.progress.items()})


def _other_logic(roadmap: Roadmap) -> Roadmap:
    return replace(roadmap, profile=replace(roadmap.profile, retains_logic=not roadmap.profile.retains_logic))


IN_DATES: Mapping[str, Callable[[Roadmap], Roadmap]] = {
    "FF is taken for FS": _of_type(LinkType.FF, LinkType.FS),
    "SF is taken for FF": _of_type(LinkType.SF, LinkType.FF),
    "leads are forgotten": _lag(Unit.WORKING, lambda amount: Duration(max(amount, 0))),
    "elapsed lags are counted in working time": _lag(Unit.ELAPSED, lambda amount: Duration(amount // 3)),
    "lags of pay periods are a period longer": _lag(Unit.PAY_PERIODS, lambda n: Duration(n + 1, Unit.PAY_PERIODS)),
    "school weeks are counted on the office's calendar": _tasks(lambda t: replace(t, term_calendar=None)),
    "windows are forgotten": _tasks(lambda t: replace(t, starts_on=None)),
    "a deadline is the end of the next day": _tasks(lambda t: replace(t, deadline=t.deadline and t.deadline + DAY)),
    "finish_no_earlier is the start of its day": _set(Bound.FINISH_NO_EARLIER, -DAY),
    "start_no_later is a day late": _set(Bound.START_NO_LATER, DAY),
    "must_start is a week late": _set(Bound.MUST_START, 7 * DAY),
    "what is left of begun work is forgotten": _without_rest,
    "the data date is forgotten": lambda r: replace(r, data_date=None),
    "retained logic is overridden": _other_logic,
    "as late as possible is forgotten": _tasks(lambda t: replace(t, as_late_as_possible=False)),
}


def _roadmap_of(programme: Programme, change: Callable[[Roadmap], Roadmap]) -> Programme:
    return replace(programme, roadmap=change(programme.roadmap))


def _narrow(task: Task) -> Task:
    """A range that ends where its luckier half does."""
    if task.estimate is None:
        return task
    least, likely, most = task.estimate
    return replace(task, estimate=(least, likely, (likely + most) // 2))


def _likelier(programme: Programme) -> Programme:
    risk = programme.definition.risk
    events = tuple(e.model_copy(update={"probability": min(2 * e.probability, 1.0)}) for e in risk.events)
    definition = programme.definition.model_copy(update={"risk": risk.model_copy(update={"events": events})})
    return replace(programme, definition=definition)


def _other_distribution(programme: Programme) -> Programme:
    risk = programme.definition.risk
    other = "triangular" if risk.distribution == "pert" else "pert"
    definition = programme.definition.model_copy(update={"risk": risk.model_copy(update={"distribution": other})})
    return replace(programme, definition=definition)


IN_ODDS: Mapping[str, Callable[[Programme], Programme]] = {
    "bad luck is halved": lambda p: _roadmap_of(p, _tasks(_narrow)),
    "events are twice as likely": _likelier,
    "the other distribution is drawn from": _other_distribution,
}
IN_LEVELLING: Mapping[str, Callable[[Programme], Programme]] = {
    "half of the people are enough": lambda p: _roadmap_of(
        p, _tasks(lambda t: replace(t, needs={team: max(n // 2, 1) for team, n in t.needs.items()}))
    ),
    "nobody is held through breaks": lambda p: _roadmap_of(p, _tasks(lambda t: replace(t, holds_people=False))),
    "leads are forgotten": lambda p: _roadmap_of(p, _of_type(LinkType.FS, LinkType.SS)),
}


@contextmanager
def planted(kind: str, fault: Callable[[Any], Any]) -> Iterator[None]:
    """Give the engine, the simulation or the levelling a changed programme."""
    name = {
        "dates": "changeflow.programme.programme.time_roadmap",
        "odds": "changeflow.usecases.risk.ask",
        "levelling": "changeflow.usecases.levelling.level_programme",
    }[kind]
    right = resolve_name(name)
    with patch(name, lambda asked, *more, **named: right(fault(asked), *more, **named)):
        yield
