"""The current plan as a plan of waves, and a plan of waves as the waves of programme.yaml."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from changeflow.planning.wave_frame import AFTERWARDS, frame_of, placed
from changeflow.programme.announcements import go_live_tasks
from changeflow.programme.assembly.instances import former, instances_of
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.roadmap.model.pathways import StepFields
from changeflow.roadmap.waves.problem import Candidate, Pair, WavePlan, WaveProblem, wave_names

Refers = Callable[[str, str], bool]
"""Tells whether the folder refers to a task of a service's wave, such as `payroll/pilot/go-live`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneEffect:
    """One milestone with a deadline, and when it would be reached."""

    name: str
    forecast: date
    deadline: date
    is_assumed: bool = False
    """Whether the forecast depends on assumed days."""

    @property
    def days_late(self) -> int:
        return max(0, (self.forecast - self.deadline).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterWave:
    """A wave that goes live later than proposed, because the tasks before it take longer than its activities."""

    service: str
    name: str
    proposed: date
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEffect:
    """The whole programme with a plan of waves: its deadlines, and what would break."""

    milestones: tuple[MilestoneEffect, ...] = ()
    breaks: tuple[str, ...] = ()
    """New blocking findings, and milestones that would disappear; for the plan in force, the limits that it exceeds."""
    later: tuple[LaterWave, ...] = ()
    assumed: frozenset[Pair] = frozenset()
    """The schools and services whose go-live depends on assumed days."""
    planned: WavePlan | None = None
    """The go-lives of the whole programme, later than proposed if earlier tasks take longer."""


def plan_in_force(programme: Programme, problem: WaveProblem) -> WavePlan:
    """Return the programme's forecast go-lives, with the work around them, as a plan of waves."""
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


def rollouts_in_force(programme: Programme) -> dict[Pair, tuple[date, date]]:
    """Return, for each go-live of `plan_in_force`, the Mondays of the first and last week of the work around it.

    This is many times faster than building the whole problem, because it places no work for other dates.
    """
    frame, lives = frame_of(programme), go_live_tasks(programme)
    weeks = frame.week_of(frame.latest) + 1 + AFTERWARDS
    found: dict[Pair, tuple[date, date]] = {}
    for service in programme.services:
        for school in sorted(programme.schools_of(service.service)):
            if (live := lives.get((school, service.service))) is not None:
                day = programme.days_of(live.id)[1]
                week = min(max(0, frame.week_of(day)), weeks - 1)
                own = Candidate(week, day, placed(frame, school, service, day)[0])
                found[school, service.service] = frame.monday(own.first), frame.monday(own.last)
    return found


@dataclass(frozen=True, slots=True)
class _Group:
    """Schools that go live with a service on one day, and the old wave of most of them."""

    service: str
    schools: tuple[str, ...]
    day: date
    is_pilot: bool
    name: str
    base: Wave | None

    @property
    def same(self) -> tuple[object, ...]:
        """The common key of several services' groups that form one wave."""
        return self.base.id if self.base else "", self.name, self.schools, self.day, self.is_pilot


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedWaves:
    """Waves to write, and the new names of their tasks."""

    waves: tuple[Wave, ...]
    renamed: Mapping[tuple[str, str], str]
    """New wave ids, by service and old id."""
    was: Mapping[str, Mapping[str, tuple[str, ...]]]
    """A task's former ids, by service and new id within it, so that its history continues."""
    gone: Mapping[str, tuple[str, ...]]
    """By service, the entries in its file that only hold former ids of tasks in removed waves."""


def waves_of(programme: Programme, problem: WaveProblem, plan: WavePlan, refers: Refers) -> UsedWaves:
    """Turn a plan into waves with the names that the problem gives them: see `waves_named`."""
    return waves_named(programme, plan, wave_names(problem, plan), refers)


def waves_named(programme: Programme, plan: WavePlan, names: Mapping[Pair, str], refers: Refers) -> UsedWaves:
    """Turn a plan into waves. A wave's history goes to the new wave that has most of its schools.

    A wave keeps its id for services whose tasks the folder refers to; for the others, tasks record their former ids.
    """
    known = programme.definition.programme.waves
    groups: dict[tuple[object, ...], list[_Group]] = {}
    for group in _groups(programme, plan, names):
        groups.setdefault(group.same, []).append(group)
    owners = _owners(groups.values(), refers)
    definition = programme.definition
    taken = {*(w.id for w in known), *(s.id for s in definition.schools), *(s.service for s in definition.services)}
    taken |= {old.partition("/")[0] for s in definition.services for t in s.tasks.values() for old in t.was or ()}
    waves, renamed = [], {}
    every = {s.service for s in programme.services}
    for same, own in groups.items():
        first, services = own[0], tuple(g.service for g in own)
        if first.base is not None and owners[first.base.id] == same:
            wave_id = first.base.id
        else:
            wave_id = _free("-".join((*first.name.split(), *services)).lower(), taken)
            taken.add(wave_id)
        if first.base is not None and wave_id != first.base.id:
            renamed.update({(g.service, first.base.id): wave_id for g in own})
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
    left = {(service, w.id) for w in waves for service in w.services or every} | renamed.keys()
    gone = {s.service: keys for s in definition.services if (keys := tuple(_gone(programme, s, left)))}
    return UsedWaves(waves=tuple(ordered), renamed=renamed, was=former_ids(definition, renamed), gone=gone)


def _gone(programme: Programme, service: ServiceFile, left: Collection[tuple[str, str]]) -> Iterator[str]:
    known = {w.id for w in programme.definition.programme.waves}
    for key, fields in service.tasks.items():
        wave, slash, _ = key.partition("/")
        if slash and wave in known and (service.service, wave) not in left and fields.model_fields_set == {"was"}:
            yield key


def with_waves(definition: Definition, used: UsedWaves) -> Definition:
    """Return a definition with new waves; tasks of renamed waves keep their changes and history."""
    text = definition.canonical()
    if (renamed := renamed_text(text, used.renamed)) != text:
        definition = Definition.model_validate_json(renamed)
    changed = definition.programme.model_copy(update={"waves": used.waves})
    services = tuple(
        s.model_copy(update={"tasks": _tasks(s, used), "action_owners": _action_owners(s, used)})
        for s in definition.services
    )
    return definition.model_copy(update={"programme": changed, "services": services})


def renamed_text(text: str, renamed: Mapping[tuple[str, str], str]) -> str:
    """Replace the ids of tasks in renamed waves wherever they occur in a string."""
    for (service, old), new in renamed.items():
        text = re.sub(rf"(?<![\w/-]){re.escape(service)}/{re.escape(old)}/", f"{service}/{new}/", text)
    return text


def _tasks(service: ServiceFile, used: UsedWaves) -> dict[str, StepFields]:
    said = {key: fields for key, fields in service.tasks.items() if key not in used.gone.get(service.service, ())}
    tasks = {renamed_key(service.service, key, used.renamed): fields for key, fields in said.items()}
    for key, olds in used.was.get(service.service, {}).items():
        tasks[key] = tasks.get(key, StepFields()).model_copy(update={"was": olds})
    return tasks


def _action_owners(service: ServiceFile, used: UsedWaves) -> dict[str, str]:
    return {renamed_key(service.service, key, used.renamed): owner for key, owner in service.action_owners.items()}


def renamed_key(service: str, key: str, renamed: Mapping[tuple[str, str], str]) -> str:
    """Return the key of a task's change in a service's file, with the wave's new id."""
    wave, slash, step = key.partition("/")
    return f"{renamed.get((service, wave), wave)}{slash}{step}"


def former_ids(definition: Definition, renamed: Mapping[tuple[str, str], str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the former ids of tasks in renamed waves, including earlier ones, by service and new id within it.

    `renamed` has the new wave ids, by service and old id.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for instance in instances_of(definition, References(definition)).by_id.values():
        service, _, key = instance.id.partition("/")
        if (new := renamed_key(service, key, renamed)) != key:
            olds = (*(old.removeprefix(f"{service}/") for old in former(instance)), key)
            found.setdefault(service, {})[new] = olds
    return found


def _groups(programme: Programme, plan: WavePlan, names: Mapping[Pair, str]) -> Iterator[_Group]:
    for service in programme.services:
        known = References(programme.definition).waves_of(service)
        order = [s for w in known for s in w.schools]
        here: dict[tuple[bool, date, str], list[str]] = {}
        for (school, name), candidate in plan.chosen.items():
            if name == service.service:
                pair = school, name
                here.setdefault((pair not in plan.pilot, candidate.day, names[pair]), []).append(school)
        groups = [
            _Group(service.service, tuple(sorted(schools, key=order.index)), day, not is_wave, name, None)
            for (is_wave, day, name), schools in sorted(here.items())
        ]
        bases = _bases(groups, known, {w.id for w in known if _has_begun(programme, service.service, w)})
        yield from (replace(group, base=bases.get(n)) for n, group in enumerate(groups))


def _has_begun(programme: Programme, service: str, wave: Wave) -> bool:
    facts, own = programme.facts, f"{service}/{wave.id}/"
    named = (*facts.progress, *(d.task for d in facts.decisions))
    return any(task.startswith(own) for task in named)


def _bases(groups: Sequence[_Group], known: Sequence[Wave], begun: Collection[str]) -> dict[int, Wave]:
    """Return the wave that each group continues: the one with most schools in common, then the one with its name.

    Each remaining wave that has not begun continues as one of the remaining groups, to keep changes to its tasks.
    """
    shared = sorted(
        (-len({*group.schools} & {*wave.schools}), group.name != wave.name, w, n)
        for n, group in enumerate(groups)
        for w, wave in enumerate(known)
        if group.is_pilot == wave.pilot and not {*group.schools}.isdisjoint(wave.schools)
    )
    found: dict[int, Wave] = {}
    for *_, w, n in shared:
        if n not in found and known[w] not in found.values():
            found[n] = known[w]
    for n, group in enumerate(groups):
        left = [w for w in known if w not in found.values() and w.pilot == group.is_pilot and w.id not in begun]
        if n not in found and left:
            found[n] = next((w for w in left if w.name == group.name), left[0])
    return found


def _owners(groups: Iterable[Sequence[_Group]], refers: Refers) -> dict[str, tuple[object, ...]]:
    """Return which groups keep a wave's id: the most referenced one, or else the first."""
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
