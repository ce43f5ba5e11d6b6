"""The plan in force as a plan of waves, and a plan of waves as the waves of programme.yaml."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.planning.wave_frame import frame_of, placed
from changeflow.programme.announcements import go_live_tasks
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.roadmap.waves.problem import Candidate, Pair, WavePlan, WaveProblem, wave_names

Refers = Callable[[str, str], bool]
"""Tells whether anything in the folder names a task of a service's wave, as `payroll/pilot/go-live` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneEffect:
    """One milestone that has a deadline: when it would be reached."""

    name: str
    forecast: date
    deadline: date
    is_assumed: bool = False
    """Whether the forecast rests on days that nobody has given."""

    @property
    def days_late(self) -> int:
        return max(0, (self.forecast - self.deadline).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEffect:
    """What the whole programme would be with a plan of waves: its deadlines, and what would break."""

    milestones: tuple[MilestoneEffect, ...] = ()
    breaks: tuple[str, ...] = ()
    """What blocks and does not now, and milestones that would be gone."""
    assumed: frozenset[Pair] = frozenset()
    """The schools and services whose go-live rests on days that nobody has given."""


def plan_in_force(programme: Programme, problem: WaveProblem) -> WavePlan:
    """Return the go-lives that the programme forecasts now, with the work around them, as a plan of waves."""
    frame, lives = frame_of(programme), go_live_tasks(programme)
    chosen: dict[Pair, Candidate] = {}
    for school, service in problem.pairs:
        if (live := lives.get((school, service))) is not None:
            day = programme.days_of(live.id)[1]
            known = (c for c in problem.candidates[school, service] if c.day == day)
            week = min(max(0, frame.week_of(day)), problem.weeks - 1)
            own = Candidate(week, day, placed(frame, school, programme.service(service), day)[0])
            chosen[school, service] = next(known, own)
    pilot = frozenset(pair for pair in chosen if programme.is_pilot(lives[pair].wave))
    return WavePlan(chosen=chosen, pilot=pilot)


@dataclass(frozen=True, slots=True)
class _Group:
    """Schools that go live with a service on one day, and the wave of the plan whose place they take."""

    service: str
    schools: tuple[str, ...]
    day: date
    is_pilot: bool
    name: str
    base: Wave | None

    @property
    def same(self) -> tuple[object, ...]:
        """What groups of several services have in common that are one wave."""
        return self.base.id if self.base else self.name, self.schools, self.day, self.is_pilot


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedWaves:
    """Waves to write, and what tasks of theirs are called then."""

    waves: tuple[Wave, ...]
    renamed: Mapping[tuple[str, str], str]
    """By service and the wave's id until now: its new one."""


def waves_of(programme: Programme, problem: WaveProblem, plan: WavePlan, refers: Refers) -> UsedWaves:
    """Write a plan down as waves. A wave keeps its id and name for the services that the folder refers to it with."""
    known = programme.definition.programme.waves
    groups: dict[tuple[object, ...], list[_Group]] = {}
    for group in _groups(programme, problem, plan):
        groups.setdefault(group.same, []).append(group)
    owners = _owners(groups.values(), refers)
    definition = programme.definition
    taken = {*(w.id for w in known), *(s.id for s in definition.schools), *(s.service for s in definition.services)}
    waves, renamed = [], {}
    every = {s.service for s in programme.services}
    for same, own in groups.items():
        first = own[0]
        if first.base is not None and owners[first.base.id] == same:
            wave_id = first.base.id
        else:
            wave_id = _free(f"{first.name.replace(' ', '-')}-{first.service}".lower(), taken)
            taken.add(wave_id)
        if first.base is not None and wave_id != first.base.id:
            renamed.update({(g.service, first.base.id): wave_id for g in own})
        services = tuple(g.service for g in own)
        waves.append(
            Wave(
                id=wave_id,
                name=first.name,
                schools=first.schools,
                pilot=first.is_pilot,
                services=() if set(services) == every else services,
                start_no_earlier=first.day,
            )
        )
    ordered = sorted(waves, key=lambda w: (not w.pilot, w.start_no_earlier or date.max, w.id))
    return UsedWaves(waves=tuple(ordered), renamed=renamed)


def with_waves(definition: Definition, waves: Sequence[Wave]) -> Definition:
    changed = definition.programme.model_copy(update={"waves": tuple(waves)})
    return definition.model_copy(update={"programme": changed})


def _groups(programme: Programme, problem: WaveProblem, plan: WavePlan) -> Iterator[_Group]:
    names = wave_names(problem, plan)
    for service in programme.services:
        known = References(programme.definition).waves_of(service)
        order = [s for w in known for s in w.schools]
        here: dict[tuple[bool, date, str], list[str]] = {}
        for (school, name), candidate in plan.chosen.items():
            if name == service.service:
                pair = school, name
                here.setdefault((pair not in plan.pilot, candidate.day, names[pair]), []).append(school)
        for (is_wave, day, name), schools in sorted(here.items()):
            base = next((w for w in known if w.name == name and w.pilot is not is_wave), None)
            in_order = tuple(sorted(schools, key=order.index))
            yield _Group(service.service, in_order, day, not is_wave, name, base)


def _owners(groups: Iterable[Sequence[_Group]], refers: Refers) -> dict[str, tuple[object, ...]]:
    """Return which groups keep a wave's id: those that most is referred to, the first of equal ones."""
    owners: dict[str, tuple[object, ...]] = {}
    most: dict[str, int] = {}
    for own in groups:
        base = own[0].base
        if base is not None:
            count = sum(refers(g.service, base.id) for g in own)
            if base.id not in owners or count > most[base.id]:
                owners[base.id], most[base.id] = own[0].same, count
    return owners


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
