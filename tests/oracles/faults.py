"""Faults to plant: what an engine could get wrong without anybody noticing, each as a change of what it is given."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Bound, Link, LinkType, Roadmap, Task
from changeflow.roadmap.waves import solve
from changeflow.roadmap.waves.problem import SchoolPlan, ServicePlan, WaveProblem
from changeflow.roadmap.waves.rows import WaveRows
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


Makes = Callable[[Programme], WaveProblem]


def _without_blackouts(make: Makes, programme: Programme) -> WaveProblem:
    calendars = tuple(c.model_copy(update={"blackouts": ()}) for c in programme.definition.calendars)
    return make(replace(programme, definition=programme.definition.model_copy(update={"calendars": calendars})))


def _problem(**changes: Any) -> Callable[[Makes, Programme], WaveProblem]:
    return lambda make, programme: replace(make(programme), **changes)


def _services(change: Callable[[ServicePlan], dict[str, Any]]) -> Callable[[Makes, Programme], WaveProblem]:
    def changed(make: Makes, programme: Programme) -> WaveProblem:
        found = make(programme)
        return replace(found, services={k: replace(s, **change(s)) for k, s in found.services.items()})

    return changed


def _schools(change: Callable[[SchoolPlan], dict[str, Any]]) -> Callable[[Makes, Programme], WaveProblem]:
    def changed(make: Makes, programme: Programme) -> WaveProblem:
        found = make(programme)
        return replace(found, schools={k: replace(s, **change(s)) for k, s in found.schools.items()})

    return changed


def _capacity(make: Makes, programme: Programme) -> WaveProblem:
    found = make(programme)
    return replace(found, capacity={t: tuple(n + 1 for n in weeks) for t, weeks in found.capacity.items()})


def _rounded(make: Makes, programme: Programme) -> WaveProblem:
    found = make(programme)
    weights = {name: float(round(getattr(found.weights, name))) for name in type(found.weights).model_fields}
    return replace(found, weights=found.weights.model_copy(update=weights))


IN_WAVES: Mapping[str, Callable[[Makes, Programme], WaveProblem]] = {
    "blackouts are dropped": _without_blackouts,
    "a team has a tenth of a day more": _capacity,
    "small weights are rounded to nothing": _rounded,
    "set days are ignored": _problem(fixed={}),
    "schools that keep apart are ignored": _problem(apart=()),
    "announced days are ignored": _problem(announced={}),
    "groups are ignored": _problem(groups={}),
    "a wave has one school more": _services(lambda s: {"wave_size": s.wave_size + 1}),
    "waves follow a week sooner": _services(lambda s: {"weeks_between": s.weeks_between - 1}),
    "a pilot is judged a week sooner": _services(lambda s: {"evaluation_weeks": s.evaluation_weeks - 1}),
    "a pilot may be late": _services(lambda s: {"pilot_by": 99}),
    "services follow one another a week sooner": _services(lambda s: {"after": {k: n - 1 for k, n in s.after.items()}}),
    "a school bears one change more": _schools(lambda s: {"at_once": s.at_once + 1}),
    "nobody is reluctant": _schools(lambda s: {"reluctant": False}),
    "all schools are as hard": _schools(lambda s: {"risk": 2}),
}


def _same_service_only(out: WaveRows) -> None:
    for one, other in out.problem.apart:
        for service, plan in out.problem.services.items():
            for week in plan.weeks:
                columns = (out.column.get(((school, service), week)) for school in (one, other))
                out.at_most([(v, 1) for v in columns if v is not None], 1)


def _claims(**changes: Any) -> Callable[..., Any]:
    right = solve.solve_plan

    def claimed(*asked: Any, **named: Any) -> Any:
        found = right(*asked, **named)
        return replace(found, **changes) if found.plan is not None else found

    return claimed


def _bound_too_high(*asked: Any, right: Callable[..., Any] = solve.solve_plan, **named: Any) -> Any:
    found = right(*asked, **named)
    return replace(found, is_proved=False, bound=found.bound + abs(found.bound) / 50 + 1)


IN_WAVE_SEARCH: Mapping[str, Mapping[str, Any]] = {
    "schools keep apart within a service only": {
        "changeflow.roadmap.waves.rows._apart": _same_service_only,
        "changeflow.usecases.waves.check_plan": lambda *_: (),
    },
    "every plan is called the best": {"changeflow.roadmap.waves.solve.solve_plan": _claims(is_proved=True)},
    "bounds are too high": {"changeflow.roadmap.waves.solve.solve_plan": _bound_too_high},
    "hubs are never looked at": {
        "changeflow.roadmap.waves.rows._hubs": lambda _: None,
        "changeflow.usecases.waves.check_plan": lambda *_: (),
    },
    "the last date weighs nothing": {"changeflow.roadmap.waves.rows._last": lambda *_: None},
}


@contextmanager
def patched(fault: Mapping[str, Any]) -> Iterator[None]:
    """Put other functions into the search for waves."""
    with ExitStack() as stack:
        for name, other in fault.items():
            stack.enter_context(patch(name, other))
        yield


@contextmanager
def planted_in_waves(fault: Callable[[Makes, Programme], WaveProblem]) -> Iterator[None]:
    """Give the search for waves a changed problem: its own checker then knows no better."""
    name = "changeflow.usecases.waves.wave_problem"
    right = resolve_name(name)
    with patch(name, lambda programme: fault(right, programme)):
        yield


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
